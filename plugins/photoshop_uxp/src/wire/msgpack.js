/**
 * MessagePack, as much of it as the protocol's headers use: no extensions, no timestamps.
 *
 * Not the npm package: it makes a TextEncoder when it is loaded, which Photoshop may not have, and
 * it cannot write a whole number as a float, which the protocol's byte vectors ask for.
 */
import { decodeUtf8, encodeUtf8 } from "./utf8.js";

/** A number that is written as a 64-bit float even when it is whole. */
export class Float {
  /** @param {number} value */
  constructor(value) {
    this.value = value;
  }
}

const MOST_DEPTH = 32;

/**
 * @param {unknown} value null, boolean, number, Float, string, Uint8Array, array or plain object
 * @returns {Uint8Array}
 */
export function pack(value) {
  const writer = new Writer();
  writer.value(value);
  return writer.bytes();
}

/**
 * @param {Uint8Array} bytes exactly one value
 * @returns {any}
 * @throws {RangeError} when the bytes are not valid MessagePack, or use features that the protocol does not
 */
export function unpack(bytes) {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.position !== bytes.length) throw new RangeError("bytes after the end");
  return value;
}

class Writer {
  constructor() {
    this.buffer = new Uint8Array(1024);
    this.view = new DataView(this.buffer.buffer);
    this.length = 0;
  }

  bytes() {
    return this.buffer.slice(0, this.length);
  }

  /** @param {number} count bytes that are about to be written; returns where */
  reserve(count) {
    const start = this.length;
    this.length += count;
    if (this.length > this.buffer.length) {
      const larger = new Uint8Array(Math.max(this.length, 2 * this.buffer.length));
      larger.set(this.buffer);
      this.buffer = larger;
      this.view = new DataView(larger.buffer);
    }
    return start;
  }

  /** @param {number} byte */
  byte(byte) {
    const at = this.reserve(1);
    this.buffer[at] = byte;
  }

  /**
   * @param {number} type
   * @param {number} width 1, 2, 4 or 8 bytes
   * @param {number} number not negative
   */
  sized(type, width, number) {
    const at = this.reserve(1 + width);
    this.buffer[at] = type;
    if (width === 1) this.view.setUint8(at + 1, number);
    else if (width === 2) this.view.setUint16(at + 1, number);
    else if (width === 4) this.view.setUint32(at + 1, number);
    else {
      this.view.setUint32(at + 1, Math.floor(number / 2 ** 32));
      this.view.setUint32(at + 5, number >>> 0);
    }
  }

  /** @param {number} number */
  float(number) {
    const at = this.reserve(9);
    this.buffer[at] = 0xcb;
    this.view.setFloat64(at + 1, number);
  }

  /** @param {number} number */
  integer(number) {
    if (number >= 0) {
      if (number < 0x80) this.byte(number);
      else if (number < 0x100) this.sized(0xcc, 1, number);
      else if (number < 0x10000) this.sized(0xcd, 2, number);
      else if (number < 2 ** 32) this.sized(0xce, 4, number);
      else this.sized(0xcf, 8, number);
    } else if (number >= -32) this.byte(number & 0xff);
    else if (number >= -0x80) this.sized(0xd0, 1, number & 0xff);
    else if (number >= -0x8000) this.sized(0xd1, 2, number & 0xffff);
    else if (number >= -(2 ** 31)) this.sized(0xd2, 4, number >>> 0);
    else throw new RangeError("a number below 32 bits");
  }

  /**
   * @param {Uint8Array} bytes
   * @param {[number, number, number]} types for lengths of 8, 16 and 32 bits
   */
  blob(bytes, [small, medium, large]) {
    const { length } = bytes;
    if (length < 0x100) this.sized(small, 1, length);
    else if (length < 0x10000) this.sized(medium, 2, length);
    else this.sized(large, 4, length);
    const at = this.reserve(length);
    this.buffer.set(bytes, at);
  }

  /** @param {string} text */
  text(text) {
    const bytes = encodeUtf8(text);
    if (bytes.length < 32) {
      this.byte(0xa0 | bytes.length);
      const at = this.reserve(bytes.length);
      this.buffer.set(bytes, at);
    } else this.blob(bytes, [0xd9, 0xda, 0xdb]);
  }

  /**
   * @param {number} count
   * @param {number} fixed
   * @param {number} medium
   */
  collection(count, fixed, medium) {
    if (count < 16) this.byte(fixed | count);
    else if (count < 0x10000) this.sized(medium, 2, count);
    else this.sized(medium + 1, 4, count);
  }

  /** @param {any} value */
  value(value) {
    if (value === null || value === undefined) this.byte(0xc0);
    else if (value === false) this.byte(0xc2);
    else if (value === true) this.byte(0xc3);
    else if (value instanceof Float) this.float(value.value);
    else if (typeof value === "number") Number.isSafeInteger(value) ? this.integer(value) : this.float(value);
    else if (typeof value === "string") this.text(value);
    else if (value instanceof Uint8Array) this.blob(value, [0xc4, 0xc5, 0xc6]);
    else if (Array.isArray(value)) {
      this.collection(value.length, 0x90, 0xdc);
      for (const item of value) this.value(item);
    } else {
      const entries = Object.entries(value);
      this.collection(entries.length, 0x80, 0xde);
      for (const [key, item] of entries) {
        this.text(key);
        this.value(item);
      }
    }
  }
}

class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = 0;
  }

  /** @param {number} count */
  take(count) {
    const start = this.position;
    if (start + count > this.bytes.length) throw new RangeError("too short");
    this.position += count;
    return start;
  }

  /** @param {number} width */
  unsigned(width) {
    const at = this.take(width);
    if (width === 1) return this.view.getUint8(at);
    if (width === 2) return this.view.getUint16(at);
    if (width === 4) return this.view.getUint32(at);
    return this.view.getUint32(at) * 2 ** 32 + this.view.getUint32(at + 4);
  }

  /** @param {number} width */
  signed(width) {
    const at = this.take(width);
    if (width === 1) return this.view.getInt8(at);
    if (width === 2) return this.view.getInt16(at);
    if (width === 4) return this.view.getInt32(at);
    return this.view.getInt32(at) * 2 ** 32 + this.view.getUint32(at + 4);
  }

  /** @param {number} length */
  blob(length) {
    const at = this.take(length);
    return this.bytes.slice(at, at + length);
  }

  /** @param {number} length */
  text(length) {
    return decodeUtf8(this.blob(length));
  }

  /**
   * @param {number} count
   * @param {number} depth
   */
  array(count, depth) {
    const items = [];
    for (let i = 0; i < count; i++) items.push(this.value(depth + 1));
    return items;
  }

  /**
   * @param {number} count
   * @param {number} depth
   */
  map(count, depth) {
    /** @type {Record<string, any>} */
    const map = {};
    for (let i = 0; i < count; i++) {
      const key = this.value(depth + 1);
      if (typeof key !== "string" || key === "__proto__") throw new RangeError("not a key");
      if (Object.prototype.hasOwnProperty.call(map, key)) throw new RangeError("a key twice");
      map[key] = this.value(depth + 1);
    }
    return map;
  }

  /**
   * @param {number} depth
   * @returns {any}
   */
  value(depth) {
    if (depth > MOST_DEPTH) throw new RangeError("nested too deeply");
    const type = this.unsigned(1);
    if (type < 0x80) return type;
    if (type < 0x90) return this.map(type & 15, depth);
    if (type < 0xa0) return this.array(type & 15, depth);
    if (type < 0xc0) return this.text(type & 31);
    if (type >= 0xe0) return type - 0x100;
    if (type === 0xc0) return null;
    if (type === 0xc2 || type === 0xc3) return type === 0xc3;
    if (type >= 0xc4 && type <= 0xc6) return this.blob(this.unsigned(1 << (type - 0xc4)));
    if (type === 0xca) return this.view.getFloat32(this.take(4));
    if (type === 0xcb) return this.view.getFloat64(this.take(8));
    if (type >= 0xcc && type <= 0xcf) return this.unsigned(1 << (type - 0xcc));
    if (type >= 0xd0 && type <= 0xd3) return this.signed(1 << (type - 0xd0));
    if (type >= 0xd9 && type <= 0xdb) return this.text(this.unsigned(1 << (type - 0xd9)));
    if (type === 0xdc || type === 0xdd) return this.array(this.unsigned(type === 0xdc ? 2 : 4), depth);
    if (type === 0xde || type === 0xdf) return this.map(this.unsigned(type === 0xde ? 2 : 4), depth);
    throw new RangeError("an extension, or no type at all");
  }
}
