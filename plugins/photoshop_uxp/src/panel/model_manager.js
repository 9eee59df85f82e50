/** The section "Models": list models and their sizes; install, remove and verify them; choose the default. */
import { newRequestId } from "../daemon/ids.js";
import { asInpaintError } from "../errors.js";
import { button, element, setDimmed, show } from "./dom.js";
import { ModelInstall } from "./model_install.js";
import { modelWords, sizeWords } from "./model_words.js";

/** @typedef {import("../daemon/client.js").DaemonClient} DaemonClient */

/** Reading a large model again takes minutes, and so does deleting one from a slow disk. */
const PATIENCE_MILLISECONDS = 600_000;

/** Created as a whole with the panel: elements added later can't be reached with the Tab key. */
export class ModelManager {
  /**
   * @param {() => Promise<DaemonClient>} connected
   * @param {() => void} onchanged after a model came or went
   * @param {() => boolean} isOpen whether it can be seen: measuring the disk takes a process of the daemon's
   */
  constructor(connected, onchanged, isOpen) {
    this.isOpen = isOpen;
    this.connected = connected;
    this.onchanged = onchanged;
    /** @type {any[]} */
    this.models = [];
    /** By name. @type {Map<string, any>} */
    this.usage = new Map();
    this.chosen = "";
    this.busy = false;
    this.removing = false;
    this.room = element("div", { class: "words" });
    this.menu = element("sp-menu", { slot: "options" });
    this.picker = element("sp-picker", { "aria-label": "Model to manage", title: "A model or a shared component", change: () => this.choose() }, [this.menu]);
    this.facts = element("div", { class: "words facts" });
    this.install = new ModelInstall(connected, onchanged, { brief: true });
    this.use = button("Use as default", { variant: "secondary", title: "Use this model unless another is chosen" }, () => void this.ask("model_use", "is the default now."));
    this.check = button("Verify", { variant: "secondary", title: "Check all of its files; damaged ones are removed and can be installed again" }, () => void this.ask("model_verify", "is intact."));
    this.remove = button("Remove", { variant: "secondary", title: "Delete its files" }, () => void this.pressRemove());
    this.said = element("div", { class: "words", role: "status" });
    this.node = element("div", { class: "manager" }, [
      this.room,
      element("div", { class: "field" }, [this.picker]),
      this.facts,
      this.install.node,
      element("div", { class: "row buttons wrapping" }, [this.use, this.check, this.remove]),
      this.said,
    ]);
  }

  /** @param {any[]} models that fill, and the parts and helpers that do not */
  set(models) {
    this.models = models;
    if (!models.some(({ name }) => name === this.chosen)) this.chosen = models.find((model) => model.default)?.name ?? "";
    this.menu.textContent = "";
    for (const { name, title, installed } of models)
      this.menu.appendChild(element("sp-menu-item", { value: name, text: installed ? title : `${title} (not installed)`, selected: name === this.chosen }));
    this.picker.selectedIndex = models.findIndex(({ name }) => name === this.chosen);
    this.draw();
    if (this.isOpen()) void this.measure();
  }

  /** Ask how much of the disk is taken; it may take a while, and nothing waits for it. */
  async measure() {
    try {
      const { free_bytes, models } = await (await this.connected()).follow({ type: "disk", request_id: newRequestId() }, {}, PATIENCE_MILLISECONDS);
      this.usage = new Map(models.map((/** @type {any} */ one) => [one.name, one]));
      const taken = models.reduce((/** @type {number} */ sum, /** @type {any} */ { bytes }) => sum + bytes, 0);
      this.room.textContent = `Models use ${sizeWords(taken)}; ${sizeWords(free_bytes)} free.`;
      this.draw();
    } catch {
      this.room.textContent = "";
    }
  }

  choose() {
    this.chosen = this.models[this.picker.selectedIndex]?.name ?? this.chosen;
    this.removing = false;
    this.said.textContent = "";
    this.draw();
  }

  get model() {
    return this.models.find(({ name }) => name === this.chosen);
  }

  draw() {
    const { model } = this;
    if (!model) return;
    const usage = this.usage.get(model.name);
    this.facts.textContent = "";
    for (const line of modelWords(model, usage)) this.facts.appendChild(element("div", { text: line }));
    this.install.set(model);
    show(this.use, model.installed && !model.default && model.fills);
    show(this.check, model.installed && usage !== undefined);
    show(this.remove, usage !== undefined);
    this.remove.textContent = this.removing && usage ? `Really remove ${sizeWords(usage.bytes)}` : "Remove";
    for (const one of [this.use, this.check, this.remove]) setDimmed(one, this.busy);
  }

  /** The first press asks, the second removes. */
  async pressRemove() {
    if (this.removing) await this.ask("model_remove", "is removed.");
    this.removing = !this.removing && !this.busy && this.usage.has(this.chosen);
    this.draw();
  }

  /**
   * @param {string} type of the request
   * @param {string} done the end of the sentence shown on success
   */
  async ask(type, done) {
    const { model } = this;
    if (!model || this.busy) return;
    this.busy = true;
    this.said.textContent = type === "model_verify" ? `Reading ${model.title}…` : "";
    this.draw();
    try {
      const request = { type, request_id: newRequestId(), model: model.name };
      await (await this.connected()).follow(request, { onProgress: (progress) => this.tell(progress) }, PATIENCE_MILLISECONDS);
      this.said.textContent = `${model.title} ${done}`;
      this.onchanged();
    } catch (thrown) {
      const { message, hint } = asInpaintError(thrown);
      this.said.textContent = `${message} ${hint}`.trim();
    } finally {
      this.busy = false;
      this.removing = false;
      this.draw();
    }
  }

  /** @param {any} progress */
  tell({ done_bytes, total_bytes }) {
    this.said.textContent = `${sizeWords(done_bytes)} of ${sizeWords(total_bytes)} read`;
  }
}
