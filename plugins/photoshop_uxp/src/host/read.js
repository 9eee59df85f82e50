/** Pixels out of Photoshop. Everything here must run in a modal scope. */
import { depthOf, encodeLight, FULL, inverted, newSamples, padded, planeOf, samplesOf, toDepth, withAlpha } from "../planes.js";
import { edgesOf, intersection, isEmpty, rectangleOf } from "../rectangle.js";
import { throwIfCancelled, withOneRetry } from "./modal.js";

/** @typedef {import("../rectangle.js").Rectangle} Rectangle */
/** @typedef {import("../wire/messages.js").Plane} Plane */
/** @typedef {import("../wire/messages.js").Depth} Depth */
/** @typedef {import("../planes.js").Samples} Samples */
/** @typedef {import("photoshop").Document} Document */
/** @typedef {import("photoshop").Layer} Layer */
/** @typedef {import("photoshop").ExecutionContext} ExecutionContext */

export const SRGB = "sRGB IEC61966-2.1";

/** @type {Record<Depth, 8 | 16 | 32>} */
const BITS = { u8: 8, u16: 16, f32: 32 };

/**
 * A rectangle of a layer, or of all visible layers, in sRGB; transparent where there are no pixels.
 * @param {Document} document
 * @param {Layer | null} layer null = all visible layers
 * @param {Rectangle} rectangle within the canvas
 * @param {Depth} depth the document's own: Photoshop reads no other reliably
 * @returns {Promise<Plane>} 3 channels when all of it is opaque by its nature, else 4
 */
export async function readLayer(document, layer, rectangle, depth) {
  const [, , width, height] = rectangle;
  // A Background fills the canvas, whatever bounds Photoshop reports.
  const there =
    !layer || layer.isBackgroundLayer ? rectangle : intersection(rectangle, rectangleOf(layer.boundsNoEffects));
  if (isEmpty(there)) return planeOf(newSamples(depth, width * height * 4), width, height, 4);
  const { samples, where, components, linear } = await taken(() =>
    require("photoshop").imaging.getPixels({
      documentID: document.id,
      ...(layer ? { layerID: layer.id } : {}),
      sourceBounds: edgesOf(there),
      colorSpace: "RGB",
      colorProfile: SRGB,
      componentSize: BITS[depth],
      applyAlpha: false,
    }),
  );
  if (linear) encodeLight(/** @type {Float32Array} */ (samples), components);
  const fills = where[2] === width && where[3] === height;
  if (components === 3 && fills) return planeOf(samples, width, height, 3);
  const rgba = components === 3 ? withAlpha(samples) : samples;
  return planeOf(padded(rgba, where, rectangle, 4, 0), width, height, 4);
}

/**
 * A whole layer, or all visible layers, scaled down to about this many pixels: detection needs no more, and a
 * plug-in may take 600 MB.
 * @param {Document} document
 * @param {Layer | null} layer
 * @param {Rectangle} rectangle that the layer fills
 * @param {Depth} depth the document's own
 * @param {number} most pixels
 * @returns {Promise<Plane>} at full size if Photoshop returns another size than requested
 */
export async function readAtMost(document, layer, rectangle, depth, most) {
  const [, , width, height] = rectangle;
  const scale = Math.sqrt(most / (width * height));
  if (scale >= 1) return readLayer(document, layer, rectangle, depth);
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const { samples, where, components, linear } = await taken(() =>
    require("photoshop").imaging.getPixels({
      documentID: document.id,
      ...(layer ? { layerID: layer.id } : {}),
      sourceBounds: edgesOf(rectangle),
      targetSize: size,
      colorSpace: "RGB",
      colorProfile: SRGB,
      componentSize: BITS[depth],
      applyAlpha: false,
    }),
  );
  // The bounds that come with it are those of a cached level, so its size alone tells whether anything was trimmed.
  const isWhole = Math.abs(where[2] - size.width) <= 1 && Math.abs(where[3] - size.height) <= 1;
  if (!isWhole) return readLayer(document, layer, rectangle, depth);
  if (linear) encodeLight(/** @type {Float32Array} */ (samples), components);
  return planeOf(samples, where[2], where[3], components);
}

/**
 * The selection, with its feathering; 0 outside of it.
 * @param {Document} document
 * @param {Rectangle} rectangle
 * @returns {Promise<Plane>} full scale = selected
 */
export async function readSelection(document, rectangle) {
  const { samples, where } = await taken(() =>
    require("photoshop").imaging.getSelection({ documentID: document.id, sourceBounds: edgesOf(rectangle) }),
  );
  return planeOf(padded(samples, where, rectangle, 1, 0), rectangle[2], rectangle[3], 1);
}

/**
 * The area hidden by the layer's mask.
 * @param {ExecutionContext} context
 * @param {import("./target.js").Target} target that has a layer
 * @param {Rectangle} rectangle within the canvas
 * @returns {Promise<Plane | null>} full scale = hidden; null when the layer has no such mask
 */
export async function readHidden(context, { document, layer, canvas }, rectangle) {
  const mask = layer && (await readMask(context, document, layer, canvas));
  if (!mask) return null;
  const seen = padded(mask.samples, mask.where, rectangle, 1, mask.beyond);
  return planeOf(inverted(seen), rectangle[2], rectangle[3], 1);
}

/**
 * Where a layer shows anything: its alpha, and what its mask leaves of that.
 * @param {ExecutionContext} context
 * @param {import("./target.js").Target} target
 * @param {Layer} layer
 * @param {Rectangle} rectangle within the canvas
 * @returns {Promise<Plane>} of one channel
 */
export async function readShape(context, { document, canvas, depth }, layer, rectangle) {
  const pixels = await readLayer(document, layer, rectangle, depth);
  const mask = await readMask(context, document, layer, canvas);
  const seen = mask && toDepth(padded(mask.samples, mask.where, rectangle, 1, mask.beyond), depth);
  const samples = samplesOf(pixels);
  const shape = newSamples(depth, rectangle[2] * rectangle[3]);
  for (let i = 0; i < shape.length; i++) {
    const alpha = pixels.channels === 4 ? samples[4 * i + 3] : FULL[depth];
    shape[i] = seen ? Math.min(alpha, seen[i]) : alpha;
  }
  return planeOf(shape, rectangle[2], rectangle[3], 1);
}

/**
 * As much of a layer mask as Photoshop returns, and its value beyond that. It is requested as a whole: a part of
 * it that is all of one value may be trimmed to nothing, which cannot be told from no mask.
 * @param {ExecutionContext} context
 * @param {Document} document
 * @param {Layer} layer
 * @param {Rectangle} canvas
 * @returns {Promise<{samples: Samples, where: Rectangle, beyond: number} | null>} full scale = seen; null without a mask
 */
export async function readMask(context, document, layer, canvas) {
  try {
    const mask = await taken(() =>
      require("photoshop").imaging.getLayerMask({
        documentID: document.id,
        layerID: layer.id,
        kind: "user",
        sourceBounds: edgesOf(canvas),
      }),
    );
    return { ...mask, beyond: beyond(mask.samples, mask.where, canvas) };
  } catch {
    throwIfCancelled(context);
    return null; // there is no documented way to ask first, and no documented error
  }
}

/**
 * What a trimmed mask is outside of what was returned. Trimming takes away the rows and columns that are all of that
 * value, so an edge that is all seen means that the rest is hidden, and the other way round. Else the corners tell, which a
 * round shape leaves free; else what the edges are nearer to.
 * @param {Samples} samples
 * @param {Rectangle} where of what was returned
 * @param {Rectangle} canvas
 * @returns {number} 0 or full scale
 */
export function beyond(samples, [x, y, width, height], canvas) {
  const full = FULL[depthOf(samples)];
  const row = (/** @type {number} */ at) => Array.from(samples.subarray(at * width, (at + 1) * width));
  const column = (/** @type {number} */ at) => Array.from({ length: height }, (_, i) => samples[i * width + at]);
  const cut = [];
  if (x > canvas[0]) cut.push(column(0));
  if (x + width < canvas[0] + canvas[2]) cut.push(column(width - 1));
  if (y > canvas[1]) cut.push(row(0));
  if (y + height < canvas[1] + canvas[3]) cut.push(row(height - 1));
  for (const edge of cut) {
    if (edge.every((value) => value === full)) return 0;
    if (edge.every((value) => value === 0)) return full;
  }
  const corners = [0, width - 1, (height - 1) * width, height * width - 1].map((at) => samples[at]);
  for (const value of [0, full]) if (corners.every((corner) => corner === value)) return value;
  let [sum, count] = [0, 0];
  for (const edge of cut)
    for (const value of edge) {
      sum += value;
      count++;
    }
  return sum > (full / 2) * count ? full : 0;
}

/**
 * @param {() => Promise<{imageData: any, sourceBounds: any}>} call of the imaging API
 * @returns {Promise<{samples: Samples, where: Rectangle, components: number, linear: boolean}>}
 */
async function taken(call) {
  const { imageData, sourceBounds } = await withOneRetry(call);
  try {
    // fullRange: otherwise 16-bit samples end at 32768. It means nothing for other depths.
    const samples = await imageData.getData({ chunky: true, fullRange: true });
    const { width, height, components } = imageData;
    const linear = imageData.componentSize === 32 && components >= 3;
    return { samples, where: [sourceBounds.left, sourceBounds.top, width, height], components, linear };
  } finally {
    imageData.dispose();
  }
}
