/** The daemon's address, and mutual authentication; see PROTOCOL.md. */
import { InpaintError } from "../errors.js";
import { fromHex, hmacSha256, joined, toHex } from "../wire/sha256.js";
import { decodeUtf8, encodeUtf8 } from "../wire/utf8.js";
import { readConnectionFile, readPairedFile } from "./files.js";

/**
 * @typedef {object} Connection
 * @property {string} websocket such as ws://localhost:47701
 * @property {string} secret 64 hexadecimal digits
 */

const PASTED_KEY = "inpaintd connection";

/**
 * The running daemon's connection: from its file in the home folder, by its path or by the folder that was chosen, else
 * what was pasted.
 * @returns {Promise<Connection>}
 * @throws {InpaintError} `not_running`, `no_websocket` or `no_access`
 */
export async function findConnection() {
  let thrown;
  try {
    return parseConnection(await readConnectionFile());
  } catch (error) {
    if (error instanceof InpaintError) throw error;
    thrown = error;
  }
  const paired = await readPairedFile();
  if (paired !== null) return parseConnection(paired);
  const pasted = await pastedConnection();
  if (pasted) return pasted;
  if (isPermission(thrown))
    throw new InpaintError(
      "no_access",
      "Photoshop does not let the plug-in read the daemon's connection file.",
      "Press Choose folder and choose your home folder, once.",
    );
  throw new InpaintError("not_running", "The inpaint daemon is not running.", "Press Start, or run: inpaintd serve");
}

/**
 * @param {string} text the contents of connection.json
 * @returns {Connection}
 */
export function parseConnection(text) {
  let values;
  try {
    values = JSON.parse(text);
  } catch {
    values = null;
  }
  if (typeof values?.secret !== "string" || !/^[0-9a-f]{64}$/.test(values.secret))
    throw new InpaintError(
      "bad_connection",
      "These are not the contents of the daemon's connection.json.",
      "Copy the whole file, including the braces.",
    );
  if (!/^ws:\/\/localhost:\d+$/.test(values.websocket))
    throw new InpaintError(
      "no_websocket",
      "The inpaint daemon is running without the WebSocket that Photoshop needs.",
      "Restart it without --no-websocket: inpaintd stop, then inpaintd serve",
    );
  return { websocket: values.websocket, secret: values.secret };
}

/** @param {string} text the contents of connection.json */
export async function pasteConnection(text) {
  const connection = parseConnection(text.trim());
  await require("uxp").storage.secureStorage.setItem(PASTED_KEY, JSON.stringify(connection));
}

/** @param {Connection} connection */
export function urlOf({ websocket, secret }) {
  return `${websocket}/?token=${toHex(derived(secret, encodeUtf8("inpaintd websocket token")))}`;
}

/**
 * Whether the daemon's answer to this nonce shows that it knows the secret.
 * @param {Connection} connection
 * @param {Uint8Array} nonce
 * @param {Uint8Array} proof
 */
export function proves({ secret }, nonce, proof) {
  return toHex(derived(secret, joined(encodeUtf8("inpaintd hello"), nonce))) === toHex(proof);
}

/**
 * @param {string} secret
 * @param {Uint8Array} purpose
 */
function derived(secret, purpose) {
  return hmacSha256(fromHex(secret), purpose);
}

/** @returns {Promise<Connection | null>} */
async function pastedConnection() {
  try {
    const stored = await require("uxp").storage.secureStorage.getItem(PASTED_KEY);
    return stored ? parseConnection(decodeUtf8(new Uint8Array(stored))) : null;
  } catch {
    return null; // secureStorage may be lost, Adobe says; then it is pasted again
  }
}

/** @param {unknown} thrown */
function isPermission(thrown) {
  return /permission|denied|EACCES|manifest/i.test(thrown instanceof Error ? thrown.message : String(thrown));
}
