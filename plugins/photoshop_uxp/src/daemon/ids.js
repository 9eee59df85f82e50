/** Random bytes and request ids. */
import { toHex } from "../wire/sha256.js";

/** @param {number} count */
export function randomBytes(count) {
  const bytes = new Uint8Array(count);
  if (typeof globalThis.crypto?.getRandomValues === "function") return crypto.getRandomValues(bytes);
  // An older Photoshop. Ids need to differ, and a nonce must not come twice; neither is a key.
  const now = Date.now();
  return bytes.map((_, i) => (Math.random() * 256) ^ (i < 6 ? (now / 2 ** (8 * i)) & 255 : 0));
}

/** 32 hexadecimal digits that nobody else has chosen. */
export const newRequestId = () => toHex(randomBytes(16));
