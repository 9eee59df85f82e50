/** The panel's controller: connects its view, Photoshop and the daemon. */
import { Link } from "../daemon/link.js";
import { asInpaintError, InpaintError } from "../errors.js";
import { showHole } from "../find.js";
import { readNote } from "../host/notes.js";
import { fileAsReference, layerAsReference } from "../host/references.js";
import { forgetSamplingArea, samplingArea, takeSamplingArea } from "../host/sampling.js";
import { activeDocument } from "../host/target.js";
import { keepVariant, showVariant } from "../host/variants.js";
import { fill, insertLast } from "../inpaint.js";
import { Job } from "../job.js";
import { record, recorded } from "../recording.js";
import { selfTest } from "../selftest/run.js";
import { askedOf, defaults, remembered } from "../settings.js";
import { connecting } from "./connecting.js";
import { activeID, FINDING, stepOf, tell } from "./deeds.js";
import { loadFolded, loadLast, loadSettings, saveFolded, saveLast, saveSettings } from "./store.js";
import { View } from "./view.js";
import { foundWords, outcomeWords, progressWords } from "./words.js";

/** @typedef {import("../job.js").Surroundings} Surroundings */
/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {import("../find.js").Found} Found */
/** @typedef {import("../object.js").Click} Click */
/** @typedef {import("../recording.js").Deed} Deed */
/** @typedef {import("../host/variants.js").Variants} Variants */
/** @typedef {{message: string, hint: string}} Said */

export class Panel {
  /** @param {HTMLElement} root */
  constructor(root) {
    /** @type {Job | null} what runs */
    this.job = null;
    this.link = new Link();
    this.view = new View(root, {
      inpaint: () => void this.act("inpaint"),
      cancel: () => this.cancel(),
      insertLast: () => void this.insertLast(),
      select: () => void this.act("select"),
      maskLayer: () => void this.act("mask"),
      showHole: () => void this.showHole(),
      selectObject: () => void this.act("object"),
      maskObject: () => void this.act("objectMask"),
      channelOfObject: () => void this.act("objectChannel"),
      look: (work) => this.quietly(() => work(new Job(), this.silently(), this.choices())),
      reference: {
        layer: () => this.chosen(layerAsReference),
        file: () => this.chosen(fileAsReference),
      },
      sampling: {
        take: () => void this.takeSampling(),
        forget: () => {
          forgetSamplingArea(activeID());
          this.view.showUse();
        },
        isThere: () => samplingArea(activeID()) !== null,
      },
      showVariant: (variants, index) => void this.turnTo(variants, index),
      keepVariant: (variants, index) => void this.keep(variants, index),
      edit: () => void this.edit(),
      reset: () => this.reset(),
      selfTest: () => void this.run(async (_, around) => selfTest(around.connected)),
      connected: () => this.link.connected(),
      installed: () => void this.fetchModels(),
      changed: () => this.changed(),
      folded: saveFolded,
      ...connecting({
        connect: () => this.link.keep(),
        say: (words) => this.view.connection.say(words),
        clear: () => this.view.progress.clearNotice(),
        complain: (thrown) => this.complain(thrown),
      }),
    });
    this.view.write(loadSettings());
    for (const fold of this.view.folds) fold.set(loadFolded(fold.name));
    this.view.setHasLast(loadLast() !== null);
    this.link.onstate = (state) => {
      this.view.connection.set(state);
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

  /**
   * A button: do it with the settings as they are, and record it where an Action is recorded.
   * @param {Deed} deed
   */
  async act(deed) {
    const choices = this.choices();
    const clicks = this.clicks();
    const outcome = await this.deed(deed, choices, clicks);
    if (outcome instanceof InpaintError) return outcome;
    await record(deed, stepOf(deed, choices), choices, clicks);
    return null;
  }

  /**
   * A menu command. Errors are shown in a dialog, because the panel may be closed.
   * @param {Deed} deed
   */
  async command(deed) {
    const failed = await this.act(deed);
    if (failed && failed.code !== "cancelled") await tell(failed);
  }

  /**
   * A step of an Action; Photoshop waits for it, and stops when it throws.
   * @param {any} info as it was recorded
   */
  async play(info) {
    const { deed, settings, clicks } = recorded(info);
    const outcome = await this.deed(deed, remembered(settings), clicks ?? []);
    if (outcome instanceof InpaintError) throw new Error(`${outcome.message} ${outcome.hint}`.trim());
  }

  /**
   * @param {Deed} deed
   * @param {Settings} choices
   * @param {Click[]} clicks in the active document, for an object
   * @returns {Promise<InpaintError | null>} what went wrong
   */
  deed(deed, choices, clicks) {
    if (deed === "inpaint") return this.run((job, around) => this.fill(job, choices, around), choices.count ?? 1);
    const { find } = FINDING[deed];
    return this.run(async (job, around) => foundWords(await find(job, choices, clicks, around)));
  }

  /** @returns {Click[]} in the active document's picture */
  clicks() {
    return this.view.object.clicksIn(activeID());
  }

  /**
   * @param {Job} job
   * @param {Settings} choices
   * @param {Surroundings} around
   */
  async fill(job, choices, around) {
    const outcome = await fill(job, choices, around);
    await this.view.variants.set(outcome.inserted.variants, outcome.finished.layers);
    return outcomeWords(outcome);
  }

  async showHole() {
    const choices = this.choices();
    await this.run(async (job, around) => foundWords(await showHole(job, choices, around)));
  }

  async insertLast() {
    const last = loadLast();
    if (!last) return;
    await this.run(async (job, around) => {
      const outcome = await insertLast(job, last, around);
      await this.view.variants.set(outcome.inserted.variants, outcome.finished.layers);
      return outcomeWords(outcome);
    });
  }

  /**
   * @param {Variants} variants
   * @param {number} index
   */
  async turnTo(variants, index) {
    await this.quietly(async () => {
      await showVariant(variants, index);
      this.view.variants.mark(index);
    });
  }

  /**
   * @param {Variants} variants
   * @param {number} index
   */
  async keep(variants, index) {
    await this.quietly(async () => {
      await keepVariant(variants, index);
      await this.view.variants.set(null, []);
      this.view.progress.setNotice("done", `Variant ${index + 1} is kept. Undo restores the others.`, "");
    });
  }

  /**
   * @template T
   * @param {() => T | null | Promise<T | null>} choose
   * @returns {Promise<T | null>} null when nothing was chosen, or nothing can be
   */
  async chosen(choose) {
    try {
      return await choose();
    } catch (thrown) {
      this.complain(thrown);
      return null;
    }
  }

  async takeSampling() {
    await this.quietly(async () => {
      await takeSamplingArea();
      this.view.showUse();
      this.view.progress.setNotice("done", "Fills now copy only from the area that was selected. Next, select the hole.", "");
    });
  }

  /** Load the settings of the active fill. */
  async edit() {
    await this.quietly(async () => {
      const document = activeDocument();
      const [active] = document.activeLayers;
      const note = active ? await readNote(document.id, active.id) : null;
      if (!note)
        throw new InpaintError(
          "no_recipe",
          "The active layer was not made by this plug-in, or its recipe was lost.",
          "In the Layers panel, click a layer made by Inpaint.",
        );
      this.view.write(remembered({ ...note.settings, seed: note.seed }));
      this.changed();
      this.view.progress.setNotice("done", `These are the settings of “${active.name}”, seed ${note.seed}.`, "");
    });
  }

  cancel() {
    if (!this.job) return;
    this.view.setCancelling();
    this.job.cancel();
  }

  /** The settings that can be seen; all of them are remembered. */
  choices() {
    const choices = this.view.read();
    saveSettings(choices);
    return askedOf(choices, this.view.model(choices));
  }

  /**
   * One thing at a time.
   * @param {(job: Job, surroundings: Surroundings) => Promise<Said>} work
   * @param {number} [variants] that it makes
   * @returns {Promise<InpaintError | null>} what went wrong
   */
  async run(work, variants = 1) {
    if (this.job) return new InpaintError("busy", "Another fill is still running.", "Wait for it, or cancel it.");
    const job = new Job();
    this.job = job;
    this.view.setRunning(true);
    try {
      const { message, hint } = await work(job, this.surroundings(job, variants));
      this.view.progress.setNotice(hint ? "warning" : "done", message, hint);
      return null;
    } catch (thrown) {
      return this.complain(thrown);
    } finally {
      this.job = null;
      this.view.setRunning(false);
    }
  }

  /** @param {() => Promise<void>} work that takes no time worth showing */
  async quietly(work) {
    if (this.job) return;
    try {
      await work();
    } catch (thrown) {
      this.complain(thrown);
    }
  }

  /** @param {unknown} thrown */
  complain(thrown) {
    const error = asInpaintError(thrown);
    this.view.progress.setNotice(error.code === "cancelled" && !error.hint ? "done" : "error", error.message, error.hint);
    return error;
  }

  /**
   * @param {Job} job
   * @param {number} variants
   * @returns {Surroundings}
   */
  surroundings(job, variants) {
    const { progress } = this.view;
    return {
      connected: () => this.link.connected(),
      watcher: {
        onProgress: (message) => {
          if (!job.cancelled) progress.set(message.fraction, progressWords(message, variants));
        },
        onPreview: ({ pixels }) => void progress.setPreview(pixels),
      },
      onBusy: () =>
        progress.set(1, "The fill is ready and will be inserted as soon as Photoshop is free: finish the transform, or close the dialog."),
      remember: (last) => {
        saveLast(last);
        this.view.hasLast = true;
      },
    };
  }

  /** @returns {Surroundings} of what shows no progress */
  silently() {
    return { connected: () => this.link.connected(), watcher: {}, remember: () => {} };
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
      const { models, intents, notices, helpers } = await client.ask({ type: "models" });
      this.view.setModels(models, intents, helpers);
      this.view.connection.tell(notices);
    } catch {
      // The link reports any error itself.
    }
  }
}
