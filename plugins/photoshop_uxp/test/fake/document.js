/**
 * Documents in the fake Photoshop. Whatever makes, groups or moves layers plays in the ACTIVE document,
 * whichever document it was called on (ps-reference/media/batchplay: "if omitted, the command operates on
 * a default element ... the one that is active in the UI").
 */
import { HostError } from "./error.js";
import { boundsOf, FakeLayer } from "./layer.js";
import { stored } from "./modes.js";

const BITS = { 8: "bitDepth8", 16: "bitDepth16", 32: "bitDepth32" };

export class FakeDocument {
  constructor(host, { width, height, bits, mode, resolution }) {
    Object.assign(this, { host, width, height, bits, mode, resolution });
    this.id = host.nextId++;
    this.name = this.title = `Untitled-${this.id}`;
    this.typename = "Document";
    this.layers = [];
    this.activeLayers = [];
    this.selected = null; // weights over the canvas
    this.selectionBounds = undefined; // to claim other bounds than the weights'
    this.history = ["Open"];
    this.suspension = null;
    this.channels = []; // alpha channels: name and weights
    const document = this;
    this.selection = {
      get bounds() {
        return document.selectionBounds !== undefined ? document.selectionBounds : document.boundsOfSelection();
      },
      async save(name) {
        host.requireModal("selection.save");
        if (!document.selected) throw new HostError("The command Duplicate is not currently available.");
        document.channels.push({ name, weights: document.selected.slice() });
        document.changed("Save Selection");
      },
      async deselect() {
        host.requireModal("selection.deselect");
        document.selected = null;
        document.selectionBounds = undefined;
        document.changed("Deselect");
      },
    };
  }

  get bitsPerChannel() {
    return BITS[this.bits];
  }

  set bitsPerChannel(name) {
    this.bits = Number(Object.keys(BITS).find((bits) => BITS[bits] === name));
  }

  /** Select by a weight in 0..1 for each pixel of the canvas. */
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

  layer(id) {
    return this.allLayers().find((layer) => layer.id === id);
  }

  siblings(layer) {
    return layer.parent ? layer.parent.layers : this.layers;
  }

  changed(name) {
    if (!this.suspension) this.history.push(name);
  }

  async createPixelLayer(options = {}) {
    this.host.requireModal("createPixelLayer");
    return this.host.active.addLayer(options);
  }

  addLayer({ name = "Layer", kind } = {}) {
    const layer = new FakeLayer(this, { name, kind });
    const [active] = this.activeLayers;
    const siblings = active ? this.siblings(active) : this.layers;
    siblings.splice(active ? siblings.indexOf(active) : 0, 0, layer);
    layer.parent = active?.parent ?? null;
    this.activeLayers = [layer];
    this.changed("New Layer");
    return layer;
  }

  async createLayerGroup({ name, fromLayers = [] } = {}) {
    this.host.requireModal("createLayerGroup");
    const document = this.host.active;
    const members = fromLayers.map(({ id }) => document.layer(id));
    if (members.includes(undefined)) throw new HostError("The command Make is not currently available.");
    const group = new FakeLayer(document, { name, kind: "group" });
    group.layers = [];
    const [first] = members;
    const siblings = first ? document.siblings(first) : document.layers;
    siblings.splice(first ? siblings.indexOf(first) : 0, 0, group);
    group.parent = first?.parent ?? null;
    for (const layer of members) {
      siblings.splice(siblings.indexOf(layer), 1);
      layer.parent = group;
      group.layers.push(layer);
    }
    document.activeLayers = [group];
    document.changed("Group Layers");
    return group;
  }

  moveLayer(id, otherID, placement) {
    this.host.requireModal("move");
    const document = this.host.active;
    const [layer, other] = [document.layer(id), document.layer(otherID)];
    if (!layer || !other) throw new HostError("The command Move is not currently available.");
    if (layer.background) throw new HostError("a Background cannot be moved");
    const old = document.siblings(layer);
    old.splice(old.indexOf(layer), 1);
    const siblings = document.siblings(other);
    siblings.splice(siblings.indexOf(other) + (placement === "placeAfter" ? 1 : 0), 0, layer);
    layer.parent = other.parent;
    document.changed("Move");
  }

  deleteLayer(id) {
    this.host.requireModal("delete");
    this.drop(id);
  }

  /** As when the user deletes a layer. */
  drop(id) {
    const layer = this.layer(id);
    const siblings = this.siblings(layer);
    siblings.splice(siblings.indexOf(layer), 1);
    this.activeLayers = this.activeLayers.filter((one) => one.id !== id);
    for (const one of [...(layer.layers ? this.allLayers(layer.layers) : []), layer]) one.stale = true;
    this.changed("Delete Layer");
  }

  closeWithoutSaving() {
    this.host.requireModal("close");
    this.host.close(this);
  }

  snapshot() {
    const copies = this.allLayers().map((layer) => ({
      layer,
      samples: layer.samples.slice(),
      mask: layer.mask?.slice() ?? null,
      maskBeyond: layer.maskBeyond,
      layers: layer.layers?.slice(),
      parent: layer.parent,
      visible: layer.visible,
      generator: { ...layer.generator },
    }));
    return { order: this.layers.slice(), active: this.activeLayers, selected: this.selected?.slice() ?? null, channels: this.channels.slice(), copies };
  }

  resume(commit) {
    const { name, before } = this.suspension;
    this.suspension = null;
    if (commit) {
      this.history.push(name);
      return;
    }
    const present = this.allLayers();
    this.layers = before.order;
    this.activeLayers = before.active;
    this.selected = before.selected;
    this.channels = before.channels;
    for (const { layer, ...state } of before.copies) Object.assign(layer, { stale: false, ...state });
    for (const layer of present) if (!before.copies.some((copy) => copy.layer.id === layer.id)) layer.stale = true;
  }

  /** What is seen at a pixel: all visible layers over each other, normal blending. RGBA in 0..1. */
  seen(x, y) {
    const seen = [0, 0, 0, 0];
    this.#over(this.layers, x, y, seen);
    return seen;
  }

  /** Every pixel of every picture goes through here: it changes `seen`, and makes no more arrays than it must. */
  #over(layers, x, y, seen) {
    for (let l = layers.length - 1; l >= 0; l--) {
      const layer = layers[l];
      if (!layer.visible) continue;
      if (layer.layers) {
        this.#over(layer.layers, x, y, seen);
        continue;
      }
      const colour = layer.at(x, y);
      const mask = layer.mask;
      const a = colour[3] * (mask ? mask[y * this.width + x] : 1);
      if (a === 0) continue;
      const out = a + seen[3] * (1 - a);
      for (let i = 0; i < 3; i++) seen[i] = a === 1 ? colour[i] : (colour[i] * a + seen[i] * seen[3] * (1 - a)) / out;
      seen[3] = out;
    }
  }
}
