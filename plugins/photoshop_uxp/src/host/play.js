/** Photoshop's action commands, for what its object model lacks. */

/** @typedef {import("photoshop").Document} Document */

/**
 * Play commands; all must be inside a modal scope unless they only get something.
 *
 * Adobe documents a failure as a result with `_obj` "error" and as one with "Error", and says that since 23.4.1
 * more of them are thrown.
 * @param {any[]} commands
 * @returns {Promise<any[]>} one result for each
 * @throws {Error} with Photoshop's own sentence
 */
export async function play(commands) {
  const results = await require("photoshop").action.batchPlay(commands, {});
  const failed = results.find(({ _obj }) => /^error$/i.test(String(_obj)));
  if (failed) throw new Error(failed.message || "the command is not available");
  return results;
}

/**
 * Bring a document to the front for as long as `work` takes. New layers, groups, moves and masks come about in the
 * active document, whichever document they are asked of. In a modal scope.
 * @template T
 * @param {Document} document
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function inFront(document, work) {
  const { app } = require("photoshop");
  const before = app.activeDocument;
  if (before.id === document.id) return work();
  await bringToFront(document);
  try {
    return await work();
  } finally {
    if (isOpen(before)) await bringToFront(before);
  }
}

/** @param {Document} document */
async function bringToFront(document) {
  const { app } = require("photoshop");
  app.activeDocument = document;
  if (app.activeDocument.id === document.id) return;
  await play([{ _obj: "select", _target: [{ _ref: "document", _id: document.id }] }]);
  if (app.activeDocument.id !== document.id) throw new Error(`“${document.title}” cannot be brought to the front`);
}

/** @param {Document} document */
const isOpen = (document) => [...require("photoshop").app.documents].some(({ id }) => id === document.id);
