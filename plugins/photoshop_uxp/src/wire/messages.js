/**
 * Messages to frames and back, by protocol/schema.json.
 *
 * A message is a plain object with its `type` and the fields of its record; a plane in it is
 * `{width, height, channels, depth, data}` with the samples' bytes in `data`.
 */
import { InpaintError } from "../errors.js";
import { Float, pack, unpack } from "./msgpack.js";
import { ANSWERS, LIMITS, RECORDS, REQUESTS } from "./schema.js";

/** @typedef {"u8" | "u16" | "f32"} Depth */

/**
 * @typedef {object} Plane
 * @property {number} width
 * @property {number} height
 * @property {number} channels
 * @property {Depth} depth
 * @property {Uint8Array} data rows from the top, interleaved, little-endian
 */

/** @typedef {{type: string, request_id: string, [field: string]: any}} Message */

/** @type {Record<Depth, number>} */
export const BYTES_PER_SAMPLE = { u8: 1, u16: 2, f32: 4 };

const PLANE_FIELDS = ["width", "height", "channels", "depth"];

/**
 * @param {Message} message missing fields take their defaults
 * @returns {Uint8Array[]}
 */
export function encode(message) {
  /** @type {Uint8Array[]} */
  const planes = [];
  const record = REQUESTS[message.type] ?? ANSWERS[message.type];
  const header = pack({ type: message.type, ...recordToWire(record, message, planes) });
  if (header.length > LIMITS.HEADER_BYTES)
    throw new InpaintError("too_large", "The message's header is too long.", "Shorten the prompts.");
  return [header, ...planes];
}

/**
 * An answer. What this version does not know is passed over: a newer daemon may say more.
 * @param {Uint8Array[]} frames
 * @param {Record<string, string>} [known] record names by message type
 * @returns {Message}
 */
export function decode(frames, known = ANSWERS) {
  let header;
  try {
    header = unpack(frames[0]);
  } catch {
    throw unreadable("its header is not valid");
  }
  const record = known[header?.type];
  if (!record) throw new InpaintError("unknown_message", `Unknown message type: ${header?.type}.`);
  return { type: header.type, .../** @type {any} */ (recordFromWire(record, header, frames.slice(1))) };
}

/**
 * @param {string} name
 * @param {Record<string, any>} value
 * @param {Uint8Array[]} planes
 * @returns {Record<string, any>}
 */
function recordToWire(name, value, planes) {
  const entries = RECORDS[name].fields.flatMap((field) => {
    const item = field.name in value ? value[field.name] : field.default;
    if (item === undefined) throw new InpaintError("bad_message", `${name}.${field.name} is missing.`);
    const unset = field.settled !== undefined && item === null;
    return unset ? [] : [[field.name, toWire(field.type, item, planes)]];
  });
  return Object.fromEntries(entries);
}

/**
 * @param {string} type
 * @param {any} value
 * @param {Uint8Array[]} planes
 * @returns {any}
 */
function toWire(type, value, planes) {
  const base = type.replace(/\?$/, "");
  if (base !== type && (value === null || value === undefined)) return null;
  if (base === "float") return new Float(value);
  if (base === "Plane") {
    planes.push(value.data);
    const { width, height, channels, depth } = value;
    return { width, height, channels, depth, frame: planes.length - 1 };
  }
  const items = itemTypes(base, value);
  if (items) return items.map((item, i) => toWire(item, value[i], planes));
  return RECORDS[base] ? recordToWire(base, value, planes) : value;
}

/**
 * @param {string} name
 * @param {any} wire
 * @param {Uint8Array[]} frames
 * @returns {Record<string, any>}
 */
function recordFromWire(name, wire, frames) {
  if (wire === null || typeof wire !== "object") throw unreadable(`${name} is not a map`);
  const entries = RECORDS[name].fields.map((field) => {
    const value = field.name in wire ? wire[field.name] : field.default;
    if (value === undefined) throw unreadable(`${name}.${field.name} is missing`);
    return [field.name, fromWire(field.type, value, frames)];
  });
  return Object.fromEntries(entries);
}

/**
 * @param {string} type
 * @param {any} wire
 * @param {Uint8Array[]} frames
 * @returns {any}
 */
function fromWire(type, wire, frames) {
  const base = type.replace(/\?$/, "");
  if (base !== type && wire === null) return null;
  if (base === "Plane") return planeFromWire(wire, frames);
  const items = itemTypes(base, wire);
  if (items) {
    if (!Array.isArray(wire) || wire.length !== items.length || wire.length > LIMITS.LIST_ITEMS)
      throw unreadable(`${type} is not a list of the right length`);
    return items.map((item, i) => fromWire(item, wire[i], frames));
  }
  if (RECORDS[base]) return recordFromWire(base, wire, frames);
  const fits = {
    int: () => Number.isSafeInteger(wire),
    float: () => typeof wire === "number" && Number.isFinite(wire),
    str: () => typeof wire === "string",
    bool: () => typeof wire === "boolean",
    bytes: () => wire instanceof Uint8Array,
  }[base];
  if (!fits?.()) throw unreadable(`a field is no ${base}`);
  return wire;
}

/**
 * @param {any} wire
 * @param {Uint8Array[]} frames
 * @returns {Plane}
 */
function planeFromWire(wire, frames) {
  const [width, height, channels, depth] = PLANE_FIELDS.map((field) => wire?.[field]);
  const data = frames[wire?.frame];
  const bytes = width * height * channels * BYTES_PER_SAMPLE[/** @type {Depth} */ (depth)];
  if (!data || data.length !== bytes) throw unreadable("its pixels are missing or have the wrong length");
  return { width, height, channels, depth, data };
}

/**
 * The types of a tuple's or a list's items; null when the type is neither.
 * @param {string} type
 * @param {any} value
 * @returns {string[] | null}
 */
function itemTypes(type, value) {
  const list = /^\[(.*)\]\*$/.exec(type);
  if (list) return Array.from({ length: value?.length ?? 0 }, () => list[1]);
  const tuple = /^\[(.*)\]$/.exec(type);
  return tuple ? tuple[1].split(", ") : null;
}

/** @param {string} what */
function unreadable(what) {
  return new InpaintError(
    "bad_message",
    `The daemon sent a message that this plug-in cannot read: ${what}.`,
    "Update the daemon or the plug-in, whichever is older.",
  );
}
