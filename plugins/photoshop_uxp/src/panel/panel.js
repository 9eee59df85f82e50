/** What the panel does: between its view, Photoshop and the daemon. */
import { pasteConnection } from "../daemon/connection.js";
import { Link } from "../daemon/link.js";
import { asInpaintError } from "../errors.js";
import { maskByText, selectByText, showHole } from "../find.js";
import { fill, insertLast } from "../inpaint.js";
import { Job } from "../job.js";
import { defaults } from "../settings.js";
import { loadFolded, loadLast, loadSettings, saveFolded, saveLast, saveSettings } from "./store.js";
import { View } from "./view.js";
import { foundWords, outcomeWords, progressWords } from "./words.js";

/** @typedef {import("../job.js").Surroundings} Surroundings */
/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {import("../find.js").Found} Found */

export class Panel {
  /** @param {HTMLElement} root */
  constructor(root) {
    /** @type {Job | null} what runs */
    this.job = null;
    this.link = new Link();
    this.view = new View(root, {
      inpaint: () => void this.inpaint(),
      cancel: () => this.cancel(),
      insertLast: () => void this.insertLast(),
      select: () => void this.select(),
      maskLayer: () => void this.find(maskByText),
      showHole: () => void this.find(showHole),
      reset: () => this.reset(),
      changed: () => this.changed(),
      folded: saveFolded,
      paste: (text) => void this.paste(text),
    });
    this.view.write(loadSettings());
    for (const fold of this.view.folds) fold.set(loadFolded(fold.name));
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
    const choices = this.choices();
    await this.run(async (job, around) => outcomeWords(await fill(job, choices, around)), choices.count);
  }

  /** The button, and the command: select what the words find. */
  select() {
    return this.find(selectByText);
  }

  /** @param {(job: Job, choices: Settings, surroundings: Surroundings) => Promise<Found>} search */
  async find(search) {
    const choices = this.choices();
    await this.run(async (job, around) => foundWords(await search(job, choices, around)));
  }

  async insertLast() {
    const last = loadLast();
    if (last) await this.run(async (job, around) => outcomeWords(await insertLast(job, last, around)));
  }

  cancel() {
    if (!this.job) return;
    this.view.setCancelling();
    this.job.cancel();
  }

  /** The settings as they are, and remembered. */
  choices() {
    const choices = this.view.read();
    saveSettings(choices);
    return choices;
  }

  /**
   * One thing at a time.
   * @param {(job: Job, surroundings: Surroundings) => Promise<{message: string, hint: string}>} work
   * @param {number} [variants] that it makes
   */
  async run(work, variants = 1) {
    if (this.job) return;
    const job = new Job();
    this.job = job;
    this.view.setRunning(true);
    try {
      const { message, hint } = await work(job, this.surroundings(job, variants));
      this.view.setNotice(hint ? "warning" : "done", message, hint);
    } catch (thrown) {
      const error = asInpaintError(thrown);
      this.view.setNotice(error.code === "cancelled" ? "done" : "error", error.message, error.hint);
    } finally {
      this.job = null;
      this.view.setRunning(false);
    }
  }

  /**
   * @param {Job} job
   * @param {number} variants
   * @returns {Surroundings}
   */
  surroundings(job, variants) {
    return {
      connected: () => this.link.connected(),
      watcher: {
        onProgress: (progress) => {
          if (!job.cancelled) this.view.setProgress(progress.fraction, progressWords(progress, variants));
        },
        onPreview: ({ pixels }) => this.view.setPreview(pixels),
      },
      remember: (last) => {
        saveLast(last);
        this.view.hasLast = true;
      },
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
