/** Documents, layers and their history in the fake Photoshop. Samples are kept in 0..1 as stored. */
import { HostError } from "./photoshop.js";

const BITS = { 8: "bitDepth8", 16: "bitDepth16", 32: "bitDepth32" };

/** Layers reach this far beyond the canvas. */
export const MARGIN = 16;

/** The value that a document of so many bits can hold, nearest to this one. */
export function stored(value, bits) {
  if (bits === 32) return Math.fround(value);
  const steps = bits === 8 ? 255 : 32768;
  return Math.floor(Math.min(1, Math.max(0, value)) * steps + 0.5) / steps;
}

export class FakeDocument {
  constructor(host, { width, height, bits, mode, resolution }) {
    Object.assign(this, { host, width, height, bits, mode, resolution });
    this.id = host.nextId++;
    this.name = this.title = `Untitled-${this.id}`;
    this.bitsPerChannel = BITS[bits];
    this.layers = [];
    this.activeLayers = [];
    this.selected = null; // weights over the canvas
    this.selectionBounds = undefined; // to claim other bounds than the weights'
    this.history = ["Open"];
    this.suspension = null;
    const document = this;
    this.selection = {
      get bounds() {
        return document.selectionBounds !== undefined ? document.selectionBounds : document.boundsOfSelection();
      },
    };
  }

  /** Selects by a weight in 0..1 for each pixel of the canvas. */
  select(weight) {
    this.selected = new Float64Array(this.width * this.height);
    for (let y = 0; y < this.height; y++)
      for (let x = 0; x < this.width; x++) this.selected[y * this.width + x] = stored(weight(x, y), this.bits);
  }

  /** How much a pixel is selected, 0 to 1. */
  selectedAt(x, y) {
    return this.selected ? this.selected[y * this.width + x] : 0;
  }

  boundsOfSelection() {
    return this.selected && boundsOf(this.width, this.height, (i) => this.selected[i] > 0);
  }

  allLayers(layers = this.layers) {
    return layers.flatMap((layer) => [layer, ...(layer.layers ? this.allLayers(layer.layers) : [])]);
  }

  changed(name) {
    if (!this.suspension) this.history.push(name);
  }

  async createPixelLayer({ name = "Layer" } = {}) {
    this.host.requireModal("createPixelLayer");
    const layer = new FakeLayer(this, { name });
    const [active] = this.activeLayers;
    const siblings = active?.siblings() ?? this.layers;
    siblings.splice(active ? siblings.indexOf(active) : 0, 0, layer);
    layer.parent = active?.parent ?? null;
    this.activeLayers = [layer];
    this.changed("New Layer");
    return layer;
  }

  async createLayerGroup({ name, fromLayers }) {
    this.host.requireModal("createLayerGroup");
    const group = new FakeLayer(this, { name, kind: "group" });
    group.layers = [];
    const siblings = fromLayers[0].siblings();
    siblings.splice(siblings.indexOf(fromLayers[0]), 0, group);
    for (const layer of fromLayers) {
      siblings.splice(siblings.indexOf(layer), 1);
      layer.parent = group;
      group.layers.push(layer);
    }
    this.activeLayers = [group];
    this.changed("Group Layers");
    return group;
  }

  snapshot() {
    const copies = this.allLayers().map((layer) => ({
      layer,
      samples: layer.samples.slice(),
      mask: layer.mask?.slice() ?? null,
      layers: layer.layers?.slice(),
    }));
    return { order: this.layers.slice(), active: this.activeLayers, selected: this.selected?.slice() ?? null, copies };
  }

  resume(commit) {
    const { name, before } = this.suspension;
    this.suspension = null;
    if (commit) {
      this.history.push(name);
      return;
    }
    this.layers = before.order;
    this.activeLayers = before.active;
    this.selected = before.selected;
    for (const { layer, samples, mask, layers } of before.copies) Object.assign(layer, { samples, mask, layers });
  }

  /** What is seen at a pixel: all visible layers over each other, normal blending. RGBA in 0..1. */
  seen(x, y) {
    const over = (layers, below) => {
      let seen = below;
      for (const layer of [...layers].reverse()) {
        if (!layer.visible) continue;
        if (layer.layers) {
          seen = over(layer.layers, seen);
          continue;
        }
        const [r, g, b, alpha] = layer.at(x, y);
        const a = alpha * (layer.mask ? layer.mask[y * this.width + x] : 1);
        const out = a + seen[3] * (1 - a);
        seen = [r, g, b].map((c, i) => (out ? (c * a + seen[i] * seen[3] * (1 - a)) / out : 0)).concat(out);
      }
      return seen;
    };
    return over(this.layers, [0, 0, 0, 0]);
  }
}

export class FakeLayer {
  constructor(document, { name, background = false, kind = "pixel" }) {
    Object.assign(this, { document, name, background, kind });
    this.id = document.host.nextId++;
    this.visible = true;
    this.locked = this.allLocked = background;
    this.transparentPixelsLocked = false;
    this.mask = null; // over the canvas
    this.maskBeyond = null; // its value beyond the canvas
    this.parent = null;
    this.stride = document.width + 2 * MARGIN;
    this.samples = new Float64Array(this.stride * (document.height + 2 * MARGIN) * 4);
  }

  get isBackgroundLayer() {
    return this.background;
  }

  siblings() {
    return this.parent ? this.parent.layers : this.document.layers;
  }

  index(x, y) {
    return ((y + MARGIN) * this.stride + x + MARGIN) * 4;
  }

  at(x, y) {
    const i = this.index(x, y);
    return Array.from(this.samples.subarray(i, i + 4));
  }

  put(x, y, rgba) {
    const { bits } = this.document;
    this.samples.set(
      rgba.map((value) => stored(value, bits)),
      this.index(x, y),
    );
  }

  /** Paints the canvas and what lies beyond it. */
  paint(colour) {
    const { width, height } = this.document;
    const beyond = this.background ? 0 : MARGIN;
    for (let y = -beyond; y < height + beyond; y++)
      for (let x = -beyond; x < width + beyond; x++) this.put(x, y, colour(x, y));
  }

  get boundsNoEffects() {
    const { width, height } = this.document;
    if (this.background) return { left: 0, top: 0, right: width, bottom: height };
    const bounds = boundsOf(this.stride, height + 2 * MARGIN, (i) => this.samples[4 * i + 3] > 0);
    if (!bounds) return { left: 0, top: 0, right: 0, bottom: 0 };
    return {
      left: bounds.left - MARGIN,
      top: bounds.top - MARGIN,
      right: bounds.right - MARGIN,
      bottom: bounds.bottom - MARGIN,
    };
  }

  move(other, placement) {
    this.document.host.requireModal("move");
    if (this.background) throw new HostError("a Background cannot be moved");
    const old = this.siblings();
    old.splice(old.indexOf(this), 1);
    const siblings = other.siblings();
    siblings.splice(siblings.indexOf(other) + (placement === "placeAfter" ? 1 : 0), 0, this);
    this.parent = other.parent;
    this.document.changed("Move");
  }
}

function boundsOf(width, height, matches) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let i = 0; i < width * height; i++) {
    if (!matches(i)) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  return right < 0 ? null : { left, top, right: right + 1, bottom: bottom + 1 };
}
