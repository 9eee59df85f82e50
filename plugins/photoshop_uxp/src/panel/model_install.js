/** A model that is chosen and not installed: its licence, a button that installs it, and how far that is. */
import { newRequestId } from "../daemon/ids.js";
import { asInpaintError } from "../errors.js";
import { button, element, show } from "./dom.js";
import { SELLING, sizeWords } from "./model_words.js";

/** @typedef {import("../daemon/client.js").DaemonClient} DaemonClient */

/** Verifying the download can be silent for a while, as disks can be slow. */
const PATIENCE_MILLISECONDS = 600_000;
const TOKEN = "The hub requires it to download this model. The daemon stores it for your account only and never displays it.";

/** Created as a whole with the panel: elements added later can't be reached with the Tab key. */
export class ModelInstall {
  /**
   * @param {() => Promise<DaemonClient>} connected
   * @param {() => void} oninstalled
   * @param {{brief?: boolean}} [options] `brief`: what there is to know of the model is shown elsewhere
   */
  constructor(connected, oninstalled, { brief = false } = {}) {
    this.brief = brief;
    this.connected = connected;
    this.oninstalled = oninstalled;
    /** @type {any} */
    this.model = null;
    /** The model being fetched. @type {string | null} */
    this.fetching = null;
    this.accepted = false;
    this.words = element("div", { class: "words" });
    this.button = button("Install", { variant: "primary", title: "Download this model to this machine" }, () => void this.press());
    this.bar = element("sp-progressbar", { class: "hidden", max: 100, value: 0, "aria-label": "Progress of the installation" });
    // Shown only if the hub requires it, and cleared as soon as it is sent.
    this.token = element("sp-textfield", { type: "password", class: "hidden", placeholder: "Token of the hub (hf_…)", "aria-label": "Token of the hub", title: TOKEN });
    this.node = element("div", { class: "install hidden" }, [
      element("div", { class: "hole" }, [this.words, this.button]),
      element("div", { class: "field" }, [this.token]),
      this.bar,
    ]);
  }

  /** @param {any} model that is chosen, as in the daemon's answer */
  set(model) {
    if (model?.name !== this.model?.name) {
      this.accepted = false;
      show(this.token, false);
    }
    this.model = model;
    show(this.node, Boolean(model) && !model.installed);
    if (model && !this.fetching)
      this.say(this.brief ? [] : [`${model.title} is not installed.`, model.licence && `Licence: ${model.licence}.`, SELLING[model.commercial]]);
  }

  async press() {
    if (this.fetching) await this.pause();
    else if (this.model && (this.accepted || (await this.isFree(this.model)))) await this.install(this.model);
  }

  /**
   * Whether nothing has to be accepted before a model is fetched; if something has, say what, and what it takes.
   * @param {any} model
   */
  async isFree({ name, title }) {
    let offer;
    try {
      const request = { type: "offer", request_id: newRequestId(), model: name };
      offer = await (await this.connected()).follow(request, {}, PATIENCE_MILLISECONDS);
    } catch {
      return true; // the installation says what is wrong
    }
    const { must_accept, needs_token, missing_bytes, licence, page } = offer;
    show(this.token, needs_token);
    if (!must_accept && !needs_token) return true;
    this.accepted = true;
    this.button.textContent = "Accept and install";
    const terms = `${title} has its own licence${licence ? ` (${licence})` : ""}: read it at ${page}.`;
    this.say([terms, needs_token && "The hub asks once for a token.", `The download is ${sizeWords(missing_bytes)}.`]);
    return false;
  }

  /** @param {any} model */
  async install({ name, title }) {
    this.fetching = name;
    this.button.textContent = "Pause";
    show(this.bar, true);
    this.say([`Installing ${title}…`]);
    try {
      const client = await this.connected();
      const token = String(this.token.value ?? "").trim();
      this.token.value = "";
      const request = { type: "model_install", request_id: newRequestId(), model: name, accept_licence: this.accepted, token };
      const { state } = await client.follow(request, { onProgress: (progress) => this.tell(progress) }, PATIENCE_MILLISECONDS);
      this.say([state === "paused" ? `${title} is paused; what was downloaded is kept.` : `${title} is installed.`]);
      this.accepted = false;
      this.button.textContent = state === "paused" ? "Go on" : "Install";
      if (state !== "paused") this.oninstalled();
    } catch (thrown) {
      const { code, message, hint } = asInpaintError(thrown);
      // The licence has now been shown: pressing again accepts it.
      this.accepted = code === "licence";
      if (code === "licence" || /token/i.test(hint)) show(this.token, true);
      this.say([message, this.accepted ? "" : hint]);
      this.button.textContent = this.accepted ? "Accept and install" : "Install";
    } finally {
      this.fetching = null;
      show(this.bar, false);
    }
  }

  async pause() {
    try {
      await (await this.connected()).ask({ type: "model_pause", model: this.fetching });
    } catch (thrown) {
      this.say([asInpaintError(thrown).message]);
    }
  }

  /** @param {any} progress */
  tell({ model, done_bytes, total_bytes, bytes_per_second }) {
    this.bar.value = total_bytes ? Math.round((100 * done_bytes) / total_bytes) : 0;
    const speed = bytes_per_second ? `, ${sizeWords(bytes_per_second)}/s` : "";
    this.say([`${model}: ${sizeWords(done_bytes)} of ${sizeWords(total_bytes)}${speed}`]);
  }

  /** @param {(string | undefined)[]} sentences */
  say(sentences) {
    this.words.textContent = sentences.filter(Boolean).join(" ");
  }
}
