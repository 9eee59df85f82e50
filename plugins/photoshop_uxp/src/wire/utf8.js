/** UTF-8 without TextEncoder and TextDecoder: reports differ on whether Photoshop has them. */

/**
 * @param {string} text lone surrogates become U+FFFD, as TextEncoder does it
 * @returns {Uint8Array}
 */
export function encodeUtf8(text) {
  /** @type {number[]} */
  const bytes = [];
  for (const character of text) {
    let point = /** @type {number} */ (character.codePointAt(0));
    if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 63));
    else if (point < 0x10000)
      bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    else
      bytes.push(
        0xf0 | (point >> 18),
        0x80 | ((point >> 12) & 63),
        0x80 | ((point >> 6) & 63),
        0x80 | (point & 63),
      );
  }
  return Uint8Array.from(bytes);
}

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 * @throws {RangeError} when the bytes are not UTF-8
 */
export function decodeUtf8(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i++];
    const more = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
    if (more < 0 || i + more > bytes.length) throw new RangeError("not UTF-8");
    let point = more === 0 ? first : first & (0x3f >> more);
    for (let k = 0; k < more; k++) {
      const next = bytes[i++];
      if ((next & 0xc0) !== 0x80) throw new RangeError("not UTF-8");
      point = (point << 6) | (next & 63);
    }
    const tooLong = (more === 2 && point < 0x800) || (more === 3 && point < 0x10000);
    if (tooLong || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw new RangeError("not UTF-8");
    text += String.fromCodePoint(point);
  }
  return text;
}
