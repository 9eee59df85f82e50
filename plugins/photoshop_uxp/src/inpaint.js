/** One fill from the button to the new layer. */
import { asInpaintError, InpaintError } from "./errors.js";
import { canvasOf, depthOf } from "./host/canvas.js";
import { modally } from "./host/modal.js";
import { activeDocument, findTarget, sameDocument } from "./host/target.js";
import { insertLayers } from "./host/write.js";
import { intersection } from "./rectangle.js";
import { prepared } from "./request.js";
import { isByText } from "./textmask.js";

/** @typedef {import("./job.js").Job} Job */
/** @typedef {import("./job.js").LastResult} LastResult */
/** @typedef {import("./job.js").Surroundings} Surroundings */
/** @typedef {import("./wire/messages.js").Message} Message */
/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("photoshop").ExecutionContext} ExecutionContext */

/**
 * @typedef {object} Outcome
 * @property {import("./host/write.js").Inserted} inserted
 * @property {string} hole the source of the hole
 * @property {string} source the name of the layer that was read; empty for all visible layers
 * @property {Message} finished
 */

/**
 * @param {Job} job
 * @param {Settings} choices of the panel
 * @param {Surroundings} surroundings
 * @returns {Promise<Outcome>}
 */
export async function fill(job, choices, surroundings) {
  const target = await findTarget({ source: choices.source, byText: isByText(choices) });
  const { client, hole, fields, more } = await prepared(job, target, choices, surroundings.connected);
  // Asked now: the layer may be gone by the time that the fill is there.
  const { id: source, name: sourceName } = target.layer ?? { id: null, name: "" };
  const made = { source, settings: choices };
  // No modal scope is open here: Photoshop stays usable while the daemon works.
  const finished = await job.follow(client, { ...fields, ...more, type: "inpaint" }, surroundings, (request_id) =>
    surroundings.remember({ request_id, ...made }),
  );
  const work = async (/** @type {ExecutionContext} */ context) => {
    const document = sameDocument(target, "insert");
    return insertLayers(context, { document, place: target.place, depth: target.depth }, finished, made);
  };
  const inserted = await insertion("Inpaint", job, work, surroundings);
  return { inserted, hole: hole.kind, source: sourceName, finished };
}

/**
 * Fetch a result that the daemon has kept and put it into the active document, at its coordinates.
 * @param {Job} job
 * @param {LastResult} last
 * @param {Pick<Surroundings, "connected" | "watcher" | "onBusy">} surroundings
 * @returns {Promise<Outcome>}
 */
export async function insertLast(job, last, surroundings) {
  activeDocument();
  const { connected, watcher } = surroundings;
  const finished = await job.followOnce(await connected(), { type: "attach", request_id: last.request_id }, watcher);
  const work = async (/** @type {ExecutionContext} */ context) => {
    const document = activeDocument();
    if (!fits(finished, document))
      throw new InpaintError(
        "size_mismatch",
        "The last result is outside this document.",
        "Activate the document it was made for.",
      );
    const [active] = document.activeLayers;
    const place = { aboveID: document.activeLayers.length === 1 ? active.id : null, boardID: null };
    const where = { document, place, depth: depthOf(document) };
    return insertLayers(context, where, finished, { source: null, settings: last.settings });
  };
  const inserted = await insertion("Insert last result", job, work, surroundings);
  return { inserted, hole: "", source: "", finished };
}

/**
 * Wait for as long as Photoshop is busy: with a transform that is open, a dialog, another plug-in.
 * @template T
 * @param {string} commandName
 * @param {Job} job
 * @param {(context: ExecutionContext) => Promise<T>} work
 * @param {Pick<Surroundings, "onBusy">} surroundings
 * @returns {Promise<T>}
 */
async function insertion(commandName, job, work, { onBusy }) {
  try {
    return await modally(commandName, work, job.patience(onBusy));
  } catch (thrown) {
    if (thrown instanceof InpaintError && thrown.code === "document_changed") throw thrown;
    const { code, message } = asInpaintError(thrown);
    if (code === "size_mismatch") throw thrown;
    throw new InpaintError(
      code === "host_busy" ? "cancelled" : code,
      code === "host_busy" ? "Photoshop was busy, so the fill was not inserted. It is kept." : `${message} The fill is kept.`,
      "Choose Insert last result to insert it.",
    );
  }
}

/**
 * @param {Message} finished
 * @param {import("photoshop").Document} document
 */
function fits({ layers }, document) {
  return layers.every((/** @type {any} */ { offset, pixels }) => {
    const [x, y] = offset;
    const [, , width, height] = intersection([x, y, pixels.width, pixels.height], canvasOf(document));
    return width > 0 && height > 0;
  });
}
