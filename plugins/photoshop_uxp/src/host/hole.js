/** Where the hole is: the selection, else what the layer mask hides, else transparency. */
import { InpaintError } from "../errors.js";
import { FULL, samplesOf } from "../planes.js";
import { intersection, isEmpty, rectangleOf } from "../rectangle.js";
import { modally, throwIfCancelled } from "./modal.js";
import { readHidden, readLayer, readSelection } from "./read.js";

/** @typedef {import("./target.js").Target} Target */
/** @typedef {import("../rectangle.js").Rectangle} Rectangle */
/** @typedef {import("../wire/messages.js").Plane} Plane */

/**
 * @typedef {object} Hole
 * @property {"selection" | "layer mask" | "transparency"} kind
 * @property {Rectangle} bounds on the canvas
 */

/** Rows that are looked through at once: bounds of a huge layer shall not take its whole size. */
const BAND_ROWS = 512;

/**
 * @param {Target} target
 * @returns {Promise<Hole>}
 * @throws {InpaintError} `empty_mask`
 */
export async function findHole(target) {
  const selected = target.document.selection.bounds;
  if (selected) {
    const bounds = intersection(rectangleOf(selected), target.canvas);
    if (isEmpty(bounds)) throw noHole("The selection lies outside of the canvas.");
    return { kind: "selection", bounds };
  }
  return modally("Inpaint: looking for the hole", async (context) => {
    const search = (/** @type {(band: Rectangle) => Promise<Rectangle | null | undefined>} */ look) =>
      searchBands(target.canvas, (band) => {
        throwIfCancelled(context);
        return look(band);
      });
    const hidden = await search(async (band) => {
      const plane = await readHidden(target.document, target.layer, band);
      return plane ? boundsWhere(plane, band, (value) => value > 0) : undefined;
    });
    if (hidden) return { kind: "layer mask", bounds: hidden };
    if (target.layer.isBackgroundLayer) throw noHole("Nothing is selected.");
    if (target.layer.transparentPixelsLocked)
      throw noHole("Nothing is selected, and Photoshop does not tell the transparency of a layer that has it locked.");
    const full = FULL[target.depth];
    const clear = await search(async (band) =>
      boundsWhere(await readLayer(target.document, target.layer, band, target.depth), band, (value) => value < full),
    );
    if (clear) return { kind: "transparency", bounds: clear };
    throw noHole("Nothing is selected, and the layer has no transparent part.");
  });
}

/**
 * The hole as a plane of its own, or null when it is the layer's own transparency.
 * @param {Target} target
 * @param {Hole["kind"]} kind
 * @param {Rectangle} rectangle
 * @returns {Promise<Plane | null>}
 */
export async function readHole({ document, layer }, kind, rectangle) {
  if (kind === "selection") return readSelection(document, rectangle);
  if (kind === "layer mask") return readHidden(document, layer, rectangle);
  return null;
}

/**
 * @param {Rectangle} canvas
 * @param {(band: Rectangle) => Promise<Rectangle | null | undefined>} look undefined ends the search
 * @returns {Promise<Rectangle | null>}
 */
async function searchBands([, , width, height], look) {
  /** @type {Rectangle | null} */
  let found = null;
  for (let y = 0; y < height; y += BAND_ROWS) {
    const bounds = await look([0, y, width, Math.min(BAND_ROWS, height - y)]);
    if (bounds === undefined) return null;
    if (bounds) found = found ? union(found, bounds) : bounds;
  }
  return found;
}

/**
 * Bounds of the pixels whose last channel is as asked for.
 * @param {Plane} plane
 * @param {Rectangle} where
 * @param {(value: number) => boolean} matches
 * @returns {Rectangle | null}
 */
function boundsWhere(plane, [x, y, width, height], matches) {
  const { channels } = plane;
  if (channels === 3) return null;
  const samples = samplesOf(plane);
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let row = 0, at = channels - 1; row < height; row++) {
    for (let column = 0; column < width; column++, at += channels) {
      if (!matches(samples[at])) continue;
      if (column < left) left = column;
      if (column > right) right = column;
      if (row < top) top = row;
      bottom = row;
    }
  }
  return right < 0 ? null : [x + left, y + top, right - left + 1, bottom - top + 1];
}

/**
 * @param {Rectangle} a
 * @param {Rectangle} b
 * @returns {Rectangle}
 */
function union(a, b) {
  const [x, y] = [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
  return [x, y, Math.max(a[0] + a[2], b[0] + b[2]) - x, Math.max(a[1] + a[3], b[1] + b[3]) - y];
}

/** @param {string} message */
function noHole(message) {
  return new InpaintError(
    "empty_mask",
    `There is nothing to repaint. ${message}`,
    "Select a part of the picture, then press Inpaint.",
  );
}
