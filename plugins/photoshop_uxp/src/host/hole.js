/** The source of the hole: the selection, else the part hidden by the layer mask, else transparency; or a mask by text. */
import { InpaintError } from "../errors.js";
import { FULL, samplesOf } from "../planes.js";
import { isEmpty, union } from "../rectangle.js";
import { modally, throwIfCancelled } from "./modal.js";
import { readHidden, readLayer, readSelection, readShape } from "./read.js";
import { refuseCombination, selectedRectangle } from "./selection.js";
import { extentOf } from "./target.js";

/** @typedef {import("./target.js").Target} Target */
/** @typedef {import("../rectangle.js").Rectangle} Rectangle */
/** @typedef {import("../wire/messages.js").Plane} Plane */

/**
 * @typedef {object} Hole
 * @property {"selection" | "layer mask" | "transparency" | "text" | "earlier fill"} kind
 * @property {Rectangle} bounds on the canvas
 * @property {Rectangle} extent of what may be sent
 * @property {boolean} selected whether the selection is it, or has a part in it
 */

/** Rows that are looked through at once: bounds of a huge layer shall not take its whole size. */
const BAND_ROWS = 512;

/**
 * @param {Target} target
 * @returns {Promise<Hole>}
 * @throws {InpaintError} `empty_mask`
 */
export async function findHole(target) {
  const extent = target.canvas;
  const selection = selectedRectangle(target.document, extent);
  if (selection) {
    if (isEmpty(selection)) throw noHole("The selection is outside the canvas.");
    return { kind: "selection", bounds: selection, extent, selected: true };
  }
  return modally("Inpaint: looking for the hole", async (context) => {
    const { document, layer, canvas, depth } = target;
    if (target.fill) {
      const shape = await readShape(context, target, target.fill, canvas);
      const filled = boundsWhere(shape, canvas, (value) => value > 0);
      if (filled) return { kind: "earlier fill", bounds: filled, extent, selected: false };
      throw noHole("The active layer is an empty fill.");
    }
    const hidden = layer && (await readHidden(context, target, canvas));
    const masked = hidden && boundsWhere(hidden, canvas, (value) => value > 0);
    if (masked) return { kind: "layer mask", bounds: masked, extent, selected: false };
    if (layer?.isBackgroundLayer) throw noHole("Nothing is selected.");
    if (layer?.transparentPixelsLocked)
      throw noHole("Nothing is selected, and Photoshop does not report the transparency of a layer where it is locked.");
    const full = FULL[depth];
    const clear = await searchBands(canvas, async (band) => {
      throwIfCancelled(context);
      return boundsWhere(await readLayer(document, layer, band, depth), band, (value) => value < full);
    });
    if (clear) return { kind: "transparency", bounds: clear, extent, selected: false };
    throw noHole(`Nothing is selected, and ${layer ? "the layer" : "the picture"} has no transparent part.`);
  });
}

/**
 * Where words may find the hole: in the layer's pixels, and in the selection where that has a say.
 * @param {Target} target
 * @param {import("../textmask.js").Combination} combination with the selection
 * @returns {Hole}
 * @throws {InpaintError} `no_selection`
 */
export function holeByText(target, combination) {
  refuseCombination(target.document, target.canvas, combination);
  const layer = extentOf(target);
  const selection = combination === "replace" ? null : selectedRectangle(target.document, target.canvas);
  const selected = selection !== null && !isEmpty(selection);
  const extent = selected ? union(layer, selection) : layer;
  return { kind: "text", bounds: extent, extent, selected };
}

/**
 * The given hole as a plane of its own, or null when it is the layer's own transparency, or nothing.
 * @param {import("photoshop").ExecutionContext} context
 * @param {Target} target
 * @param {Hole} hole
 * @param {Rectangle} rectangle
 * @returns {Promise<Plane | null>}
 */
export async function readHole(context, target, { kind, selected }, rectangle) {
  if (selected) return readSelection(target.document, rectangle);
  if (kind === "layer mask") return readHidden(context, target, rectangle);
  if (kind === "earlier fill" && target.fill) return readShape(context, target, target.fill, rectangle);
  return null;
}

/**
 * @param {Rectangle} canvas
 * @param {(band: Rectangle) => Promise<Rectangle | null>} look
 * @returns {Promise<Rectangle | null>}
 */
async function searchBands([left, top, width, height], look) {
  /** @type {Rectangle | null} */
  let found = null;
  for (let y = 0; y < height; y += BAND_ROWS) {
    const bounds = await look([left, top + y, width, Math.min(BAND_ROWS, height - y)]);
    if (bounds) found = found ? union(found, bounds) : bounds;
  }
  return found;
}

/**
 * Bounds of the pixels whose last channel meets the condition.
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

/** @param {string} message */
function noHole(message) {
  return new InpaintError(
    "empty_mask",
    `There is nothing to repaint. ${message}`,
    "Select a part of the picture, then press Inpaint.",
  );
}
