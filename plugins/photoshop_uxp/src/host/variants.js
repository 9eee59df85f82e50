/** One of several variants: shown instead of the others, or kept alone. */
import { InpaintError } from "../errors.js";
import { layerById } from "./canvas.js";
import { asOneStep, modally } from "./modal.js";
import { inFront } from "./play.js";

/** @typedef {import("photoshop").Document} Document */
/** @typedef {import("photoshop").Layer} Layer */
/** @typedef {{documentID: number, groupID: number, layerIDs: number[]}} Variants */

/**
 * @param {Variants} variants
 * @param {number} index
 */
export function showVariant(variants, index) {
  return change(variants, `Show variant ${index + 1}`, async (_document, _group, layers) => {
    for (const [at, layer] of layers.entries()) layer.visible = at === index;
  });
}

/**
 * Put the variant in the place of its group, and delete the others.
 * @param {Variants} variants
 * @param {number} index
 */
export function keepVariant(variants, index) {
  return change(variants, `Keep variant ${index + 1}`, async (_document, group, layers) => {
    const { constants } = require("photoshop");
    const kept = layers[index];
    kept.visible = true;
    kept.name = group.name;
    await kept.move(group, constants.ElementPlacement.PLACEBEFORE);
    for (const layer of layers) if (layer.id !== kept.id) await layer.delete();
    // Whatever else the user has put into the group stays.
    if (group.layers?.length === 0) await group.delete();
  });
}

/**
 * @param {Variants} variants
 * @param {string} name of the step in the history
 * @param {(document: Document, group: Layer, layers: Layer[]) => Promise<void>} work
 */
function change({ documentID, groupID, layerIDs }, name, work) {
  return modally(name, async (context) => {
    const document = [...require("photoshop").app.documents].find(({ id }) => id === documentID);
    const group = document && layerById(document.layers, groupID);
    const layers = document ? layerIDs.map((id) => layerById(document.layers, id)) : [];
    if (!document || !group || layers.some((layer) => !layer))
      throw new InpaintError(
        "layer_changed",
        "Some variants are missing, so nothing was changed.",
        "Choose among them in the Layers panel.",
      );
    const all = /** @type {Layer[]} */ (layers);
    await inFront(document, () => asOneStep(context, documentID, name, () => work(document, group, all)));
  });
}
