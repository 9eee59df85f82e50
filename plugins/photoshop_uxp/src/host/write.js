/** New layers in Photoshop. Everything here must run in a modal scope. */
import { decodeLight, depthOf as depthOfSamples, maskedAlpha, samplesOf, toDepth } from "../planes.js";
import { edgesOf } from "../rectangle.js";
import { shortened } from "../text.js";
import { layerById } from "./canvas.js";
import { addMask, putMask } from "./mask.js";
import { asOneStep, throwIfCancelled } from "./modal.js";
import { writeNote } from "./notes.js";
import { inFront } from "./play.js";
import { SRGB } from "./read.js";

/** @typedef {import("photoshop").Document} Document */
/** @typedef {import("photoshop").Layer} Layer */
/** @typedef {import("photoshop").ExecutionContext} ExecutionContext */
/** @typedef {import("../wire/messages.js").Plane} Plane */
/** @typedef {import("../wire/messages.js").Depth} Depth */
/** @typedef {import("../wire/messages.js").Message} Message */
/** @typedef {import("./notes.js").Note} Note */
/** @typedef {import("./target.js").Place} Place */

/**
 * @typedef {object} Inserted
 * @property {string} name
 * @property {{documentID: number, groupID: number, layerIDs: number[]} | null} variants when there are several
 * @property {string[]} remarks on what could not be done as meant
 */

/**
 * Put the layers of an answer in their place, as one step of the history.
 * @param {ExecutionContext} context
 * @param {{document: Document, place: Place, depth: Depth}} where
 * @param {Message} finished
 * @param {{source: number | null, settings: Record<string, any>}} made from what and how
 * @returns {Promise<Inserted>}
 */
export async function insertLayers(context, { document, place, depth }, finished, { source, settings }) {
  const name = layerName(settings.prompt ?? "");
  const { layers, model } = finished;
  /** @type {Set<string>} */
  const remarks = new Set();
  /** @type {Layer[]} */
  const made = [];
  let groupID = -1;
  const work = async () => {
    const below = spot(document, place, remarks);
    // The last first: each goes directly above the same layer, and the first shall be on top.
    for (const index of [...layers.keys()].reverse()) {
      throwIfCancelled(context);
      context.reportProgress({ value: 1 - index / layers.length, commandName: name });
      const title = layers.length === 1 ? name : `${name}, variant ${index + 1}`;
      const layer = await newLayer(document, below, title);
      await writeResult(context, document, layer, layers[index], depth, remarks);
      if (index > 0) layer.visible = false;
      made.unshift(layer);
    }
    const group = made.length > 1 ? await document.createLayerGroup({ name, fromLayers: made }) : null;
    if (group) groupID = group.id;
    for (const layer of group ? [group, ...made] : made) {
      const { seed } = layers[Math.max(0, made.indexOf(layer))];
      const kept = await writeNote(document.id, layer.id, { version: 1, source, settings, seed, model });
      if (!kept) remarks.add("Photoshop did not store the recipe on the layer; the plug-in remembers it until Photoshop is closed.");
    }
  };
  await inFront(document, () => asOneStep(context, document.id, name, work));
  const layerIDs = made.map(({ id }) => id);
  return {
    name,
    variants: layerIDs.length > 1 ? { documentID: document.id, groupID, layerIDs } : null,
    remarks: [...remarks],
  };
}

/** @param {string} prompt */
export const layerName = (prompt) => (prompt.trim() ? `Inpaint: ${shortened(prompt)}` : "Inpaint");

/**
 * The layer that the new one goes directly above; null = as Photoshop makes it.
 * @param {Document} document
 * @param {Place} place
 * @param {Set<string>} remarks
 * @returns {Layer | null}
 */
function spot(document, { aboveID, boardID }, remarks) {
  const board = boardID === null ? null : layerById(document.layers, boardID);
  const top = (board?.layers ?? document.layers)[0] ?? null;
  if (aboveID === null) return top;
  const above = layerById(document.layers, aboveID);
  if (above) return aboveClipped(document, above);
  remarks.add("The layer it was made for was deleted in the meantime, so the fill is on top.");
  return top;
}

/**
 * A layer between a clipping mask and what it clips would become what clips: go above all of them.
 * @param {Document} document
 * @param {Layer} layer
 */
function aboveClipped(document, layer) {
  const siblings = [...(layer.parent?.layers ?? document.layers)];
  let at = siblings.findIndex(({ id }) => id === layer.id);
  while (at > 0 && siblings[at - 1].isClippingMask) at--;
  return siblings[at] ?? layer;
}

/**
 * @param {Document} document in front
 * @param {Layer | null} below
 * @param {string} name
 * @returns {Promise<Layer>}
 */
async function newLayer(document, below, name) {
  const { constants } = require("photoshop");
  const layer = await document.createPixelLayer({ name });
  if (!layer) throw new Error("no layer was made");
  if (below) layer.move(below, constants.ElementPlacement.PLACEBEFORE);
  return layer;
}

/**
 * The pixels of one variant and its layer mask. Where no mask can be added, the pixels are cut out instead.
 * @param {ExecutionContext} context
 * @param {Document} document
 * @param {Layer} layer
 * @param {{pixels: Plane, offset: [number, number], mask: Plane | null}} result
 * @param {Depth} depth of the document
 * @param {Set<string>} remarks
 */
async function writeResult(context, document, layer, { pixels, offset, mask }, depth, remarks) {
  await writePixels(document, layer, pixels, offset, depth);
  if (!mask) return;
  try {
    await addMask(layer, "hideAll");
    await putMask(document, layer, mask, [offset[0], offset[1], mask.width, mask.height], depth);
  } catch {
    throwIfCancelled(context);
    await writePixels(document, layer, maskedAlpha(pixels, mask), offset, depth);
    remarks.add("Photoshop did not add a layer mask, so the fill is cut out instead.");
  }
}

/**
 * @param {Document} document
 * @param {Layer} layer
 * @param {Plane} pixels
 * @param {[number, number]} offset
 * @param {Depth} depth of the document
 */
async function writePixels(document, layer, pixels, offset, depth) {
  const samples = toDepth(samplesOf(pixels), depth).slice();
  if (depthOfSamples(samples) === "f32") decodeLight(/** @type {Float32Array} */ (samples), pixels.channels);
  const { imaging } = require("photoshop");
  const imageData = await imaging.createImageDataFromBuffer(samples, {
    width: pixels.width,
    height: pixels.height,
    components: pixels.channels,
    colorSpace: "RGB",
    colorProfile: SRGB,
    chunky: true,
    fullRange: true,
  });
  try {
    await imaging.putPixels({
      documentID: document.id,
      layerID: layer.id,
      imageData,
      replace: true,
      targetBounds: edgesOf([...offset, pixels.width, pixels.height]),
    });
  } finally {
    imageData.dispose();
  }
}
