/** Words become the document's selection or a layer mask, and nothing is painted. */
import { InpaintError } from "./errors.js";
import { maskLayer, refuseMask } from "./host/mask.js";
import { asOneStep, modally, throwIfCancelled } from "./host/modal.js";
import { inFront } from "./host/play.js";
import { readAtMost } from "./host/read.js";
import { refuseCombination, select } from "./host/selection.js";
import { extentOf, findTarget, sameDocument, sameLayer } from "./host/target.js";
import { complement, FULL, resizedMask, samplesOf, seenPixels, withinPixels, withoutHiddenColour } from "./planes.js";
import { edgesOf } from "./rectangle.js";
import { prepared } from "./request.js";
import { made } from "./settings.js";
import { shortened } from "./text.js";

/** @typedef {import("./job.js").Job} Job */
/** @typedef {import("./job.js").Surroundings} Surroundings */
/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("./host/target.js").Target} Target */
/** @typedef {import("./rectangle.js").Rectangle} Rectangle */
/** @typedef {import("./wire/messages.js").Plane} Plane */
/** @typedef {import("photoshop").ExecutionContext} ExecutionContext */

/** Number of pixels that suffices for finding things by text. */
export const LOOKED_AT_PIXELS = 4_000_000;

/**
 * @typedef {object} Found
 * @property {string} words
 * @property {boolean} inverted
 * @property {"layer" | "picture"} of what was looked through
 * @property {number} share of its pixels, 0 to 1
 * @property {number} peak the highest value, 0 to 1
 * @property {string} deed what became of it, as words.js knows it
 */

/**
 * Make what the words find the selection.
 * @param {Job} job
 * @param {Settings} choices of the panel
 * @param {Surroundings} surroundings
 * @returns {Promise<Found>}
 */
export async function selectByText(job, choices, surroundings) {
  const { text_mask_combine: combination } = choices;
  const target = await findTarget({ source: choices.source, byText: true });
  const refuse = () => refuseCombination(target.document, target.canvas, combination);
  const { mask, where, found } = await searched(job, target, choices, surroundings, refuse);
  const deed = await write(target, `Select “${found.words}”`, (document) => select(document, mask, where, combination));
  return { ...found, deed };
}

/**
 * Make what the words find the active layer's mask.
 * @param {Job} job
 * @param {Settings} choices of the panel
 * @param {Surroundings} surroundings
 * @returns {Promise<Found>}
 */
export async function maskByText(job, choices, surroundings) {
  const { text_mask_combine: combination } = choices;
  const target = await findTarget({ itself: true });
  const layer = /** @type {import("photoshop").Layer} */ (target.layer);
  const refuse = (/** @type {ExecutionContext} */ context) => refuseMask(context, target.document, layer, combination);
  const { mask, where, found } = await searched(job, target, choices, surroundings, refuse);
  const deed = await write(target, `Layer mask “${found.words}”`, (document, context) => {
    const present = sameLayer(target, where);
    return maskLayer(context, document, present, mask, where, combination);
  });
  return { ...found, deed };
}

/**
 * Make the hole that Inpaint would find by words the selection.
 * @param {Job} job
 * @param {Settings} choices of the panel
 * @param {Surroundings} surroundings
 * @returns {Promise<Found>}
 */
export async function showHole(job, choices, surroundings) {
  const target = await findTarget({ source: choices.source, byText: true });
  const { client, rectangle, fields } = await prepared(job, target, choices, surroundings.connected);
  const { mask } = await job.follow(client, { ...fields, type: "mask" }, surroundings);
  job.check();
  const found = measured(mask, fields.layer, choices, target);
  await write(target, `Show hole “${found.words}”`, (document) => select(document, mask, rectangle, "replace"));
  return { ...found, inverted: false, deed: "hole" };
}

/**
 * @param {Job} job
 * @param {Target} target
 * @param {Settings} choices
 * @param {Surroundings} surroundings
 * @param {(context: ExecutionContext) => unknown} refuse throws what can be told before the daemon is asked
 * @returns {Promise<{mask: Plane, where: Rectangle, found: Omit<Found, "deed">}>} a mask of the layer's extent
 */
async function searched(job, target, choices, surroundings, refuse) {
  const { most = LOOKED_AT_PIXELS } = surroundings;
  if (!choices.text_mask.trim())
    throw new InpaintError("no_words", "There are no words to look for.", "Type what is to be found, such as: hair");
  const where = extentOf(target);
  const client = await surroundings.connected();
  const layer = await modally("Mask by text: reading pixels", async (context) => {
    sameDocument(target, "read");
    await refuse(context);
    throwIfCancelled(context);
    return withoutHiddenColour(await readAtMost(target.document, target.layer, where, target.depth, most));
  });
  job.check();
  const { left, top } = edgesOf(where);
  const { text_mask, text_mask_threshold, invert } = choices;
  const request = { type: "mask", layer, settings: made({ text_mask, text_mask_threshold }), offset: [left, top] };
  // No modal scope is open here: Photoshop stays usable while the daemon works.
  const answer = await job.follow(client, request, surroundings).catch((error) => {
    if (error instanceof InpaintError && error.code === "empty_mask") throw nothing(error.message, error.hint);
    throw error;
  });
  job.check();
  const small = withinPixels(invert ? complement(answer.mask) : answer.mask, layer);
  const mask = resizedMask(small, where[2], where[3], text_mask_threshold !== 0);
  const found = measured(small, layer, choices, target);
  if (found.peak === 0)
    throw nothing(`${invert ? "All of" : "Nothing in"} the ${found.of} looks like “${found.words}”.`, "Use other words.");
  return { mask, where, found };
}

/**
 * @param {Plane} mask
 * @param {Plane} layer of the same size
 * @param {Settings} choices
 * @param {Target} target
 */
function measured(mask, layer, { text_mask, invert }, target) {
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
  return { words: shortened(text_mask), inverted: invert, of, share, peak: peak / full };
}

/**
 * @param {string} message
 * @param {string} hint
 */
const nothing = (message, hint) => new InpaintError("empty_mask", `${message} Nothing was changed.`, hint);

/**
 * @template T
 * @param {Target} target
 * @param {string} name of the history's step
 * @param {(document: import("photoshop").Document, context: ExecutionContext) => Promise<T>} work
 * @returns {Promise<T>}
 */
function write(target, name, work) {
  return modally(name, async (context) => {
    const document = sameDocument(target, "write");
    return inFront(document, () => asOneStep(context, document.id, name, () => work(document, context)));
  });
}
