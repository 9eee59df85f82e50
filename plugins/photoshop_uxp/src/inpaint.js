/** One fill from the button to the new layer. */
import { newRequestId } from "./daemon/ids.js";
import { InpaintError } from "./errors.js";
import { findHole, readHole } from "./host/hole.js";
import { modally, pause, throwIfCancelled } from "./host/modal.js";
import { readLayer } from "./host/read.js";
import { canvasOf, depthOf, findTarget, sameDocument } from "./host/target.js";
import { insertLayers } from "./host/write.js";
import { edgesOf, intersection, isSame } from "./rectangle.js";

/** @typedef {import("./daemon/client.js").DaemonClient} DaemonClient */
/** @typedef {import("./daemon/client.js").Watcher} Watcher */
/** @typedef {import("./wire/messages.js").Message} Message */
/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {{request_id: string, prompt: string}} LastResult */

/**
 * @typedef {object} Surroundings
 * @property {() => Promise<DaemonClient>} connected a client; connects again where that is needed
 * @property {Watcher} watcher
 * @property {(last: LastResult) => void} remember called before each request that could get lost
 */

/**
 * @typedef {object} Outcome
 * @property {string} name of the new layer
 * @property {string} hole what was taken for the hole
 * @property {Message} finished
 */

const ATTEMPTS = 2;
const RECONNECT_ATTEMPTS = 8;
const RECONNECT_MILLISECONDS = 1_000;

/** A fill that runs. */
export class Fill {
  constructor() {
    this.requestId = newRequestId();
    this.cancelled = false;
    /** @type {DaemonClient | null} */
    this.client = null;
  }

  /** Ask for its end; `run` then throws an InpaintError `cancelled`. */
  cancel() {
    this.cancelled = true;
    this.client?.cancel(this.requestId);
  }

  /**
   * @param {Settings} settings
   * @param {Surroundings} surroundings
   * @returns {Promise<Outcome>}
   */
  async run(settings, { connected, watcher, remember }) {
    const target = findTarget();
    const hole = await findHole(target);
    const client = await connected();
    const { canvas } = target;
    const plan = await client.ask({ type: "plan", extent: canvas, bounds: hole.bounds, settings });
    this.check();
    const rectangle = plan.rectangle;
    if (!isSame(intersection(rectangle, canvas), rectangle))
      throw new InpaintError("bad_message", "The daemon planned a rectangle beyond the canvas.", "Update the daemon.");
    const { layer, mask } = await modally("Inpaint: reading pixels", async (context) => {
      sameDocument(target);
      const read = await readLayer(target.document, target.layer, rectangle, target.depth);
      throwIfCancelled(context);
      return { layer: read, mask: await readHole(target, hole.kind, rectangle) };
    });
    this.check();
    const { left, top } = edgesOf(rectangle);
    const request = { type: "inpaint", layer, mask, settings, offset: [left, top] };
    // No modal scope is open here: Photoshop stays usable while the daemon works.
    const finished = await this.followed(client, request, { connected, watcher, remember });
    const name = await modally("Inpaint", async (context) => {
      const document = sameDocument(target);
      const place = { document, above: target.above, source: target.layer, depth: target.depth };
      return insertLayers(context, place, finished, settings.prompt);
    });
    return { name, hole: hole.kind, finished };
  }

  /**
   * The end of the request. When the connection breaks meanwhile, the daemon has given the request
   * up, if it is there at all; so the request is made once more, under another id.
   * @param {DaemonClient} client
   * @param {Omit<Message, "request_id"> & {type: string}} request
   * @param {Surroundings} surroundings
   */
  async followed(client, request, { connected, watcher, remember }) {
    for (let attempt = 1; ; attempt++) {
      this.client = client;
      remember({ request_id: this.requestId, prompt: request.settings.prompt });
      try {
        return await client.follow({ ...request, request_id: this.requestId }, watcher);
      } catch (error) {
        const broken = error instanceof InpaintError && error.code === "disconnected";
        if (!broken || attempt === ATTEMPTS || this.cancelled) throw error;
      } finally {
        this.client = null;
      }
      this.requestId = newRequestId();
      client = await this.reconnected(connected);
      this.check();
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

  check() {
    if (this.cancelled) throw new InpaintError("cancelled", "Cancelled.");
  }
}

/**
 * Fetch a result that the daemon has kept and put it into the active document, at its coordinates.
 * @param {DaemonClient} client
 * @param {LastResult} last
 * @param {Watcher} watcher
 * @returns {Promise<Outcome>}
 */
export async function insertLast(client, last, watcher) {
  const { app } = require("photoshop");
  if (app.documents.length === 0)
    throw new InpaintError("no_document", "No document is open.", "Open the picture that the fill is for.");
  const finished = await client.follow({ type: "attach", request_id: last.request_id }, watcher);
  const name = await modally("Insert last result", async (context) => {
    const document = app.activeDocument;
    const place = {
      document,
      above: document.activeLayers.length === 1 ? document.activeLayers[0] : null,
      source: null,
      depth: depthOf(document),
    };
    if (!fits(finished, document))
      throw new InpaintError(
        "size_mismatch",
        "The last result lies outside of this document.",
        "Activate the document that it was made for.",
      );
    return insertLayers(context, place, finished, last.prompt);
  });
  return { name, hole: "", finished };
}

/**
 * @param {Message} finished
 * @param {import("photoshop").Document} document
 */
function fits({ layers }, document) {
  return layers.every((/** @type {any} */ { offset, pixels }) => {
    const [x, y] = offset;
    const [, , width, height] = intersection([x, y, pixels.width, pixels.height], canvasOf(document));
    return width > 0 && height > 0;
  });
}
