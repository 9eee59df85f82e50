/** Layer masks: adding one, changing its pixels, and what words make of one. */
import { InpaintError } from "../errors.js";
import { complement, padded, planeOf, samplesOf, toDepth } from "../planes.js";
import { edgesOf } from "../rectangle.js";
import { combined } from "../textmask.js";
import { canvasOf, depthOf } from "./canvas.js";
import { withGrey } from "./grey.js";
import { readMask } from "./read.js";
import { play } from "./play.js";

/** @typedef {import("photoshop").Document} Document */
/** @typedef {import("photoshop").Layer} Layer */
/** @typedef {import("photoshop").ExecutionContext} ExecutionContext */
/** @typedef {import("../rectangle.js").Rectangle} Rectangle */
/** @typedef {import("../textmask.js").Combination} Combination */
/** @typedef {import("../wire/messages.js").Plane} Plane */
/** @typedef {import("../wire/messages.js").Depth} Depth */

/**
 * In a modal scope.
 * @param {ExecutionContext} context
 * @param {Document} document
 * @param {Layer} layer
 * @param {Combination} combination
 * @returns {Promise<Plane | null>} the mask that is there, of the whole canvas; null without one
 * @throws {InpaintError} when the layer can have no mask, or has one that is not to be combined with
 */
export async function refuseMask(context, document, layer, combination) {
  if (layer.isBackgroundLayer)
    throw new InpaintError(
      "no_mask",
      "The Background cannot have a layer mask.",
      "Double-click it in the Layers panel to make it a layer, or press Select.",
    );
  if (layer.allLocked)
    throw new InpaintError("locked", "The layer is locked.", "Unlock it in the Layers panel, or press Select.");
  const canvas = canvasOf(document);
  const mask = await readMask(context, document, layer, canvas);
  if (!mask) return null;
  if (combination === "replace")
    throw new InpaintError(
      "mask_exists",
      "The layer already has a layer mask, which was not changed.",
      "Choose Add, Subtract or Intersect to modify it, or delete it first.",
    );
  return planeOf(padded(mask.samples, mask.where, canvas, 1, mask.beyond), canvas[2], canvas[3], 1);
}

/**
 * In a modal scope, the document in front: the layer's mask shows what was found and hides the rest, or is combined with it.
 * A layer without a mask is fully visible: subtracting from it hides what was found.
 * @param {ExecutionContext} context
 * @param {Document} document
 * @param {Layer} layer
 * @param {Plane} found
 * @param {Rectangle} where of what was found, within the canvas
 * @param {Combination} combination with the layer's mask
 * @returns {Promise<string>} what was done: "show", "hide", or with a mask the combination and " mask"
 */
export async function maskLayer(context, document, layer, found, where, combination) {
  const present = await refuseMask(context, document, layer, combination);
  const canvas = canvasOf(document);
  const [, , width, height] = canvas;
  const samples = padded(samplesOf(found), where, canvas, 1, 0);
  const depth = depthOf(document);
  if (present) {
    const both = combined(toDepth(samples, present.depth), samplesOf(present), combination);
    await putMask(document, layer, planeOf(both, width, height, 1), canvas, depth, { exact: true });
    return `${combination} mask`;
  }
  const shown = planeOf(samples, width, height, 1);
  const hides = combination === "subtract";
  // The area beyond the canvas counts as not found.
  await addMask(layer, hides ? "revealAll" : "hideAll");
  await putMask(document, layer, hides ? complement(shown) : shown, canvas, depth);
  return hides ? "hide" : "show";
}

/**
 * Add a mask: the imaging API only changes masks, so this is left to the action that the Layers panel uses. The
 * document must be in front.
 * @param {Layer} layer
 * @param {"revealAll" | "hideAll"} kind
 */
export async function addMask(layer, kind) {
  await play([
    { _obj: "select", _target: [{ _ref: "layer", _id: layer.id }], makeVisible: false },
    {
      _obj: "make",
      new: { _class: "channel" },
      at: { _ref: "channel", _enum: "channel", _value: "mask" },
      using: { _enum: "userMaskEnabled", _value: kind },
    },
  ]);
}

/**
 * Put greys into the mask that a layer has. With `replace: true` Photoshop would discard that mask, and with it what
 * the mask says beyond these pixels.
 * @param {Document} document
 * @param {Layer} layer
 * @param {Plane} mask full scale = seen
 * @param {Rectangle} where
 * @param {Depth} depth of the document
 * @param {{exact?: boolean}} [options] as of `withGrey`
 */
export function putMask(document, layer, mask, where, depth, options) {
  const put = (/** @type {any} */ imageData) =>
    require("photoshop").imaging.putLayerMask({
      documentID: document.id,
      layerID: layer.id,
      kind: "user",
      imageData,
      replace: false,
      targetBounds: edgesOf(where),
    });
  return withGrey(mask, depth, put, options);
}
