/** New layers in Photoshop. Everything here must run in a modal scope. */
import { decodeLight, depthOf as depthOfSamples, samplesOf, toDepth } from "../planes.js";
import { edgesOf } from "../rectangle.js";
import { shortened } from "../text.js";
import { addMask, putMask } from "./mask.js";
import { asOneStep, throwIfCancelled } from "./modal.js";
import { SRGB } from "./read.js";
import { rememberFill } from "./target.js";

/** @typedef {import("photoshop").Document} Document */
/** @typedef {import("photoshop").Layer} Layer */
/** @typedef {import("photoshop").ExecutionContext} ExecutionContext */
/** @typedef {import("../wire/messages.js").Plane} Plane */
/** @typedef {import("../wire/messages.js").Depth} Depth */
/** @typedef {import("../wire/messages.js").Message} Message */

/**
 * Put the layers of an answer above a layer, as one step of the history.
 * @param {ExecutionContext} context
 * @param {{document: Document, above: Layer | null, source: Layer | null, depth: Depth}} place
 * @param {Message} finished
 * @param {string} prompt
 * @returns {Promise<string>} the name of what was inserted
 */
export async function insertLayers(context, { document, above, source, depth }, finished, prompt) {
  const name = layerName(prompt);
  const { layers } = finished;
  await asOneStep(context, document.id, name, async () => {
    const made = [];
    // The last first: each goes directly above the same layer, and the first shall be on top.
    for (const index of [...layers.keys()].reverse()) {
      throwIfCancelled(context);
      context.reportProgress({ value: 1 - index / layers.length, commandName: name });
      const title = layers.length === 1 ? name : `${name}, variant ${index + 1}`;
      const layer = await newLayer(document, above, title);
      await writePixels(document, layer, layers[index], depth);
      if (layers[index].mask) {
        const { mask, offset } = layers[index];
        await addMask(document, layer, "revealAll");
        await putMask(document, layer, mask, [offset[0], offset[1], mask.width, mask.height], depth);
      }
      if (index > 0) layer.visible = false;
      made.unshift(layer);
    }
    const group = made.length > 1 ? await document.createLayerGroup({ name, fromLayers: made }) : null;
    if (source) for (const layer of group ? [group, ...made] : made) rememberFill(document.id, layer.id, source.id);
  });
  return name;
}

/** @param {string} prompt */
export const layerName = (prompt) => (prompt.trim() ? `Inpaint: ${shortened(prompt)}` : "Inpaint");

/**
 * @param {Document} document
 * @param {Layer | null} above
 * @param {string} name
 * @returns {Promise<Layer>}
 */
async function newLayer(document, above, name) {
  const { constants } = require("photoshop");
  const layer = await document.createPixelLayer({ name });
  if (!layer) throw new Error("no layer was made");
  if (above) layer.move(above, constants.ElementPlacement.PLACEBEFORE);
  return layer;
}

/**
 * @param {Document} document
 * @param {Layer} layer
 * @param {{pixels: Plane, offset: [number, number]}} result
 * @param {Depth} depth of the document
 */
async function writePixels(document, layer, { pixels, offset }, depth) {
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
