/** One fill from the button to the new layer. */
import { InpaintError } from "./errors.js";
import { modally } from "./host/modal.js";
import { canvasOf, depthOf, findTarget, sameDocument } from "./host/target.js";
import { insertLayers } from "./host/write.js";
import { intersection } from "./rectangle.js";
import { prepared } from "./request.js";

/** @typedef {import("./job.js").Job} Job */
/** @typedef {import("./job.js").LastResult} LastResult */
/** @typedef {import("./job.js").Surroundings} Surroundings */
/** @typedef {import("./wire/messages.js").Message} Message */
/** @typedef {import("./settings.js").Settings} Settings */

/**
 * @typedef {object} Outcome
 * @property {string} name of the new layer
 * @property {string} hole what was taken for the hole
 * @property {Message} finished
 */

/**
 * @param {Job} job
 * @param {Settings} choices of the panel
 * @param {Surroundings} surroundings
 * @returns {Promise<Outcome>}
 */
export async function fill(job, choices, surroundings) {
  const target = findTarget();
  const { prompt } = choices;
  const { client, hole, fields } = await prepared(job, target, choices, surroundings.connected);
  // No modal scope is open here: Photoshop stays usable while the daemon works.
  const finished = await job.follow(client, { ...fields, type: "inpaint" }, surroundings, (request_id) =>
    surroundings.remember({ request_id, prompt }),
  );
  const name = await modally("Inpaint", async (context) => {
    const document = sameDocument(target, "insert");
    const place = { document, above: target.above, source: target.layer, depth: target.depth };
    return insertLayers(context, place, finished, prompt);
  });
  return { name, hole: hole.kind, finished };
}

/**
 * Fetch a result that the daemon has kept and put it into the active document, at its coordinates.
 * @param {Job} job
 * @param {LastResult} last
 * @param {Pick<Surroundings, "connected" | "watcher">} surroundings
 * @returns {Promise<Outcome>}
 */
export async function insertLast(job, last, { connected, watcher }) {
  const { app } = require("photoshop");
  if (app.documents.length === 0)
    throw new InpaintError("no_document", "No document is open.", "Open the picture that the fill is for.");
  const finished = await job.followOnce(await connected(), { type: "attach", request_id: last.request_id }, watcher);
  const name = await modally("Insert last result", async (context) => {
    const document = app.activeDocument;
    const place = {
      document,
      above: document.activeLayers.length === 1 ? document.activeLayers[0] : null,
      source: null,
      depth: depthOf(document),
    };
    if (!fits(finished, document))
      throw new InpaintError(
        "size_mismatch",
        "The last result lies outside of this document.",
        "Activate the document that it was made for.",
      );
    return insertLayers(context, place, finished, last.prompt);
  });
  return { name, hole: "", finished };
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
