/** What the user means: which document and layer, and whether they are still the same later. */
import { InpaintError } from "../errors.js";
import { intersection, isEmpty, isSame, rectangleOf } from "../rectangle.js";

/** @typedef {import("photoshop").Document} Document */
/** @typedef {import("photoshop").Layer} Layer */
/** @typedef {import("../wire/messages.js").Depth} Depth */
/** @typedef {import("../rectangle.js").Rectangle} Rectangle */

/**
 * @typedef {object} Target
 * @property {Document} document
 * @property {Layer} layer that is read, and stays as it is
 * @property {Layer} above the new layer goes directly above this one
 * @property {Rectangle} canvas
 * @property {Depth} depth
 */

/** @type {Record<string, Depth>} */
const DEPTHS = { bitDepth8: "u8", bitDepth16: "u16", bitDepth32: "f32" };

const READABLE_MODES = ["RGBColorMode", "CMYKColorMode", "grayscaleMode", "labColorMode"];

/** @type {Record<string, string>} */
const KINDS = {
  group: "a group",
  smartObject: "a smart object",
  text: "a text layer",
  video: "a video layer",
  threeD: "a 3D layer",
};

/**
 * Layers that this plug-in has made, and what each was made for, so that a fill that happens to be
 * active is not taken for the picture.
 * @type {Map<string, number>}
 */
const sources = new Map();

/**
 * @param {number} documentID
 * @param {number} layerID of the new layer
 * @param {number} sourceID of the layer that it was made for
 */
export const rememberFill = (documentID, layerID, sourceID) => sources.set(`${documentID}/${layerID}`, sourceID);

/**
 * @param {{itself?: boolean}} [options] `itself`: the active layer, even if it is a fill
 * @returns {Target}
 * @throws {InpaintError} when it is not clear what is meant, or cannot be read
 */
export function findTarget({ itself = false } = {}) {
  const { app } = require("photoshop");
  if (app.documents.length === 0)
    throw new InpaintError("no_document", "No document is open.", "Open a picture, then select what to repaint.");
  const document = app.activeDocument;
  const above = activeLayer(document);
  const sourceID = itself ? undefined : sources.get(`${document.id}/${above.id}`);
  const layer = (sourceID !== undefined && layerById(document.layers, sourceID)) || above;
  checkKind(layer);
  return { document, layer, above, canvas: canvasOf(document), depth: depthOf(document) };
}

/** @param {Document} document @returns {Rectangle} */
export const canvasOf = (document) => [0, 0, Math.round(document.width), Math.round(document.height)];

/**
 * Where the layer has pixels on the canvas.
 * @param {Target} target
 * @returns {Rectangle}
 * @throws {InpaintError} `no_pixels`
 */
export function extentOf({ layer, canvas }) {
  // A Background fills the canvas, whatever its bounds are said to be.
  if (layer.isBackgroundLayer) return canvas;
  const extent = intersection(rectangleOf(layer.boundsNoEffects), canvas);
  if (!isEmpty(extent)) return extent;
  throw new InpaintError(
    "no_pixels",
    "The active layer has no pixels on the canvas.",
    "Click the layer that shows what is to be found in the Layers panel.",
  );
}

/**
 * @param {Document} document
 * @returns {Depth}
 */
export function depthOf(document) {
  const depth = DEPTHS[document.bitsPerChannel];
  if (!depth || !READABLE_MODES.includes(document.mode))
    throw new InpaintError(
      "unsupported_mode",
      "Documents of this colour mode cannot be inpainted.",
      "Choose Image > Mode > RGB Color first.",
    );
  return depth;
}

/**
 * The document as it is now, so that a late answer does not land in a wrong place.
 * @param {Target} target
 * @param {"read" | "insert" | "write"} purpose what was meant to be done; only what is inserted is kept
 * @returns {Document}
 */
export function sameDocument({ document, canvas, depth }, purpose) {
  const changed = (/** @type {string} */ message, /** @type {string} */ hint) =>
    purpose === "insert"
      ? new InpaintError("document_changed", `${message} The fill is kept.`, hint)
      : new InpaintError("document_changed", `${message} Nothing was changed.`, "Try again.");
  const found = [...require("photoshop").app.documents].find(({ id }) => id === document.id);
  if (!found) throw changed("The document was closed meanwhile.", "Open it again, then choose Insert last result.");
  const now = canvasOf(found);
  if (now[2] !== canvas[2] || now[3] !== canvas[3])
    throw changed(
      "The document's size has changed meanwhile, so the answer might not fit.",
      "To have it at its old coordinates all the same, choose Insert last result.",
    );
  if (depthOf(found) !== depth)
    throw changed("The document's bit depth has changed meanwhile.", "Choose Insert last result to have it converted.");
  return found;
}

/**
 * @param {Target} target
 * @param {Rectangle} extent that its layer had
 * @throws {InpaintError} `layer_changed` when the layer is no longer there, or no longer in its place
 */
export function sameLayer(target, extent) {
  const there = layerById(target.document.layers, target.layer.id);
  if (there && isSame(extentOf(target), extent)) return;
  throw new InpaintError(
    "layer_changed",
    `The layer was ${there ? "moved or changed" : "deleted"} meanwhile. Nothing was changed.`,
    there ? "Try again." : "Click another layer, then try again.",
  );
}

/**
 * @param {Iterable<Layer>} layers
 * @param {number} id
 * @returns {Layer | null}
 */
export function layerById(layers, id) {
  for (const layer of layers) {
    if (layer.id === id) return layer;
    const within = layer.layers && layerById(layer.layers, id);
    if (within) return within;
  }
  return null;
}

/** @param {Document} document */
function activeLayer(document) {
  const active = document.activeLayers;
  if (active.length !== 1)
    throw new InpaintError(
      "no_single_layer",
      active.length === 0 ? "No layer is active." : `${active.length} layers are active.`,
      "Click the one layer that is to be repainted in the Layers panel.",
    );
  return active[0];
}

/** @param {Layer} layer */
function checkKind(layer) {
  if (layer.kind === "pixel" || layer.isBackgroundLayer) return;
  throw new InpaintError(
    "no_pixels",
    `The active layer is ${KINDS[layer.kind] ?? "an adjustment or fill layer"}, which has no pixels of its own.`,
    "Rasterise it (Layer > Rasterize), or stamp all that is visible into a new layer " +
      "(Ctrl+Alt+Shift+E, on a Mac Cmd+Option+Shift+E), then inpaint that.",
  );
}
