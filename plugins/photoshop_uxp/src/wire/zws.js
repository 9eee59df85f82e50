/** ZeroMQ over WebSocket, ZWS 2.0 (RFC 45): one frame is one binary message, a flag byte before it. */
import { InpaintError } from "../errors.js";
import { LIMITS } from "./schema.js";

const LAST = 0;
const MORE = 1;
const COMMAND = 2;

const SUBPROTOCOL = "ZWS2.0";

/**
 * An open connection. `onmessage` gets the frames of each message, `onclose` one error at the end.
 */
export class ZwsSocket {
  /** @param {WebSocket} socket open */
  constructor(socket) {
    this.socket = socket;
    /** @type {(frames: Uint8Array[]) => void} */
    this.onmessage = () => {};
    /** @type {(error: InpaintError) => void} */
    this.onclose = () => {};
    this.closed = false;
    this.introduced = false;
    /** @type {Uint8Array[]} */
    this.frames = [];
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = () => this.end(disconnected("it hung up"));
    socket.onerror = () => this.end(disconnected("it broke"));
    socket.send(Uint8Array.of(LAST)); // our routing id: the empty one
  }

  /** @param {Uint8Array[]} frames */
  send(frames) {
    if (this.closed) throw disconnected("it is closed");
    frames.forEach((frame, i) => {
      const message = new Uint8Array(1 + frame.length);
      message[0] = i === frames.length - 1 ? LAST : MORE;
      message.set(frame, 1);
      this.socket.send(message);
    });
  }

  close() {
    this.end(disconnected("it is closed"));
  }

  /** @param {any} data */
  receive(data) {
    if (this.closed) return;
    const message = bytesOf(data);
    if (!message || message.length === 0 || message[0] > COMMAND)
      return this.end(disconnected("the server does not speak ZWS 2.0"));
    if (message[0] === COMMAND) return;
    if (!this.introduced) {
      this.introduced = true; // the peer's routing id
      return;
    }
    this.frames.push(message.subarray(1));
    if (this.frames.length > LIMITS.PLANES + 1) return this.end(disconnected("its message is too long"));
    if (message[0] === LAST) {
      const frames = this.frames;
      this.frames = [];
      this.onmessage(frames);
    }
  }

  /** @param {InpaintError} error */
  end(error) {
    if (this.closed) return;
    this.closed = true;
    this.socket.onmessage = this.socket.onclose = this.socket.onerror = null;
    try {
      this.socket.close();
    } catch {
      // It was closed already.
    }
    this.onclose(error);
  }
}

/**
 * Binary data as bytes, whether it comes as a buffer or as a view of one, and from whichever JavaScript realm.
 * @param {any} data
 * @returns {Uint8Array | null} null when it is text
 */
export function bytesOf(data) {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Object.prototype.toString.call(data) === "[object ArrayBuffer]" ? new Uint8Array(data) : null;
}

/**
 * @param {string} url with the token
 * @param {number} timeoutMilliseconds
 * @returns {Promise<ZwsSocket>}
 */
export function openZws(url, timeoutMilliseconds) {
  return new Promise((resolve, reject) => {
    /** @type {WebSocket} */
    let socket;
    try {
      socket = new WebSocket(url, SUBPROTOCOL);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      reject(new InpaintError("not_allowed", `Photoshop does not let the plug-in connect: ${reason}.`, portHint(url)));
      return;
    }
    const fail = (/** @type {string} */ reason) => {
      clearTimeout(timer);
      socket.onopen = socket.onclose = socket.onerror = null;
      try {
        socket.close();
      } catch {
        // It never opened.
      }
      reject(
        new InpaintError(
          "not_running",
          `The inpaint daemon does not answer (${reason}).`,
          "Press Start, or run: inpaintd serve",
        ),
      );
    };
    const timer = setTimeout(() => fail("it took too long"), timeoutMilliseconds);
    socket.binaryType = "arraybuffer";
    socket.onerror = () => fail("no connection");
    socket.onclose = () => fail("it refused");
    socket.onopen = () => {
      clearTimeout(timer);
      if (socket.protocol && socket.protocol !== SUBPROTOCOL) fail("it does not speak ZWS 2.0");
      else resolve(new ZwsSocket(socket));
    };
  });
}

/** @param {string} url */
function portHint(url) {
  const port = /:(\d+)/.exec(url)?.[1] ?? "";
  return port === "47701"
    ? "Reinstall the plug-in with: inpaintd install photoshop"
    : `The daemon is listening on port ${port} because 47701 was in use; free that port and restart the daemon.`;
}

/** @param {string} reason */
function disconnected(reason) {
  return new InpaintError(
    "disconnected",
    `The connection to the inpaint daemon broke: ${reason}.`,
    "Restart it with: inpaintd serve, then press Inpaint again.",
  );
}
