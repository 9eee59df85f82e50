/** The pixels of reference pictures: of layers, and of files, which Photoshop opens and closes again. */
import { InpaintError } from "../errors.js";
import { intersection, isEmpty, rectangleOf } from "../rectangle.js";
import { canvasOf, depthOf, layerById } from "./canvas.js";
import { readAtMost } from "./read.js";
import { activeDocument } from "./target.js";

/** @typedef {import("photoshop").Document} Document */
/** @typedef {import("photoshop").Layer} Layer */
/** @typedef {import("../references.js").Reference} Reference */
/** @typedef {import("../wire/messages.js").Plane} Plane */

/** More than any model looks at. */
const MOST_PIXELS = 2_000_000;
const TYPES = ["png", "jpg", "jpeg", "tif", "tiff", "psd", "webp"];

/**
 * The active layer, as a reference.
 * @returns {Reference}
 * @throws {InpaintError} `no_document`, `no_single_layer` or `no_pixels`
 */
export function layerAsReference() {
  const { activeLayers } = activeDocument();
  if (activeLayers.length !== 1)
    throw new InpaintError("no_single_layer", "There is no single active layer.", "Click the layer to use as the reference.");
  const [layer] = activeLayers;
  checkKind(layer);
  return { kind: "layer", name: layer.name, layerID: layer.id, weight: 1 };
}

/**
 * A file that the user chooses.
 * @returns {Promise<Reference | null>} null when nothing was chosen
 */
export async function fileAsReference() {
  const file = await fileSystem().getFileForOpening({ types: TYPES });
  if (!file) return null;
  return { kind: "file", name: file.name, token: await fileSystem().createPersistentToken(file), weight: 1 };
}

/**
 * In a modal scope.
 * @param {Document} document that layers are looked up in
 * @param {Reference} reference
 * @returns {Promise<Plane>}
 * @throws {InpaintError} `no_reference` when it is gone
 */
export function readReference(document, reference) {
  return reference.kind === "layer" ? readLayerAsReference(document, reference) : readFile(reference);
}

/**
 * @param {Document} document
 * @param {Reference} reference
 */
async function readLayerAsReference(document, { name, layerID }) {
  // By name in another document, or if Photoshop has renumbered the layers.
  const byId = layerID === undefined ? null : layerById(document.layers, layerID);
  const layer = byId?.name === name ? byId : (layerByName(document.layers, name) ?? byId);
  if (!layer)
    throw new InpaintError("no_reference", `The layer “${name}”, used as a reference, does not exist.`, "Remove that reference in the panel.");
  checkKind(layer);
  const canvas = canvasOf(document);
  const where = layer.isBackgroundLayer ? canvas : intersection(rectangleOf(layer.boundsNoEffects), canvas);
  if (isEmpty(where))
    throw new InpaintError("no_reference", `The reference “${name}” shows nothing on the canvas.`, "Remove it, or move it onto the canvas.");
  return readAtMost(document, layer, where, depthOf(document), MOST_PIXELS);
}

/** @param {Reference} reference */
async function readFile({ name, token }) {
  const { app } = /** @type {any} */ (require("photoshop"));
  const before = app.documents.length > 0 ? app.activeDocument : null;
  let opened;
  try {
    opened = await app.open(await fileSystem().getEntryForPersistentToken(token));
  } catch {
    throw new InpaintError("no_reference", `The file “${name}”, used as a reference, cannot be opened.`, "Remove it in the panel and choose it again.");
  }
  try {
    return await readAtMost(opened, null, canvasOf(opened), depthOf(opened), MOST_PIXELS);
  } finally {
    await opened.closeWithoutSaving();
    if (before) app.activeDocument = before;
  }
}

/** @param {Layer} layer */
function checkKind(layer) {
  if (layer.kind === "pixel" || layer.isBackgroundLayer) return;
  throw new InpaintError(
    "no_pixels",
    `The layer “${layer.name}” has no pixels of its own, so it cannot be a reference.`,
    "Rasterise it (Layer > Rasterize), or choose a layer with pixels.",
  );
}

/**
 * @param {Iterable<Layer>} layers
 * @param {string} name
 * @returns {Layer | null}
 */
function layerByName(layers, name) {
  for (const layer of layers) {
    if (layer.name === name) return layer;
    const within = layer.layers && layerByName(layer.layers, name);
    if (within) return within;
  }
  return null;
}

/** @returns {any} with the persistent tokens that its types lack */
const fileSystem = () => require("uxp").storage.localFileSystem;
