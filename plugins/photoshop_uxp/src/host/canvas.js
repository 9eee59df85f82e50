/** The structure of a document: its canvas, its depth, its artboards. */
import { InpaintError } from "../errors.js";
import { rectangleOf } from "../rectangle.js";
import { play } from "./play.js";

/** @typedef {import("photoshop").Document} Document */
/** @typedef {import("photoshop").Layer} Layer */
/** @typedef {import("../wire/messages.js").Depth} Depth */
/** @typedef {import("../rectangle.js").Rectangle} Rectangle */

/** @type {Record<string, Depth>} */
const DEPTHS = { bitDepth8: "u8", bitDepth16: "u16", bitDepth32: "f32" };

const READABLE_MODES = ["RGBColorMode", "CMYKColorMode", "grayscaleMode", "labColorMode"];

/** @param {Document} document @returns {Rectangle} */
export const canvasOf = (document) => [0, 0, Math.round(document.width), Math.round(document.height)];

/**
 * @param {Document} document
 * @returns {Depth}
 * @throws {InpaintError} `unsupported_mode`
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
 * The artboard that a layer lies on. Its coordinates may be negative: an artboard can lie to the left of or above
 * what the document had as its canvas.
 * @param {Document} document
 * @param {Layer | null} layer
 * @returns {Promise<{board: Layer, rectangle: Rectangle} | null>}
 */
export async function artboardOf(document, layer) {
  let top = layer;
  while (top?.parent) top = top.parent;
  if (!top || top.kind !== "group") return null;
  try {
    const target = [{ _property: "artboard" }, { _ref: "layer", _id: top.id }, { _ref: "document", _id: document.id }];
    const [result] = await play([{ _obj: "get", _target: target }]);
    const edges = result.artboard?.artboardRect;
    return edges ? { board: top, rectangle: rectangleOf(edges) } : null;
  } catch {
    return null; // not an artboard
  }
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
