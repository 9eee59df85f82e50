/** Layers in the fake Photoshop. A reference to a deleted layer throws, as of Photoshop 26.9. */
import { HostError } from "./error.js";
import { kept } from "./modes.js";

/** Layers reach this far beyond the canvas. */
export const MARGIN = 16;

/** What a deleted layer may still be asked for. */
const OUTLIVES = ["id", "stale", "typename"];

export class FakeLayer {
  constructor(document, { name, background = false, kind = "pixel" }) {
    Object.assign(this, { document, name, background, kind });
    this.id = document.host.nextId++;
    this.typename = "Layer";
    this.stale = false;
    this.visible = true;
    this.opacity = 100;
    this.locked = this.allLocked = background;
    this.transparentPixelsLocked = false;
    this.artboard = null; // its rectangle, for a group that is one
    this.generator = {}; // generatorSettings, by plug-in
    this.mask = null; // over the canvas
    this.maskBeyond = null; // its value beyond the canvas; undefined = nobody knows
    this.parent = null;
    this.stride = document.width + 2 * MARGIN;
    this.samples = new Float64Array(this.stride * (document.height + 2 * MARGIN) * 4);
    return new Proxy(this, {
      get(target, name) {
        if (target.stale && typeof name === "string" && !OUTLIVES.includes(name))
          throw new HostError(`The layer ${target.id} no longer exists (asked for ${name})`);
        return Reflect.get(target, name);
      },
    });
  }

  get isBackgroundLayer() {
    return this.background;
  }

  index(x, y) {
    return ((y + MARGIN) * this.stride + x + MARGIN) * 4;
  }

  at(x, y) {
    const { samples, stride } = this; // once each: every look goes through the proxy
    const i = ((y + MARGIN) * stride + x + MARGIN) * 4;
    return [samples[i], samples[i + 1], samples[i + 2], samples[i + 3]];
  }

  put(x, y, rgba) {
    const { bits, mode } = this.document;
    this.samples.set(kept(rgba, mode, bits), this.index(x, y));
  }

  /** Paint the canvas and what lies beyond it. */
  paint(colour) {
    const { width, height } = this.document;
    const beyond = this.background ? 0 : MARGIN;
    for (let y = -beyond; y < height + beyond; y++)
      for (let x = -beyond; x < width + beyond; x++) this.put(x, y, colour(x, y));
  }

  get bounds() {
    return this.boundsNoEffects;
  }

  get boundsNoEffects() {
    const { width, height } = this.document;
    if (this.background) return { left: 0, top: 0, right: width, bottom: height };
    if (this.artboard) return { ...this.artboard };
    const { samples } = this;
    const found = boundsOf(this.stride, height + 2 * MARGIN, (i) => samples[4 * i + 3] > 0);
    if (!found) return { left: 0, top: 0, right: 0, bottom: 0 };
    const { left, top, right, bottom } = found;
    return { left: left - MARGIN, top: top - MARGIN, right: right - MARGIN, bottom: bottom - MARGIN };
  }

  move(other, placement) {
    this.document.moveLayer(this.id, other.id, placement);
  }

  delete() {
    this.document.deleteLayer(this.id);
  }
}

export function boundsOf(width, height, matches) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let i = 0; i < width * height; i++) {
    if (!matches(i)) continue;
    const x = i % width;
    const y = Math.floor(i / width);
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  return right < 0 ? null : { left, top, right: right + 1, bottom: bottom + 1 };
}
