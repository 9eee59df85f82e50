/** A connection to a daemon that has proved that it knows the secret. */
import { InpaintError } from "../errors.js";
import { decode, encode } from "../wire/messages.js";
import { PROTOCOL_VERSION } from "../wire/schema.js";
import { openZws } from "../wire/zws.js";
import { proves, urlOf } from "./connection.js";
import { newRequestId, randomBytes } from "./ids.js";
import { REMEDIES } from "./versions.js";

/** @typedef {import("../wire/messages.js").Message} Message */
/** @typedef {import("./connection.js").Connection} Connection */

/**
 * @typedef {object} Watcher
 * @property {(progress: Message) => void} [onProgress]
 * @property {(preview: Message) => void} [onPreview]
 */

const CONNECT_MILLISECONDS = 5_000;
const ANSWER_MILLISECONDS = 10_000;
/** Longest silence of the daemon about an unfinished request; it reports twice a second. */
const SILENCE_MILLISECONDS = 30_000;

/**
 * @param {Connection} connection
 * @param {{anyVersion?: boolean}} [options] `anyVersion`: also to a daemon of another protocol, to stop it
 * @returns {Promise<DaemonClient>}
 */
export async function connect(connection, { anyVersion = false } = {}) {
  const client = new DaemonClient(await openZws(urlOf(connection), CONNECT_MILLISECONDS));
  try {
    const nonce = randomBytes(32);
    const welcome = await client.ask({ type: "hello", client: "Photoshop", nonce });
    if (!proves(connection, nonce, welcome.proof))
      throw new InpaintError(
        "refused",
        "The program at the inpaint daemon's address could not prove that it is the daemon.",
        "Nothing was sent to it. Restart the daemon with: inpaintd stop --force, then inpaintd serve",
      );
    if (!anyVersion) checkVersion(welcome.protocol);
    client.version = welcome.daemon;
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

export class DaemonClient {
  /** @param {import("../wire/zws.js").ZwsSocket} socket */
  constructor(socket) {
    this.socket = socket;
    this.version = "";
    /** @type {Map<string, {resolve: (m: Message) => void, reject: (e: InpaintError) => void, watcher: Watcher, timer: any, patience: number}>} */
    this.pending = new Map();
    /** @type {(error: InpaintError) => void} */
    this.onclose = () => {};
    socket.onmessage = (frames) => this.receive(frames);
    socket.onclose = (error) => {
      for (const id of [...this.pending.keys()]) this.settle(id)?.reject(error);
      this.onclose(error);
    };
  }

  close() {
    this.socket.close();
  }

  /**
   * Send a request that has one answer, and wait for it.
   * @param {Omit<Message, "request_id"> & {type: string}} request
   */
  ask(request) {
    return this.follow({ request_id: newRequestId(), ...request }, {}, ANSWER_MILLISECONDS);
  }

  /**
   * Send a request and wait for its end.
   * @param {Message} request
   * @param {Watcher} [watcher]
   * @param {number} [patience] milliseconds without a word after which the daemon is taken for dead
   * @returns {Promise<Message>}
   */
  follow(request, watcher = {}, patience = SILENCE_MILLISECONDS) {
    return new Promise((resolve, reject) => {
      const id = request.request_id;
      this.pending.set(id, { resolve, reject, watcher, patience, timer: null });
      this.heard(id);
      try {
        this.socket.send(encode(request));
      } catch (error) {
        this.settle(id);
        reject(error);
      }
    });
  }

  /** @param {string} requestId its own terminal answer follows */
  cancel(requestId) {
    if (!this.socket.closed) this.socket.send(encode({ type: "cancel", request_id: requestId }));
  }

  /** @param {Uint8Array[]} frames */
  receive(frames) {
    let message;
    try {
      message = decode(frames);
    } catch (error) {
      // A newer daemon may say more than this plug-in knows.
      if (error instanceof InpaintError && error.code === "unknown_message") return;
      this.socket.end(/** @type {InpaintError} */ (error));
      return;
    }
    const waiting = this.pending.get(message.request_id);
    if (!waiting) return;
    this.heard(message.request_id);
    if (message.type === "accepted") return;
    if (message.type === "progress" || message.type === "model_progress") waiting.watcher.onProgress?.(message);
    else if (message.type === "preview") waiting.watcher.onPreview?.(message);
    else if (message.type === "failed")
      this.settle(message.request_id)?.reject(new InpaintError(message.code, message.message, message.hint));
    else if (message.type === "cancelled")
      this.settle(message.request_id)?.reject(new InpaintError("cancelled", "Cancelled."));
    else this.settle(message.request_id)?.resolve(message);
  }

  /** @param {string} id */
  heard(id) {
    const waiting = this.pending.get(id);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    waiting.timer = setTimeout(() => {
      this.settle(id)?.reject(
        new InpaintError(
          "timed_out",
          `The inpaint daemon has not responded for ${waiting.patience / 1000} seconds.`,
          "Check its state with: inpaintd status. If it does not answer: inpaintd stop --force",
        ),
      );
    }, waiting.patience);
  }

  /** @param {string} id */
  settle(id) {
    const waiting = this.pending.get(id);
    if (waiting) clearTimeout(waiting.timer);
    this.pending.delete(id);
    return waiting;
  }
}

/** @param {[number, number]} theirs */
function checkVersion(theirs) {
  const [major, minor] = PROTOCOL_VERSION;
  if (theirs[0] === major && theirs[1] >= minor) return;
  const daemonIsOlder = theirs[0] < major || (theirs[0] === major && theirs[1] < minor);
  throw new InpaintError(
    "wrong_version",
    `The inpaint daemon speaks protocol ${theirs.join(".")}, this plug-in ${PROTOCOL_VERSION.join(".")}.`,
    REMEDIES[daemonIsOlder ? "daemon" : "panel"],
  );
}
