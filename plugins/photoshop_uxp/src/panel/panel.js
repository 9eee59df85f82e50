/** What the panel does: between its view, Photoshop and the daemon. */
import { pasteConnection } from "../daemon/connection.js";
import { Link } from "../daemon/link.js";
import { asInpaintError } from "../errors.js";
import { Fill, insertLast } from "../inpaint.js";
import { defaults } from "../settings.js";
import { loadFolded, loadLast, loadSettings, saveFolded, saveLast, saveSettings } from "./store.js";
import { View } from "./view.js";
import { outcomeWords, progressWords } from "./words.js";

/** @typedef {import("../inpaint.js").Outcome} Outcome */
/** @typedef {import("../daemon/client.js").Watcher} Watcher */

export class Panel {
  /** @param {HTMLElement} root */
  constructor(root) {
    /** @type {Fill | null} */
    this.fill = null;
    this.busy = false;
    this.link = new Link();
    this.view = new View(root, {
      inpaint: () => void this.inpaint(),
      cancel: () => this.cancel(),
      insertLast: () => void this.insertLast(),
      reset: () => this.reset(),
      changed: () => this.changed(),
      folded: saveFolded,
      paste: (text) => void this.paste(text),
    });
    this.view.write(loadSettings());
    this.view.setFolded(loadFolded());
    this.view.setHasLast(loadLast() !== null);
    this.link.onstate = (state) => {
      this.view.setLink(state);
      if (state.name === "connected") void this.fetchModels();
    };
  }

  /** The panel came into sight. */
  shown() {
    this.link.keep();
  }

  /** The panel went out of sight: no more looking for a daemon that may never come. */
  hidden() {
    this.link.rest();
  }

  /** The button, and the command: fill with the settings as they are. */
  async inpaint() {
    const settings = this.view.read();
    saveSettings(settings);
    const fill = new Fill();
    await this.run(() => {
      this.fill = fill;
      return fill.run(settings, {
        connected: () => this.link.connected(),
        watcher: this.watcher(settings.count),
        remember: (last) => {
          saveLast(last);
          this.view.hasLast = true;
        },
      });
    });
  }

  async insertLast() {
    const last = loadLast();
    if (last) await this.run(async () => insertLast(await this.link.connected(), last, this.watcher(1)));
  }

  cancel() {
    if (!this.fill) return;
    this.view.setCancelling();
    this.fill.cancel();
  }

  /** @param {() => Promise<Outcome>} work */
  async run(work) {
    if (this.busy) return;
    this.busy = true;
    this.view.setRunning(true);
    try {
      const { message, hint } = outcomeWords(await work());
      this.view.setNotice(hint ? "warning" : "done", message, hint);
    } catch (thrown) {
      const error = asInpaintError(thrown);
      this.view.setNotice(error.code === "cancelled" ? "done" : "error", error.message, error.hint);
    } finally {
      this.busy = false;
      this.fill = null;
      this.view.setRunning(false);
    }
  }

  /**
   * @param {number} variants
   * @returns {Watcher}
   */
  watcher(variants) {
    return {
      onProgress: (progress) => {
        if (!this.fill?.cancelled) this.view.setProgress(progress.fraction, progressWords(progress, variants));
      },
      onPreview: ({ pixels }) => this.view.setPreview(pixels),
    };
  }

  changed() {
    saveSettings(this.view.read());
    this.view.showUse();
  }

  reset() {
    this.view.write(defaults());
    this.changed();
  }

  async fetchModels() {
    try {
      const client = await this.link.connected();
      this.view.setModels((await client.ask({ type: "models" })).models);
    } catch {
      // The link says what is wrong, if anything is.
    }
  }

  /** @param {string} text */
  async paste(text) {
    try {
      await pasteConnection(text);
      this.view.clearNotice();
      this.link.keep();
    } catch (thrown) {
      const { message, hint } = asInpaintError(thrown);
      this.view.setNotice("error", message, hint);
    }
  }
}
