/** Image data of one channel, as layer masks and selections take it. */
import { samplesOf, toDepth } from "../planes.js";

/** @typedef {import("../wire/messages.js").Plane} Plane */
/** @typedef {import("../wire/messages.js").Depth} Depth */

/**
 * Hand a mask to one of the imaging API's functions. Adobe's examples give 8 bits and say nothing of deeper documents,
 * so that is tried first, and the document's own depth when it is refused; the other way round for a mask that would
 * lose something in 8 bits.
 * @param {Plane} mask
 * @param {Depth} depth of the document
 * @param {(imageData: any) => Promise<void>} put
 * @param {{exact?: boolean}} [options]
 */
export async function withGrey(mask, depth, put, { exact = false } = {}) {
  const [first, second] = exact ? [depth, /** @type {Depth} */ ("u8")] : [/** @type {Depth} */ ("u8"), depth];
  try {
    await putAs(mask, first, put);
  } catch (error) {
    if (first === second) throw error;
    await putAs(mask, second, put);
  }
}

/**
 * @param {Plane} mask
 * @param {Depth} depth
 * @param {(imageData: any) => Promise<void>} put
 */
async function putAs(mask, depth, put) {
  const samples = toDepth(samplesOf(mask), depth).slice();
  const imageData = await require("photoshop").imaging.createImageDataFromBuffer(samples, {
    width: mask.width,
    height: mask.height,
    components: 1,
    colorSpace: "Grayscale",
    colorProfile: "Gray Gamma 2.2",
    chunky: true,
    fullRange: true,
  });
  try {
    await put(imageData);
  } finally {
    imageData.dispose();
  }
}
