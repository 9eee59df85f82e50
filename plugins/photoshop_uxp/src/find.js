/** Words become the document's selection or a layer mask, and nothing is painted. */
import { InpaintError } from "./errors.js";
import { maskLayer, refuseMask } from "./host/mask.js";
import { refuseCombination, select } from "./host/selection.js";
import { extentOf, findTarget, sameLayer } from "./host/target.js";
import { complement, resizedMask, withinPixels } from "./planes.js";
import { edgesOf } from "./rectangle.js";
import { prepared } from "./request.js";
import { looked, measured, nothing, write } from "./search.js";
import { made } from "./settings.js";
import { shortened } from "./text.js";

/** @typedef {import("./job.js").Job} Job */
/** @typedef {import("./job.js").Surroundings} Surroundings */
/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("./host/target.js").Target} Target */
/** @typedef {import("./rectangle.js").Rectangle} Rectangle */
/** @typedef {import("./wire/messages.js").Plane} Plane */
/** @typedef {import("photoshop").ExecutionContext} ExecutionContext */

/**
 * @typedef {object} Found
 * @property {string} words empty for an object
 * @property {boolean} inverted
 * @property {"layer" | "picture"} of what was searched
 * @property {number} share of its pixels, 0 to 1
 * @property {number} peak the highest value, 0 to 1
 * @property {string} deed what became of it, as words.js knows it
 */

/**
 * Select what the words find.
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
 * Make the active layer's mask from what the words find.
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
  const { client, rectangle, fields } = await prepared(job, target, { ...choices, references: [] }, surroundings.connected);
  const { mask } = await job.follow(client, { ...fields, type: "mask" }, surroundings);
  job.check();
  const found = { ...described(choices), ...measured(mask, fields.layer, target) };
  await write(target, `Show hole “${found.words}”`, (document) => select(document, mask, rectangle, "replace"));
  return { ...found, inverted: false, deed: "hole" };
}

/**
 * @param {Job} job
 * @param {Target} target
 * @param {Settings} choices
 * @param {Surroundings} surroundings
 * @param {(context: ExecutionContext) => unknown} refuse throws errors that can be detected before the daemon is asked
 * @returns {Promise<{mask: Plane, where: Rectangle, found: Omit<Found, "deed">}>} a mask of the layer's extent
 */
async function searched(job, target, choices, surroundings, refuse) {
  if (!choices.text_mask.trim())
    throw new InpaintError("no_words", "There are no words to search for.", "Type what to find, such as: hair");
  const where = extentOf(target);
  const client = await surroundings.connected();
  const layer = await looked("Mask by text: reading pixels", target, where, surroundings, refuse);
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
  const found = { ...described(choices), ...measured(small, layer, target) };
  if (found.peak === 0)
    throw nothing(`${invert ? "All of" : "Nothing in"} the ${found.of} looks like “${found.words}”.`, "Use other words.");
  return { mask, where, found };
}

/** @param {Settings} choices */
const described = ({ text_mask, invert }) => ({ words: shortened(text_mask), inverted: invert });
