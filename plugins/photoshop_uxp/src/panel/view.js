/** The panel's elements, and their display of the current state. No decisions are made here. */
import { ALL_SHOWN, fieldOf, isHonoured, SHOWN, SHOWN_FOLDED } from "../settings.js";
import { isByText } from "../textmask.js";
import { ConnectionView } from "./connection_view.js";
import { controlFor, CUSTOM } from "./controls.js";
import { button, element, onSubmit, setDimmed, show } from "./dom.js";
import { Fold } from "./fold.js";
import { ModelInstall } from "./model_install.js";
import { ModelManager } from "./model_manager.js";
import { objectSection } from "./object_section.js";
import { ProgressView } from "./progress.js";
import { referenceList } from "./reference_list.js";
import { samplingRow } from "./sampling_row.js";
import { textMaskSection } from "./text_mask.js";
import { VariantsView } from "./variants.js";
import { holeWords } from "./words.js";

/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {import("./controls.js").Control} Control */
/** @typedef {import("../host/variants.js").Variants} Variants */

/**
 * @typedef {object} OwnActions
 * @property {() => void} inpaint
 * @property {() => void} cancel
 * @property {() => void} insertLast
 * @property {() => void} select
 * @property {() => void} maskLayer
 * @property {() => void} showHole
 * @property {() => void} selectObject
 * @property {() => void} maskObject
 * @property {() => void} channelOfObject
 * @property {import("./object_picture.js").PictureActions["look"]} look
 * @property {Parameters<typeof referenceList>[1]} reference
 * @property {import("./sampling_row.js").SamplingActions} sampling
 * @property {(variants: Variants, index: number) => void} showVariant
 * @property {(variants: Variants, index: number) => void} keepVariant
 * @property {() => void} edit take the settings of the active fill
 * @property {() => void} reset
 * @property {() => void} selfTest
 * @property {() => Promise<import("../daemon/client.js").DaemonClient>} connected
 * @property {() => void} installed a model
 * @property {() => void} changed a setting
 * @property {(name: string, folded: boolean) => void} folded
 */
/** @typedef {OwnActions & import("./connection_view.js").ConnectionActions} Actions */

/** Settings that share a line. */
const PAIRS = [
  ["steps", "guidance_scale"],
  ["seed", "count"],
  ["area", "infill"],
  ["grow_pixels", "feather_pixels"],
  ["threshold", "output"],
];

export class View {
  /**
   * @param {HTMLElement} root
   * @param {Actions} actions
   */
  constructor(root, actions) {
    this.root = root;
    /** @type {any[]} */
    this.models = [];
    /** @type {Fold[]} */
    this.folds = [];
    /** @type {Map<string, Control>} */
    this.controls = new Map(ALL_SHOWN.map((name) => [name, name === "references" ? referenceList(actions.changed, actions.reference) : controlFor(name, actions.changed)]));
    this.connection = new ConnectionView(actions);
    this.progress = new ProgressView();
    this.variants = new VariantsView({ show: actions.showVariant, keep: actions.keepVariant });
    this.install = new ModelInstall(actions.connected, actions.installed);
    /** Whether the chosen model fits into this machine's memory, as the daemon says. */
    this.fits = element("div", { class: "words hidden" });
    this.manager = new ModelManager(actions.connected, actions.installed, () => !this.folds[3].folded);
    const folded = (/** @type {string} */ name, /** @type {boolean} */ isFolded) => {
      actions.folded(name, isFolded);
      if (name === "models" && !isFolded) void this.manager.measure();
    };
    this.main = button("Inpaint", { variant: "cta", class: "main", title: "Ctrl+Enter in the prompt" }, actions.inpaint);
    this.cancel = button("Cancel", { variant: "secondary", class: "cancel hidden" }, actions.cancel);
    const section = textMaskSection(this.controls, actions);
    const object = objectSection(this.controls, actions);
    this.object = object.picture;
    this.folds = [
      new Fold("text_mask", section.title, section.node, actions.folded),
      new Fold("object", object.title, object.node, actions.folded),
      new Fold("references", "References", this.control("references").node, actions.folded),
      new Fold("models", "Models", this.manager.node, folded),
      new Fold("settings", "More settings", element("div", {}, rows(this.controls, SHOWN_FOLDED)), actions.folded),
    ];
    this.sampling = samplingRow(this.control("use_sampling_area"), actions.sampling);
    this.holeWords = element("div", { class: "words" });
    const showHole = button("Show", { variant: "secondary", title: "Select what would be repainted" }, actions.showHole);
    this.hole = element("div", { class: "hole hidden" }, [this.holeWords, showHole]);
    this.starters = [this.main, showHole, ...section.buttons, ...object.buttons];
    this.last = button("Insert last result", { variant: "secondary", quiet: true, class: "last" }, actions.insertLast);
    const edit = button(
      "Edit",
      { variant: "secondary", quiet: true, title: "Load the settings of the active fill" },
      actions.edit,
    );
    const reset = button("Reset", { variant: "secondary", quiet: true, title: "Reset all settings to their defaults" }, () => {});
    reset.addEventListener("click", (/** @type {MouseEvent} */ event) =>
      event.shiftKey ? actions.selfTest() : actions.reset(),
    );
    const prompts = ["prompt", "negative_prompt"];
    for (const name of prompts) onSubmit(this.control(name).input, actions.inpaint);
    const first = SHOWN.filter((name) => name === "intent" || prompts.includes(name));
    const others = rows(this.controls, SHOWN.filter((name) => !first.includes(name) && name !== "model"));
    const content = element("div", { class: "content" }, [
      this.connection.node,
      ...rows(this.controls, first),
      this.folds[2].node,
      this.hole,
      element("div", { class: "actions" }, [this.main, this.cancel]),
      this.progress.node,
      this.variants.node,
      this.folds[0].node,
      this.folds[1].node,
      this.control("model").node,
      this.fits,
      this.install.node,
      ...others,
      this.folds[4].node,
      this.folds[3].node,
      element("div", { class: "divider" }),
      element("div", { class: "footer" }, [this.last, edit, reset]),
    ]);
    root.appendChild(content);
  }

  /** @param {string} name @returns {Control} */
  control(name) {
    return /** @type {Control} */ (this.controls.get(name));
  }

  /** True if the panel is visible, as far as a plug-in can tell. */
  get isSeen() {
    return this.root.getBoundingClientRect().height > 0;
  }

  /** @returns {Settings} */
  read() {
    return Object.fromEntries([...this.controls].map(([name, control]) => [name, control.read()]));
  }

  /** @param {Settings} settings */
  write(settings) {
    for (const [name, control] of this.controls) control.write(settings[name]);
    this.showUse();
  }

  /**
   * @param {any[]} models as in the daemon's answer
   * @param {{name: string, label: string}[]} [intents] likewise
   * @param {any[]} [helpers] what fills nothing by itself, likewise
   */
  setModels(models, intents = [], helpers = []) {
    this.models = models;
    this.manager.set([...models.map((model) => ({ ...model, fills: true })), ...helpers.map((helper) => ({ ...helper, fills: false }))]);
    this.controls.get("intent")?.offer?.([
      CUSTOM,
      ...intents.map(({ name, label }) => ({ value: name, label })),
    ]);
    const standard = models.find((model) => model.default);
    this.control("model").offer?.([
      { value: "", label: standard ? `Default: ${standard.title}` : "Default" },
      ...models.map(({ name, title, installed }) => ({ value: name, label: installed ? title : `${title} (not installed)` })),
    ]);
    this.showUse();
  }

  /**
   * The daemon's description of the model that is chosen; undefined while it is not known.
   * @param {Settings} choices
   */
  model(choices) {
    return this.models.find(({ name, ...rest }) => (choices.model ? name === choices.model : rest.default));
  }

  /** Say where the hole comes from when words find it, and hide what the chosen model ignores. */
  showUse() {
    const choices = this.read();
    show(this.hole, isByText(choices));
    this.holeWords.textContent = holeWords(choices);
    const model = this.model(choices);
    this.install.set(model);
    show(this.fits, Boolean(model?.fits));
    this.fits.textContent = model?.fits ? `On this computer: ${model.fits}.` : "";
    for (const [name, control] of this.controls) {
      show(control.node, !model || isHonoured(name, model));
      control.expect(model?.defaults?.[name] ?? fieldOf(name).default);
    }
    show(this.folds[2].node, Boolean(model) && isHonoured("references", model));
    this.sampling();
  }

  /** @param {boolean} running */
  setRunning(running) {
    this.progress.setRunning(running);
    show(this.cancel, running);
    for (const starter of this.starters) setDimmed(starter, running);
    setDimmed(this.last, running || !this.hasLast);
    setDimmed(this.cancel, false);
  }

  /** @param {boolean} there */
  setHasLast(there) {
    this.hasLast = there;
    setDimmed(this.last, !there);
  }

  setCancelling() {
    setDimmed(this.cancel, true);
    this.progress.say("Cancelling");
  }
}

/**
 * @param {Map<string, Control>} controls
 * @param {string[]} names
 * @returns {HTMLElement[]}
 */
function rows(controls, names) {
  const node = (/** @type {string} */ name) => /** @type {Control} */ (controls.get(name)).node;
  const seconds = PAIRS.map(([, second]) => second);
  return names
    .filter((name) => !seconds.includes(name))
    .map((name) => {
      const pair = PAIRS.find(([first]) => first === name);
      return pair ? element("div", { class: "row" }, pair.map(node)) : node(name);
    });
}
