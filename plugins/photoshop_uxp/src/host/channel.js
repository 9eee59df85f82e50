/** Channels: a mask that is kept in the document, beside the layers. */
import { readSelection } from "./read.js";
import { select, selectedRectangle } from "./selection.js";
import { edgesOf, isEmpty } from "../rectangle.js";
import { depthOf } from "./canvas.js";
import { withGrey } from "./grey.js";

/** @typedef {import("photoshop").Document} Document */
/** @typedef {import("../rectangle.js").Rectangle} Rectangle */
/** @typedef {import("../wire/messages.js").Plane} Plane */

/**
 * In a modal scope, the document in front. Photoshop makes a channel from the selection, which is put back afterwards.
 * @param {Document} document
 * @param {Plane} mask
 * @param {Rectangle} where of the mask, within the canvas
 * @param {string} name of the new channel
 */
export async function saveChannel(document, mask, where, name) {
  const before = selectedRectangle(document);
  const kept = before && !isEmpty(before) ? await readSelection(document, before) : null;
  await select(document, mask, where, "replace");
  await document.selection.save(name);
  if (!kept || !before) {
    await document.selection.deselect();
    return;
  }
  const put = (/** @type {any} */ imageData) =>
    require("photoshop").imaging.putSelection({
      documentID: document.id,
      imageData,
      replace: true,
      targetBounds: edgesOf(before),
    });
  await withGrey(kept, depthOf(document), put, { exact: true });
}
