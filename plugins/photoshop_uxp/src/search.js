/** What finding by words and finding objects share: the picture that is looked at, and what becomes of a mask. */
import { InpaintError } from "./errors.js";
import { asOneStep, modally, throwIfCancelled } from "./host/modal.js";
import { inFront } from "./host/play.js";
import { readAtMost } from "./host/read.js";
import { sameDocument } from "./host/target.js";
import { FULL, samplesOf, seenPixels, withoutHiddenColour } from "./planes.js";

/** @typedef {import("./host/target.js").Target} Target */
/** @typedef {import("./rectangle.js").Rectangle} Rectangle */
/** @typedef {import("./wire/messages.js").Plane} Plane */
/** @typedef {import("photoshop").ExecutionContext} ExecutionContext */

/** Number of pixels that suffices for finding things. */
export const LOOKED_AT_PIXELS = 4_000_000;

/**
 * The picture to search: a whole layer or all visible layers, scaled down if large.
 * @param {string} commandName
 * @param {Target} target
 * @param {Rectangle} where
 * @param {{most?: number}} limits
 * @param {(context: ExecutionContext) => unknown} [refuse] throws errors that can be detected before the daemon is asked
 * @returns {Promise<Plane>}
 */
export function looked(commandName, target, where, { most = LOOKED_AT_PIXELS }, refuse = () => {}) {
  return modally(commandName, async (context) => {
    sameDocument(target, "read");
    await refuse(context);
    throwIfCancelled(context);
    return withoutHiddenColour(await readAtMost(target.document, target.layer, where, target.depth, most));
  });
}

/**
 * @param {Plane} mask
 * @param {Plane} layer of the same size
 * @param {Target} target
 * @returns {{of: "layer" | "picture", share: number, peak: number}}
 */
export function measured(mask, layer, target) {
  const samples = samplesOf(mask);
  const full = FULL[mask.depth];
  let [sum, peak] = [0, 0];
  for (const value of samples) {
    sum += value;
    if (value > peak) peak = value;
  }
  // A fill's hole may go on where the layer is transparent.
  const share = Math.min(1, sum / full / Math.max(1, seenPixels(layer)));
  /** @type {"layer" | "picture"} */
  const of = target.layer ? "layer" : "picture";
  return { of, share, peak: peak / full };
}

/**
 * @param {string} message
 * @param {string} hint
 */
export const nothing = (message, hint) => new InpaintError("empty_mask", `${message} Nothing was changed.`, hint);

/**
 * @template T
 * @param {Target} target
 * @param {string} name of the history's step
 * @param {(document: import("photoshop").Document, context: ExecutionContext) => Promise<T>} work
 * @returns {Promise<T>}
 */
export function write(target, name, work) {
  return modally(name, async (context) => {
    const document = sameDocument(target, "write");
    return inFront(document, () => asOneStep(context, document.id, name, () => work(document, context)));
  });
}
