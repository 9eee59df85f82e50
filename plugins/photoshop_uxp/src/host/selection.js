/** The document's selection, replaced by a mask or combined with one. */
import { InpaintError } from "../errors.js";
import { padded, planeOf, samplesOf, toDepth } from "../planes.js";
import { edgesOf, intersection, isEmpty, rectangleOf, union } from "../rectangle.js";
import { combined } from "../textmask.js";
import { withGrey } from "./grey.js";
import { readSelection } from "./read.js";
import { canvasOf, depthOf } from "./canvas.js";

/** @typedef {import("photoshop").Document} Document */
/** @typedef {import("../rectangle.js").Rectangle} Rectangle */
/** @typedef {import("../textmask.js").Combination} Combination */
/** @typedef {import("../wire/messages.js").Plane} Plane */

/**
 * The part of the selection on the canvas.
 * @param {Document} document
 * @param {Rectangle} [canvas] or an artboard's
 * @returns {Rectangle | null} empty if it is outside; null if nothing is selected
 */
export function selectedRectangle(document, canvas = canvasOf(document)) {
  const { bounds } = document.selection;
  return bounds && intersection(rectangleOf(bounds), canvas);
}

/**
 * @param {Document} document
 * @param {Rectangle} canvas
 * @param {Combination} combination
 * @throws {InpaintError} `no_selection` when there is nothing to subtract from or to intersect with
 */
export function refuseCombination(document, canvas, combination) {
  const selection = selectedRectangle(document, canvas);
  if (combination === "replace" || combination === "add" || (selection && !isEmpty(selection))) return;
  const what = combination === "subtract" ? "to subtract from" : "to intersect with";
  throw new InpaintError(
    "no_selection",
    `Nothing is selected, so there is nothing ${what}.`,
    "Select something first, or choose Replace.",
  );
}

/**
 * In a modal scope: the mask's greys become the selection's.
 * @param {Document} document
 * @param {Plane} mask
 * @param {Rectangle} where of the mask, within the canvas
 * @param {Combination} combination with the selection that is there now
 * @returns {Promise<string>} the combination that was applied
 */
export async function select(document, mask, where, combination) {
  refuseCombination(document, canvasOf(document), combination);
  const selection = selectedRectangle(document);
  const alone = combination === "replace" || !selection || isEmpty(selection);
  const rectangle = alone ? where : union(where, selection);
  const result = alone ? mask : await joined(document, mask, where, rectangle, combination);
  if (samplesOf(result).every((value) => value === 0))
    throw new InpaintError(
      "empty_mask",
      "Nothing would be left of the selection, so it was not changed.",
      "Choose Replace or Add, or use other words.",
    );
  await withGrey(result, depthOf(document), (imageData) =>
    require("photoshop").imaging.putSelection({
      documentID: document.id,
      imageData,
      replace: true,
      targetBounds: edgesOf(rectangle),
    }),
  );
  return alone ? "replace" : combination;
}

/**
 * @param {Document} document
 * @param {Plane} mask
 * @param {Rectangle} where
 * @param {Rectangle} rectangle that holds the mask and the selection
 * @param {Combination} combination
 * @returns {Promise<Plane>} of the rectangle
 */
async function joined(document, mask, where, rectangle, combination) {
  const [, , width, height] = rectangle;
  const present = await readSelection(document, rectangle);
  const found = padded(samplesOf(mask), where, rectangle, 1, 0);
  return planeOf(combined(found, toDepth(samplesOf(present), mask.depth), combination), width, height, 1);
}
