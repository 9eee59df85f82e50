/** The user's ways to connect: start the daemon, choose its file's folder, or paste the file's contents. */
import { connect as open } from "../daemon/client.js";
import { findConnection, pasteConnection } from "../daemon/connection.js";
import { pair, startDaemon } from "../daemon/files.js";

/** Photoshop has been seen to repeat the click on a button that opens a file picker. */
const CLICK_MILLISECONDS = 1_000;

/**
 * @param {object} panel
 * @param {() => void} panel.connect
 * @param {(words: string) => void} panel.say
 * @param {() => void} panel.clear earlier errors
 * @param {(thrown: unknown) => void} panel.complain
 * @returns {import("./connection_view.js").ConnectionActions}
 */
export function connecting({ connect, say, clear, complain }) {
  let isOpen = false;
  /** @param {() => Promise<void>} work */
  async function tried(work) {
    clear();
    try {
      await work();
    } catch (thrown) {
      complain(thrown);
    }
  }
  /** @param {() => Promise<void>} work that opens a dialog of the system's */
  async function once(work) {
    if (isOpen) return;
    isOpen = true;
    await tried(work);
    setTimeout(() => (isOpen = false), CLICK_MILLISECONDS);
  }
  const start = async () => {
    await startDaemon();
    connect();
    say("Starting the inpaint daemon…");
  };
  const restart = async () => {
    const client = await open(await findConnection(), { anyVersion: true });
    try {
      await client.ask({ type: "shutdown" });
    } finally {
      client.close();
    }
    await start();
  };
  const choose = async () => {
    if (await pair()) connect();
  };
  const take = async (/** @type {string} */ text) => {
    await pasteConnection(text);
    connect();
  };
  return {
    start: () => void once(start),
    restart: () => void once(restart),
    pair: () => void once(choose),
    paste: (text) => void tried(() => take(text)),
  };
}
