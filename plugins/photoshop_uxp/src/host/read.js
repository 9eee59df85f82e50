/** Pixels out of Photoshop. Everything here must run in a modal scope. */
import { encodeLight, inverted, newSamples, padded, planeOf, withAlpha } from "../planes.js";
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
 * A rectangle of a layer in sRGB, transparent where the layer has no pixels.
 * @param {Document} document
 * @param {Layer} layer
 * @param {Rectangle} rectangle within the canvas
 * @param {Depth} depth the document's own: Photoshop reads no other reliably
 * @returns {Promise<Plane>} 3 channels when all of it is opaque by its nature, else 4
 */
export async function readLayer(document, layer, rectangle, depth) {
  const [, , width, height] = rectangle;
  // A Background fills the canvas, whatever its bounds are said to be.
  const there = layer.isBackgroundLayer
    ? rectangle
    : intersection(rectangle, rectangleOf(layer.boundsNoEffects));
  if (isEmpty(there)) return planeOf(newSamples(depth, width * height * 4), width, height, 4);
  const { samples, where, components, linear } = await taken(() =>
    require("photoshop").imaging.getPixels({
      documentID: document.id,
      layerID: layer.id,
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
 * The selection, with its feathering; nothing outside of what is selected.
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
 * What a layer mask hides. Beyond what Photoshop returns of the mask the layer is taken to be seen.
 * @param {ExecutionContext} context
 * @param {Document} document
 * @param {Layer} layer
 * @param {Rectangle} rectangle
 * @returns {Promise<Plane | null>} full scale = hidden; null when the layer has no such mask
 */
export async function readHidden(context, document, layer, rectangle) {
  const mask = await readMask(context, document, layer, rectangle);
  if (!mask) return null;
  const hidden = inverted(mask.samples);
  return planeOf(padded(hidden, mask.where, rectangle, 1, 0), rectangle[2], rectangle[3], 1);
}

/**
 * As much of a layer mask as Photoshop returns.
 * @param {ExecutionContext} context
 * @param {Document} document
 * @param {Layer} layer
 * @param {Rectangle} rectangle
 * @returns {Promise<{samples: Samples, where: Rectangle} | null>} full scale = seen; null without a mask
 */
export async function readMask(context, document, layer, rectangle) {
  try {
    return await taken(() =>
      require("photoshop").imaging.getLayerMask({
        documentID: document.id,
        layerID: layer.id,
        kind: "user",
        sourceBounds: edgesOf(rectangle),
      }),
    );
  } catch {
    throwIfCancelled(context);
    return null; // there is no documented way to ask first, and no documented error
  }
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
