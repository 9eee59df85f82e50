/** Arithmetic on planes: padding, depths, and the light of 32-bit documents. */
import { BYTES_PER_SAMPLE } from "./wire/messages.js";

/** @typedef {import("./wire/messages.js").Plane} Plane */
/** @typedef {import("./wire/messages.js").Depth} Depth */
/** @typedef {import("./rectangle.js").Rectangle} Rectangle */
/** @typedef {Uint8Array | Uint16Array | Float32Array} Samples */

/** @type {Record<Depth, any>} */
const ARRAYS = { u8: Uint8Array, u16: Uint16Array, f32: Float32Array };

/** The value of white, and of opaque alpha. @type {Record<Depth, number>} */
export const FULL = { u8: 255, u16: 65535, f32: 1 };

/**
 * @param {Depth} depth
 * @param {number} length
 * @returns {Samples}
 */
export const newSamples = (depth, length) => new ARRAYS[depth](length);

/** @param {Samples} samples @returns {Depth} */
export const depthOf = (samples) =>
  samples instanceof Uint16Array ? "u16" : samples instanceof Float32Array ? "f32" : "u8";

/**
 * A plane's samples as numbers; a view of its bytes where their position allows it.
 * @param {Plane} plane
 * @returns {Samples}
 */
export function samplesOf({ data, depth }) {
  const size = BYTES_PER_SAMPLE[depth];
  const aligned = data.byteOffset % size === 0 ? data : data.slice();
  return new ARRAYS[depth](aligned.buffer, aligned.byteOffset, aligned.byteLength / size);
}

/**
 * @param {Samples} samples
 * @param {number} width
 * @param {number} height
 * @param {number} channels
 * @returns {Plane}
 */
export function planeOf(samples, width, height, channels) {
  const data = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  return { width, height, channels, depth: depthOf(samples), data };
}

/**
 * A part laid into a larger rectangle of `outside` samples; itself where it fills all of it.
 * @param {Samples} part
 * @param {Rectangle} where of the part
 * @param {Rectangle} rectangle to be filled
 * @param {number} channels
 * @param {number} outside
 * @returns {Samples}
 */
export function padded(part, where, rectangle, channels, outside) {
  const [x, y, width, height] = rectangle;
  if (where[0] === x && where[1] === y && where[2] === width && where[3] === height) return part;
  const whole = newSamples(depthOf(part), width * height * channels);
  if (outside) whole.fill(outside);
  const left = Math.max(where[0], x);
  const right = Math.min(where[0] + where[2], x + width);
  if (right <= left) return whole;
  for (let row = Math.max(where[1], y); row < Math.min(where[1] + where[3], y + height); row++) {
    const from = ((row - where[1]) * where[2] + left - where[0]) * channels;
    whole.set(part.subarray(from, from + (right - left) * channels), ((row - y) * width + left - x) * channels);
  }
  return whole;
}

/**
 * RGB with an opaque alpha.
 * @param {Samples} rgb
 * @returns {Samples}
 */
export function withAlpha(rgb) {
  const depth = depthOf(rgb);
  const rgba = newSamples(depth, (rgb.length / 3) * 4);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    rgba[to] = rgb[from];
    rgba[to + 1] = rgb[from + 1];
    rgba[to + 2] = rgb[from + 2];
    rgba[to + 3] = FULL[depth];
  }
  return rgba;
}

/**
 * @param {Samples} samples
 * @returns {Samples}
 */
export function inverted(samples) {
  const full = FULL[depthOf(samples)];
  return samples.map((value) => full - value);
}

/**
 * The inverse of a mask: the area it keeps.
 * @param {Plane} mask
 * @returns {Plane}
 */
export const complement = (mask) => planeOf(inverted(samplesOf(mask)), mask.width, mask.height, 1);

/**
 * A layer with mid-grey where it is transparent: what colour Photoshop keeps there is left to chance,
 * and nothing is to be found in it.
 * @param {Plane} layer
 * @returns {Plane}
 */
export function withoutHiddenColour(layer) {
  if (layer.channels !== 4) return layer;
  const samples = samplesOf(layer).slice();
  const middle = layer.depth === "f32" ? 0.5 : Math.floor(FULL[layer.depth] / 2);
  for (let i = 0; i < samples.length; i += 4) if (samples[i + 3] === 0) samples.fill(middle, i, i + 3);
  return planeOf(samples, layer.width, layer.height, 4);
}

/**
 * A mask without the area where the layer is transparent.
 * @param {Plane} mask
 * @param {Plane} layer of the same size
 * @returns {Plane}
 */
export function withinPixels(mask, layer) {
  if (layer.channels !== 4) return mask;
  const alpha = samplesOf(layer);
  const samples = samplesOf(mask).map((value, i) => (alpha[4 * i + 3] > 0 ? value : 0));
  return planeOf(samples, mask.width, mask.height, 1);
}

/**
 * A mask at another size, bilinear.
 * @param {Plane} mask
 * @param {number} width
 * @param {number} height
 * @param {boolean} hard whether it has no greys, and shall have none
 * @returns {Plane}
 */
export function resizedMask(mask, width, height, hard) {
  if (mask.width === width && mask.height === height) return mask;
  const from = samplesOf(mask);
  const to = newSamples(mask.depth, width * height);
  const full = FULL[mask.depth];
  const axis = (/** @type {number} */ length, /** @type {number} */ source) =>
    Array.from({ length }, (_, i) => {
      const at = Math.min(source - 1, Math.max(0, ((i + 0.5) * source) / length - 0.5));
      return { low: Math.floor(at), high: Math.min(source - 1, Math.floor(at) + 1), part: at - Math.floor(at) };
    });
  const columns = axis(width, mask.width);
  let next = 0;
  for (const { low, high, part } of axis(height, mask.height))
    for (const column of columns) {
      const value = (/** @type {number} */ row) =>
        from[row * mask.width + column.low] * (1 - column.part) + from[row * mask.width + column.high] * column.part;
      const mixed = value(low) * (1 - part) + value(high) * part;
      to[next++] = hard ? (mixed >= full / 2 ? full : 0) : mask.depth === "f32" ? mixed : Math.floor(mixed + 0.5);
    }
  return planeOf(to, width, height, 1);
}

/**
 * Pixels with their alpha times a mask, for where there can be no layer mask.
 * @param {Plane} pixels of 4 channels
 * @param {Plane} mask of the same size; full scale = seen
 * @returns {Plane}
 */
export function maskedAlpha(pixels, mask) {
  const samples = samplesOf(pixels).slice();
  const weights = toDepth(samplesOf(mask), "f32");
  for (let i = 0; i < weights.length; i++) {
    const alpha = samples[4 * i + 3] * weights[i];
    samples[4 * i + 3] = pixels.depth === "f32" ? alpha : Math.floor(alpha + 0.5);
  }
  return planeOf(samples, pixels.width, pixels.height, 4);
}

/**
 * How many pixels of a layer are not transparent.
 * @param {Plane} layer
 */
export function seenPixels(layer) {
  if (layer.channels !== 4) return layer.width * layer.height;
  const samples = samplesOf(layer);
  let seen = 0;
  for (let i = 3; i < samples.length; i += 4) if (samples[i] > 0) seen++;
  return seen;
}

/**
 * @param {Samples} samples
 * @param {Depth} depth
 * @returns {Samples}
 */
export function toDepth(samples, depth) {
  const from = depthOf(samples);
  if (from === depth) return samples;
  const scale = FULL[depth] / FULL[from];
  const converted = newSamples(depth, samples.length);
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i] * scale;
    converted[i] = depth === "f32" ? value : Math.floor(Math.min(FULL[depth], Math.max(0, value)) + 0.5);
  }
  return converted;
}

/**
 * Colour in linear light, as in 32-bit documents, to sRGB encoding; alpha stays. In place.
 * @param {Float32Array} samples
 * @param {number} channels 3 or 4
 */
export const encodeLight = (samples, channels) =>
  eachColour(samples, channels, (v) => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055));

/**
 * The reverse of `encodeLight`. In place.
 * @param {Float32Array} samples
 * @param {number} channels 3 or 4
 */
export const decodeLight = (samples, channels) =>
  eachColour(samples, channels, (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));

/**
 * @param {Float32Array} samples
 * @param {number} channels
 * @param {(value: number) => number} curve mirrored for negative values
 */
function eachColour(samples, channels, curve) {
  for (let i = 0; i < samples.length; i++)
    if (channels === 3 || i % 4 !== 3) samples[i] = samples[i] < 0 ? -curve(-samples[i]) : curve(samples[i]);
}
