/** Image data of one channel, as layer masks and selections take it. */
import { samplesOf, toDepth } from "../planes.js";

/** @typedef {import("../wire/messages.js").Plane} Plane */
/** @typedef {import("../wire/messages.js").Depth} Depth */

/**
 * Hand a mask to one of the imaging API's functions.
 * @param {Plane} mask
 * @param {Depth} depth of the document
 * @param {(imageData: any) => Promise<void>} put
 */
export async function withGrey(mask, depth, put) {
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
