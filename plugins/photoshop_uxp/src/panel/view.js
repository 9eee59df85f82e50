/** The panel's elements, and how they show what goes on. It decides nothing. */
import { ALL_SHOWN, SHOWN, SHOWN_FOLDED } from "../settings.js";
import { isByText } from "../textmask.js";
import { controlFor } from "./controls.js";
import { button, element, setDisabled, show } from "./dom.js";
import { Fold } from "./fold.js";
import { pngDataUrl } from "./png.js";
import { textMaskSection } from "./text_mask.js";
import { holeWords } from "./words.js";

/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {import("../daemon/link.js").LinkState} LinkState */
/** @typedef {import("./controls.js").Control} Control */

/**
 * @typedef {object} Actions
 * @property {() => void} inpaint
 * @property {() => void} cancel
 * @property {() => void} insertLast
 * @property {() => void} select
 * @property {() => void} maskLayer
 * @property {() => void} showHole
 * @property {() => void} reset
 * @property {() => void} changed a setting
 * @property {(name: string, folded: boolean) => void} folded
 * @property {(text: string) => void} paste
 */

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
    this.actions = actions;
    /** @type {Map<string, Control>} */
    this.controls = new Map(ALL_SHOWN.map((name) => [name, controlFor(name, actions.changed)]));
    this.dot = element("div", { class: "dot" });
    this.stateWords = element("div", { class: "words", role: "status" });
    this.byHand = button("Connect by hand…", { variant: "secondary", quiet: true, class: "by-hand" }, () => show(this.paste, true));
    this.pasted = element("sp-textarea", {
      "aria-label": "Contents of connection.json",
      placeholder: "Contents of .inpaintd/connection.json in your home folder",
    });
    this.paste = element("div", { class: "field hidden" }, [
      this.pasted,
      button("Connect", { variant: "secondary" }, () => actions.paste(this.pasted.value)),
    ]);
    this.main = button("Inpaint", { variant: "cta", class: "main", title: "Ctrl+Enter in the prompt" }, actions.inpaint);
    this.cancel = button("Cancel", { variant: "secondary", class: "cancel hidden" }, actions.cancel);
    this.bar = element("sp-progressbar", { max: 100, value: 0, "aria-label": "Progress" });
    this.barWords = element("div", { class: "words" });
    this.preview = element("img", { class: "preview hidden", alt: "Preview of the fill" });
    this.running = element("div", { class: "running hidden" }, [this.bar, this.barWords, this.preview]);
    this.notice = element("div", { class: "notice hidden", role: "alert" });
    const section = textMaskSection(this.controls, actions);
    this.searches = section.buttons;
    this.folds = [
      new Fold("text_mask", section.title, section.node, actions.folded),
      new Fold("settings", "More settings", element("div", {}, rows(this.controls, SHOWN_FOLDED)), actions.folded),
    ];
    this.holeWords = element("div", { class: "words" });
    this.showHole = button("Show", { variant: "secondary", title: "Select what would be repainted" }, actions.showHole);
    this.hole = element("div", { class: "hole hidden" }, [this.holeWords, this.showHole]);
    this.last = button("Insert last result", { variant: "secondary", quiet: true, class: "last" }, actions.insertLast);
    const reset = button("Reset", { variant: "secondary", quiet: true, title: "All settings to their defaults" }, actions.reset);
    const [prompt, ...others] = rows(this.controls, SHOWN);
    const parts = [
      element("div", { class: "status" }, [this.dot, this.stateWords]),
      this.byHand,
      this.paste,
      prompt,
      this.hole,
      element("div", { class: "actions" }, [this.main, this.cancel]),
      this.running,
      this.notice,
      this.folds[0].node,
      ...others,
      this.folds[1].node,
      element("div", { class: "divider" }),
      element("div", { class: "footer" }, [this.last, reset]),
    ];
    for (const part of parts) root.appendChild(part);
    root.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) actions.inpaint();
    });
    this.setLink({ name: "connecting" });
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

  /** @param {any[]} models as in the daemon's answer */
  setModels(models) {
    this.models = models;
    const standard = models.find((model) => model.default);
    this.controls.get("model")?.offer?.([
      { value: "", label: standard ? `Default: ${standard.title}` : "Default" },
      ...models.map(({ name, title, installed }) => ({ value: name, label: installed ? title : `${title} (not installed)` })),
    ]);
    this.showUse();
  }

  /** Say where the hole comes from when words find it, and dim what the chosen model takes no notice of. */
  showUse() {
    const choices = this.read();
    show(this.hole, isByText(choices));
    this.holeWords.textContent = holeWords(choices);
    const chosen = this.controls.get("model")?.read();
    const model = (this.models ?? []).find(({ name, ...rest }) => (chosen ? name === chosen : rest.default));
    for (const name of ["prompt", "negative_prompt", "strength", "steps", "guidance_scale", "seed", "infill"]) {
      const node = this.controls.get(name)?.node;
      const used = !model || model.honours.includes(name);
      if (used) node?.classList.remove("unused");
      else node?.classList.add("unused");
    }
  }

  /** @param {LinkState} state */
  setLink(state) {
    this.dot.className = `dot ${state.name}`;
    if (state.name === "connected") this.stateWords.textContent = `Connected to inpaintd ${state.version}`;
    else if (state.name === "connecting") this.stateWords.textContent = "Looking for the inpaint daemon…";
    else {
      this.stateWords.textContent = state.error.message;
      this.stateWords.appendChild(element("div", { class: "hint", text: state.error.hint }));
    }
    show(this.byHand, state.name === "lost");
    if (state.name === "connected") show(this.paste, false);
  }

  /** @param {boolean} running */
  setRunning(running) {
    show(this.running, running);
    show(this.cancel, running);
    for (const starts of [this.main, this.showHole, ...this.searches]) setDisabled(starts, running);
    setDisabled(this.last, running || !this.hasLast);
    setDisabled(this.cancel, false);
    if (running) {
      this.clearNotice();
      this.setProgress(0, "Reading the picture");
      show(this.preview, false);
    }
  }

  /** @param {boolean} there */
  setHasLast(there) {
    this.hasLast = there;
    setDisabled(this.last, !there);
  }

  setCancelling() {
    setDisabled(this.cancel, true);
    this.barWords.textContent = "Cancelling";
  }

  /**
   * @param {number} fraction
   * @param {string} words
   */
  setProgress(fraction, words) {
    this.bar.value = Math.round(100 * fraction);
    this.barWords.textContent = words;
  }

  /** @param {import("../wire/messages.js").Plane} pixels */
  setPreview(pixels) {
    if (pixels.depth !== "u8") return;
    this.preview.src = pngDataUrl(pixels);
    show(this.preview, true);
  }

  /**
   * @param {"done" | "warning" | "error"} kind
   * @param {string} message
   * @param {string} hint
   */
  setNotice(kind, message, hint) {
    this.notice.className = `notice ${kind}`;
    this.notice.textContent = message;
    if (hint) this.notice.appendChild(element("div", { class: "hint", text: hint }));
  }

  clearNotice() {
    show(this.notice, false);
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
