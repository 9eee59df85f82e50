/** The panel's one connection to the daemon: made when needed, made again when it broke. */
import { asInpaintError } from "../errors.js";
import { connect } from "./client.js";
import { findConnection } from "./connection.js";

/** @typedef {import("../errors.js").InpaintError} InpaintError */
/** @typedef {import("./client.js").DaemonClient} DaemonClient */
/** @typedef {{name: "connecting"} | {name: "connected", version: string} | {name: "lost", error: InpaintError}} LinkState */

/** Between tries; each is twice as long as the one before, so that a panel that is open all day costs nothing. */
const FIRST_MILLISECONDS = 2_000;
const LONGEST_MILLISECONDS = 60_000;

export class Link {
  constructor() {
    /** @type {DaemonClient | null} */
    this.client = null;
    /** @type {Promise<DaemonClient> | null} */
    this.connecting = null;
    /** @type {(state: LinkState) => void} */
    this.onstate = () => {};
    /** @type {any} */
    this.timer = null;
    this.pause = FIRST_MILLISECONDS;
  }

  /** Connect soon, and from now on try again whenever there is no connection. */
  keep() {
    this.pause = FIRST_MILLISECONDS;
    this.retry();
  }

  retry() {
    clearTimeout(this.timer);
    this.connected().catch(() => {});
  }

  /** Do not try again any more; an open connection stays. */
  rest() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  /** @returns {Promise<DaemonClient>} */
  connected() {
    if (this.client) return Promise.resolve(this.client);
    if (!this.connecting) this.connecting = this.open().finally(() => (this.connecting = null));
    return this.connecting;
  }

  async open() {
    this.onstate({ name: "connecting" });
    try {
      const client = await connect(await findConnection());
      client.onclose = (error) => this.lost(error);
      this.client = client;
      this.pause = FIRST_MILLISECONDS;
      this.onstate({ name: "connected", version: client.version });
      return client;
    } catch (thrown) {
      const error = asInpaintError(thrown);
      this.lost(error);
      throw error;
    }
  }

  /** @param {InpaintError} error */
  lost(error) {
    this.client = null;
    this.onstate({ name: "lost", error });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.retry(), this.pause);
    this.pause = Math.min(LONGEST_MILLISECONDS, 2 * this.pause);
  }
}
