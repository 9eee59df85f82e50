/** Photoshop's modal scopes: the only places where documents can be read and changed. */
import { InpaintError } from "../errors.js";

/** @typedef {import("photoshop").ExecutionContext} ExecutionContext */

const BUSY = 9;
const BUSY_ATTEMPTS = 10;
const BUSY_MILLISECONDS = 200;
/** Time limit for a Photoshop that can wait by itself (from 25.10). */
const HOST_SECONDS = 1;
const HICCUP_MILLISECONDS = 60;

/**
 * @typedef {object} Patience with a busy Photoshop: one that has a dialog open, or a free transform
 * @property {() => boolean} givenUp
 * @property {() => void} onBusy called at each try
 */

/**
 * Run `work` in a modal scope of its own. Nothing in it may wait for the network.
 * @template T
 * @param {string} commandName
 * @param {(context: ExecutionContext) => Promise<T>} work
 * @param {Patience} [patience] for as long as it takes; two seconds without
 * @returns {Promise<T>}
 * @throws {InpaintError} `host_busy`; `cancelled` after Escape
 */
export async function modally(commandName, work, patience) {
  for (let attempt = 1; ; attempt++) {
    let escaped = false;
    const watched = async (/** @type {ExecutionContext} */ context) => {
      try {
        return await work(context);
      } catch (error) {
        // After Escape, every call to Photoshop throws.
        escaped = context.isCancelled;
        throw error;
      }
    };
    try {
      return await require("photoshop").core.executeAsModal(watched, { commandName, timeOut: HOST_SECONDS });
    } catch (error) {
      if (escaped) throw cancelled();
      if (/** @type {any} */ (error)?.number !== BUSY) throw error;
      patience?.onBusy();
      if (patience ? patience.givenUp() : attempt === BUSY_ATTEMPTS)
        throw new InpaintError(
          "host_busy",
          "Photoshop is busy with another command or an open dialog.",
          "Finish or close it, then try again.",
        );
      await pause(BUSY_MILLISECONDS);
    }
  }
}

/** @param {ExecutionContext} context */
export function throwIfCancelled(context) {
  if (context.isCancelled) throw cancelled();
}

const cancelled = () => new InpaintError("cancelled", "Cancelled.");

/**
 * The imaging API now and then fails with -1 for no reason; once more then usually works.
 * @template T
 * @param {() => Promise<T>} call
 * @returns {Promise<T>}
 */
export async function withOneRetry(call) {
  try {
    return await call();
  } catch (error) {
    if (/** @type {any} */ (error)?.number !== -1) throw error;
    await pause(HICCUP_MILLISECONDS);
    return call();
  }
}

/**
 * Run `work` as one step of the document's history, undone when it throws.
 * @template T
 * @param {ExecutionContext} context
 * @param {number} documentID
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function asOneStep(context, documentID, name, work) {
  const { hostControl } = context;
  const suspension = await hostControl.suspendHistory({ documentID, name });
  let done = false;
  try {
    const result = await work();
    done = true;
    return result;
  } finally {
    await hostControl.resumeHistory(suspension, done);
  }
}

/** @param {number} milliseconds */
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
