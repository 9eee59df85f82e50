/** Pictures for the panel's <img>: small ones, and addresses that Photoshop shows. */
import { FULL, newSamples, samplesOf } from "../planes.js";
import { pngDataUrl } from "./png.js";

/** @typedef {import("../wire/messages.js").Plane} Plane */

/** The background shown behind transparent parts. */
const MIDDLE = 128;

/**
 * The address of a picture. Adobe documents JPEG, made by Photoshop, for <img>; PNG is what other plug-ins use.
 * @param {Plane} plane of 8-bit samples, 3 or 4 channels
 * @returns {Promise<string>}
 */
export async function pictureUrl(plane) {
  const { imaging } = require("photoshop");
  let imageData = null;
  try {
    imageData = await imaging.createImageDataFromBuffer(opaque(plane), {
      width: plane.width,
      height: plane.height,
      components: 3,
      colorSpace: "RGB",
      colorProfile: "sRGB IEC61966-2.1",
      chunky: true,
    });
    const jpeg = await imaging.encodeImageData({ imageData, base64: true });
    if (typeof jpeg !== "string" || jpeg === "") throw new Error("no picture");
    return `data:image/jpeg;base64,${jpeg}`;
  } catch {
    return pngDataUrl(plane);
  } finally {
    imageData?.dispose();
  }
}

/**
 * A picture that fits into a square, each pixel the nearest of the original's.
 * @param {Plane} plane of any depth, 3 or 4 channels
 * @param {number} side of the square in pixels
 * @returns {Plane} of 8-bit samples
 */
export function thumbnail(plane, side) {
  const scale = Math.min(1, side / Math.max(plane.width, plane.height));
  const [width, height] = [plane.width, plane.height].map((length) => Math.max(1, Math.round(length * scale)));
  const { channels } = plane;
  const from = samplesOf(plane);
  const to = newSamples("u8", width * height * channels);
  const factor = 255 / FULL[plane.depth];
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.min(plane.height - 1, Math.floor((y + 0.5) / scale));
    for (let x = 0; x < width; x++) {
      const column = Math.min(plane.width - 1, Math.floor((x + 0.5) / scale));
      const start = (row * plane.width + column) * channels;
      for (let c = 0; c < channels; c++) to[at++] = Math.max(0, Math.min(255, Math.round(from[start + c] * factor)));
    }
  }
  return { width, height, channels, depth: "u8", data: new Uint8Array(to.buffer) };
}

/** @param {Plane} plane of 8-bit samples */
function opaque({ width, height, channels, data }) {
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    const alpha = channels === 4 ? data[from + 3] / 255 : 1;
    for (let c = 0; c < 3; c++) {
      const value = data[from + (channels < 3 ? 0 : c)];
      rgb[to + c] = Math.round(value * alpha + MIDDLE * (1 - alpha));
    }
  }
  return rgb;
}
