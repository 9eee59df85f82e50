/** The sampling area: what a fill may copy from, taken from a selection and kept while Photoshop runs. */
import { InpaintError } from "../errors.js";
import { padded, planeOf, samplesOf } from "../planes.js";
import { isEmpty } from "../rectangle.js";
import { asOneStep, modally } from "./modal.js";
import { inFront } from "./play.js";
import { readSelection } from "./read.js";
import { selectedRectangle } from "./selection.js";
import { activeDocument } from "./target.js";

/** @typedef {import("../rectangle.js").Rectangle} Rectangle */
/** @typedef {import("../wire/messages.js").Plane} Plane */
/** @typedef {{plane: Plane, where: Rectangle}} Area full scale = may be copied */

/** @type {Map<number, Area>} by document */
const areas = new Map();

/** @param {number} documentID @returns {Area | null} */
export const samplingArea = (documentID) => areas.get(documentID) ?? null;

/** @param {number} documentID */
export const forgetSamplingArea = (documentID) => areas.delete(documentID);

/**
 * Make the selection the sampling area, and deselect, so that the hole can be selected next.
 * @throws {InpaintError} `no_selection`
 */
export async function takeSamplingArea() {
  const document = activeDocument();
  const where = selectedRectangle(document);
  if (!where || isEmpty(where))
    throw new InpaintError("no_selection", "Nothing is selected.", "Select what a fill may copy from, then press this again.");
  await modally("Sampling area", async (context) => {
    areas.set(document.id, { plane: await readSelection(document, where), where });
    await inFront(document, () => asOneStep(context, document.id, "Sampling area", () => document.selection.deselect()));
  });
}

/**
 * The part of an area inside a rectangle to be sent.
 * @param {Area} area
 * @param {Rectangle} rectangle
 * @returns {Plane}
 */
export function areaWithin({ plane, where }, rectangle) {
  const samples = padded(samplesOf(plane), where, rectangle, 1, 0);
  return planeOf(samples, rectangle[2], rectangle[3], 1);
}
