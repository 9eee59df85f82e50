/** A request that runs: how it is cancelled, and how it survives a broken connection. */
import { newRequestId } from "./daemon/ids.js";
import { InpaintError } from "./errors.js";
import { pause } from "./host/modal.js";

/** @typedef {import("./daemon/client.js").DaemonClient} DaemonClient */
/** @typedef {import("./daemon/client.js").Watcher} Watcher */
/** @typedef {import("./wire/messages.js").Message} Message */
/** @typedef {import("./host/modal.js").Patience} Patience */

/**
 * @typedef {object} LastResult the result that the daemon has kept, or is making
 * @property {string} request_id
 * @property {Record<string, any>} settings
 * @property {number | null} source id of the layer that it was made from
 */

/**
 * @typedef {object} Surroundings
 * @property {() => Promise<DaemonClient>} connected a client; connects again where that is needed
 * @property {Watcher} watcher
 * @property {(last: LastResult) => void} remember called before each fill that could get lost
 * @property {number} [most] number of pixels that are read for finding things; search.js has the default
 * @property {() => void} [onBusy] called while the fill is there and Photoshop has no time for it
 */

const ATTEMPTS = 2;
const RECONNECT_ATTEMPTS = 8;
const RECONNECT_MILLISECONDS = 1_000;

export class Job {
  constructor() {
    this.requestId = newRequestId();
    this.cancelled = false;
    /** @type {DaemonClient | null} */
    this.client = null;
  }

  /** Request its cancellation; its fill then throws an InpaintError `cancelled`. */
  cancel() {
    this.cancelled = true;
    this.client?.cancel(this.requestId);
  }

  check() {
    if (this.cancelled) throw new InpaintError("cancelled", "Cancelled.");
  }

  /**
   * Patience with a busy Photoshop until this job is cancelled.
   * @param {() => void} [onBusy]
   * @returns {Patience}
   */
  patience(onBusy = () => {}) {
    return { givenUp: () => this.cancelled, onBusy };
  }

  /**
   * The end of the request. When the connection breaks meanwhile, the daemon has given the request
   * up, if it is there at all; so the request is made once more, under another id.
   * @param {DaemonClient} client
   * @param {Omit<Message, "request_id"> & {type: string}} request
   * @param {Pick<Surroundings, "connected" | "watcher">} surroundings
   * @param {(requestId: string) => void} [announce] called with each id before it is sent
   * @returns {Promise<Message>}
   */
  async follow(client, request, { connected, watcher }, announce = () => {}) {
    for (let attempt = 1; ; attempt++) {
      announce(this.requestId);
      try {
        return await this.followOnce(client, { ...request, request_id: this.requestId }, watcher);
      } catch (error) {
        const broken = error instanceof InpaintError && error.code === "disconnected";
        if (!broken || attempt === ATTEMPTS || this.cancelled) throw error;
      }
      this.requestId = newRequestId();
      client = await this.reconnected(connected);
      this.check();
    }
  }

  /**
   * The end of a request that has its id already.
   * @param {DaemonClient} client
   * @param {Message} request
   * @param {Watcher} watcher
   */
  async followOnce(client, request, watcher) {
    this.requestId = request.request_id;
    this.client = client;
    try {
      return await client.follow(request, watcher);
    } finally {
      this.client = null;
    }
  }

  /**
   * @param {() => Promise<DaemonClient>} connected
   * @returns {Promise<DaemonClient>}
   */
  async reconnected(connected) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await connected();
      } catch (error) {
        // A daemon that was restarted needs a moment.
        if (attempt === RECONNECT_ATTEMPTS || this.cancelled) throw error;
        await pause(RECONNECT_MILLISECONDS);
      }
    }
  }
}
