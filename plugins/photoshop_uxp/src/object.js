/** Objects become the document's selection, a layer mask or a channel: from a rough selection, or from clicks. */
import { InpaintError } from "./errors.js";
import { saveChannel } from "./host/channel.js";
import { maskLayer, refuseMask } from "./host/mask.js";
import { modally } from "./host/modal.js";
import { readSelection } from "./host/read.js";
import { refuseCombination, select, selectedRectangle } from "./host/selection.js";
import { extentOf, findTarget, sameDocument, sameLayer } from "./host/target.js";
import { resizedMask, withinPixels } from "./planes.js";
import { edgesOf, intersection, isEmpty } from "./rectangle.js";
import { looked, measured, nothing, write } from "./search.js";

/** @typedef {import("./job.js").Job} Job */
/** @typedef {import("./job.js").Surroundings} Surroundings */
/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("./host/target.js").Target} Target */
/** @typedef {import("./rectangle.js").Rectangle} Rectangle */
/** @typedef {import("./wire/messages.js").Plane} Plane */
/** @typedef {import("./find.js").Found} Found */
/** @typedef {import("photoshop").ExecutionContext} ExecutionContext */
/** @typedef {{x: number, y: number, inside: boolean}} Click on the canvas; (0, 0) is a pixel's corner */

const STEP = "Select object";
const READING = "Select object: reading pixels";

/** The protocol's number of each choice; the model chooses by itself without one. @type {Record<string, number | null>} */
const CHOICES = { surest: null, part: 0, middle: 1, whole: 2 };

/**
 * Make the object the selection.
 * @param {Job} job
 * @param {Settings} choices of the panel
 * @param {Click[]} clicks none: the selection is taken for a rough one
 * @param {Surroundings} surroundings
 * @returns {Promise<Found>}
 */
export async function selectObject(job, choices, clicks, surroundings) {
  const combination = choices.object_combine;
  const target = await findTarget({ source: choices.source, byText: true });
  const refuse = () => refuseCombination(target.document, target.canvas, combination);
  const { mask, where, found } = await searched(job, target, choices, clicks, surroundings, refuse);
  const deed = await write(target, STEP, (document) => select(document, mask, where, combination));
  return { ...found, deed };
}

/**
 * Make the object the active layer's mask.
 * @param {Job} job
 * @param {Settings} choices of the panel
 * @param {Click[]} clicks
 * @param {Surroundings} surroundings
 * @returns {Promise<Found>}
 */
export async function maskObject(job, choices, clicks, surroundings) {
  const combination = choices.object_combine;
  const target = await findTarget({ itself: true });
  const layer = /** @type {import("photoshop").Layer} */ (target.layer);
  const refuse = (/** @type {ExecutionContext} */ context) => refuseMask(context, target.document, layer, combination);
  const { mask, where, found } = await searched(job, target, choices, clicks, surroundings, refuse);
  const deed = await write(target, "Layer mask of the object", (document, context) =>
    maskLayer(context, document, sameLayer(target, where), mask, where, combination),
  );
  return { ...found, deed };
}

/**
 * Save the object as a channel and leave the selection unchanged.
 * @param {Job} job
 * @param {Settings} choices of the panel
 * @param {Click[]} clicks
 * @param {Surroundings} surroundings
 * @returns {Promise<Found>}
 */
export async function channelOfObject(job, choices, clicks, surroundings) {
  const target = await findTarget({ source: choices.source, byText: true });
  const { mask, where, found } = await searched(job, target, choices, clicks, surroundings);
  await write(target, "Channel of the object", (document) => saveChannel(document, mask, where, "Object"));
  return { ...found, deed: "channel" };
}

/**
 * The picture to click in, and its position on the canvas.
 * @param {Job} job
 * @param {Settings} choices
 * @param {Surroundings} surroundings
 * @returns {Promise<{layer: Plane, where: Rectangle, target: Target}>}
 */
export async function pictureOf(job, choices, surroundings) {
  const target = await findTarget({ source: choices.source, byText: true });
  const where = extentOf(target);
  const layer = await looked(READING, target, where, surroundings);
  job.check();
  return { layer, where, target };
}

/**
 * The mask that the clicks would make, on the picture that was clicked in.
 * @param {Job} job
 * @param {{layer: Plane, where: Rectangle}} picture
 * @param {Settings} choices
 * @param {Click[]} clicks at least one inside
 * @param {Surroundings} surroundings
 * @returns {Promise<Plane>} as large as the picture
 */
export async function clicked(job, { layer, where }, choices, clicks, surroundings) {
  return asked(job, layer, where, choices, clicks, null, surroundings);
}

/**
 * @param {Job} job
 * @param {Target} target
 * @param {Settings} choices
 * @param {Click[]} clicks
 * @param {Surroundings} surroundings
 * @param {(context: ExecutionContext) => unknown} [refuse]
 * @returns {Promise<{mask: Plane, where: Rectangle, found: Omit<Found, "deed">}>} a mask of the layer's extent
 */
async function searched(job, target, choices, clicks, surroundings, refuse) {
  const where = extentOf(target);
  const rough = clicks.length === 0;
  const selected = rough ? selectedRectangle(target.document, target.canvas) : null;
  if (rough && (!selected || isEmpty(intersection(selected, where))))
    throw new InpaintError(
      "no_selection",
      "Nothing is selected, and nothing was clicked.",
      "Select the object roughly, with the Lasso for example, or click it in the panel's picture.",
    );
  const layer = await looked(READING, target, where, surroundings, refuse);
  const selection = rough ? await modally(READING, () => readSelection(sameDocument(target, "read"), where)) : null;
  job.check();
  const answer = await asked(job, layer, where, choices, clicks, selection, surroundings);
  const small = withinPixels(answer, layer);
  const found = { words: "", inverted: false, ...measured(small, layer, target) };
  if (found.peak === 0) throw nothing("No object was found there.", "Click its centre, or select it more closely.");
  return { mask: resizedMask(small, where[2], where[3], false), where, found };
}

/**
 * @param {Job} job
 * @param {Plane} layer
 * @param {Rectangle} where its rectangle on the canvas; it may be scaled down
 * @param {Settings} choices
 * @param {Click[]} clicks
 * @param {Plane | null} selection a rough one, of the same rectangle
 * @param {Surroundings} surroundings
 * @returns {Promise<Plane>}
 */
async function asked(job, layer, where, choices, clicks, selection, surroundings) {
  const { left, top } = edgesOf(where);
  const [across, down] = [layer.width / where[2], layer.height / where[3]];
  const object = {
    // In pixels of the picture sent, which has no offset.
    clicks: clicks.map(({ x, y, inside }) => ({ x: (x - left) * across, y: (y - top) * down, inside })),
    rough: selection !== null,
    choice: CHOICES[choices.object_choice] ?? null,
  };
  const mask = selection && resizedMask(selection, layer.width, layer.height, true);
  const client = await surroundings.connected();
  // No modal scope is open here: Photoshop stays usable while the daemon works.
  try {
    return (await job.follow(client, { type: "mask", layer, mask, object, settings: {} }, surroundings)).mask;
  } catch (error) {
    if (error instanceof InpaintError && error.code === "empty_mask") throw nothing(error.message, error.hint);
    throw error;
  } finally {
    job.check();
  }
}
