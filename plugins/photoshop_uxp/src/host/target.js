/** The target of a fill: the document, the part of it to read, the place for the result, and a check that all of it still exists. */
import { InpaintError } from "../errors.js";
import { intersection, isEmpty, isSame, rectangleOf } from "../rectangle.js";
import { artboardOf, canvasOf, depthOf, layerById } from "./canvas.js";
import { readNote } from "./notes.js";

/** @typedef {import("photoshop").Document} Document */
/** @typedef {import("photoshop").Layer} Layer */
/** @typedef {import("../wire/messages.js").Depth} Depth */
/** @typedef {import("../rectangle.js").Rectangle} Rectangle */

/**
 * @typedef {object} Place where new layers go
 * @property {number | null} aboveID directly above this layer; null = on top of everything
 * @property {number | null} boardID of the artboard, when "everything" means the layers on it
 */

/**
 * @typedef {object} Target
 * @property {Document} document
 * @property {Layer | null} layer that is read and not changed; null = all visible layers
 * @property {Layer | null} fill an earlier one, whose shape is the hole
 * @property {Place} place
 * @property {Rectangle} canvas of the document, or of the artboard
 * @property {Rectangle} size of the document's canvas
 * @property {Depth} depth
 */

/** @typedef {"visible" | "active"} Source */

/** @type {Record<string, string>} */
const KINDS = {
  group: "a group",
  smartObject: "a smart object",
  text: "a text layer",
  video: "a video layer",
  threeD: "a 3D layer",
};

/**
 * @param {{source?: Source, byText?: boolean, itself?: boolean}} [options] `itself`: the active layer, even if it is a
 *   fill; `byText`: words find the hole, so that it need not come from the layer
 * @returns {Promise<Target>}
 * @throws {InpaintError} when the target is ambiguous or cannot be read
 */
export async function findTarget({ source = "visible", byText = false, itself = false } = {}) {
  const document = activeDocument();
  const depth = depthOf(document);
  const size = canvasOf(document);
  const [active = null] = document.activeLayers;
  const artboard = await artboardOf(document, active);
  const canvas = artboard?.rectangle ?? size;
  const note = active && !itself ? await readNote(document.id, active.id) : null;
  if (active && note && hasPixels(active) && !byText && !document.selection.bounds) {
    // Nothing is selected and an earlier fill is active: once more, in its place, from what it was made from.
    const layer = note.source === null ? null : layerById(document.layers, note.source);
    const place = { aboveID: active.id, boardID: null };
    return { document, layer, fill: active, place, canvas: layer ? canvas : withinDocument(canvas, size), size, depth };
  }
  if (!itself && source === "visible" && (byText || document.selection.bounds || !hasPixels(active)))
    return {
      document,
      layer: null,
      fill: null,
      place: { aboveID: null, boardID: artboard?.board.id ?? null },
      canvas: withinDocument(canvas, size),
      size,
      depth,
    };
  const above = singleLayer(document);
  const layer = (note?.source && layerById(document.layers, note.source)) || above;
  checkKind(layer);
  return { document, layer, fill: null, place: { aboveID: above.id, boardID: null }, canvas, size, depth };
}

/**
 * @returns {Document}
 * @throws {InpaintError} `no_document`
 */
export function activeDocument() {
  const { app } = require("photoshop");
  if (app.documents.length === 0)
    throw new InpaintError("no_document", "No document is open.", "Open a picture, then select what to repaint.");
  return app.activeDocument;
}

/**
 * Where there are pixels on the canvas.
 * @param {Target} target
 * @returns {Rectangle}
 * @throws {InpaintError} `no_pixels`
 */
export function extentOf({ layer, canvas }) {
  // A Background fills the canvas, whatever bounds Photoshop reports.
  if (!layer || layer.isBackgroundLayer) return canvas;
  const extent = intersection(rectangleOf(layer.boundsNoEffects), canvas);
  if (!isEmpty(extent)) return extent;
  throw new InpaintError(
    "no_pixels",
    "The active layer has no pixels on the canvas.",
    "In the Layers panel, click the layer that shows what you want to find.",
  );
}

/**
 * The document's current state, so that a late answer does not land in the wrong place.
 * @param {Target} target
 * @param {"read" | "insert" | "write"} purpose the intended operation; only results to insert are kept
 * @returns {Document}
 */
export function sameDocument({ document, size, depth }, purpose) {
  const changed = (/** @type {string} */ message, /** @type {string} */ hint) =>
    purpose === "insert"
      ? new InpaintError("document_changed", `${message} The fill is kept.`, hint)
      : new InpaintError("document_changed", `${message} Nothing was changed.`, "Try again.");
  const found = [...require("photoshop").app.documents].find(({ id }) => id === document.id);
  if (!found) throw changed("The document was closed in the meantime.", "Open it again, then choose Insert last result.");
  if (!isSame(canvasOf(found), size))
    throw changed(
      "The document's size changed in the meantime, so the answer might not fit.",
      "To insert it at its old coordinates anyway, choose Insert last result.",
    );
  if (depthOf(found) !== depth)
    throw changed("The document's bit depth changed in the meantime.", "Choose Insert last result to convert and insert it.");
  return found;
}

/**
 * @param {Target} target that has a layer
 * @param {Rectangle} extent that its layer had
 * @returns {Layer} as it is now
 * @throws {InpaintError} `layer_changed` when the layer is no longer there, or no longer in its place
 */
export function sameLayer(target, extent) {
  const there = layerById(target.document.layers, target.layer?.id ?? -1);
  if (there && isSame(extentOf({ ...target, layer: there }), extent)) return there;
  throw new InpaintError(
    "layer_changed",
    `The layer was ${there ? "moved or changed" : "deleted"} in the meantime. Nothing was changed.`,
    there ? "Try again." : "Click another layer, then try again.",
  );
}

/**
 * @param {Rectangle} canvas
 * @param {Rectangle} size
 */
function withinDocument(canvas, size) {
  const seen = intersection(canvas, size);
  if (!isEmpty(seen)) return seen;
  throw new InpaintError(
    "no_pixels",
    "Photoshop does not provide the contents of an artboard outside of the canvas.",
    "Choose Source: Active layer.",
  );
}

/** @param {Document} document */
function singleLayer(document) {
  const active = document.activeLayers;
  if (active.length === 1) return active[0];
  throw new InpaintError(
    "no_single_layer",
    active.length === 0 ? "No layer is active." : `${active.length} layers are active.`,
    "In the Layers panel, click the one layer to repaint, or select a part of the picture.",
  );
}

/** @param {Layer | null} layer */
const hasPixels = (layer) => layer !== null && (layer.kind === "pixel" || layer.isBackgroundLayer);

/** @param {Layer} layer */
function checkKind(layer) {
  if (hasPixels(layer)) return;
  throw new InpaintError(
    "no_pixels",
    `The active layer is ${KINDS[layer.kind] ?? "an adjustment or fill layer"}, which has no pixels of its own.`,
    "Choose Source: All visible layers, or rasterise the layer (Layer > Rasterize).",
  );
}
