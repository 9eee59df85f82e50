/** A model that is chosen and not installed: its licence, a button that installs it, and how far that is. */
import { newRequestId } from "../daemon/ids.js";
import { asInpaintError } from "../errors.js";
import { button, element, show } from "./dom.js";

/** @typedef {import("../daemon/client.js").DaemonClient} DaemonClient */

/** A check of what has arrived says nothing for a while; a disk can be slow. */
const PATIENCE_MILLISECONDS = 600_000;
const GIGABYTE = 1e9;
const MEGABYTE = 1e6;

/** @type {Record<string, string>} */
const SELLING = {
  yes: "What it paints may be sold.",
  no: "What it paints may not be sold.",
  limited: "Its licence limits the selling of what it paints.",
};

/** Made as a whole when the panel is: what is added later can't be reached with the Tab key. */
export class ModelInstall {
  /**
   * @param {() => Promise<DaemonClient>} connected
   * @param {() => void} oninstalled
   */
  constructor(connected, oninstalled) {
    this.connected = connected;
    this.oninstalled = oninstalled;
    /** @type {any} */
    this.model = null;
    /** The model being fetched. @type {string | null} */
    this.fetching = null;
    this.accepted = false;
    this.words = element("div", { class: "words" });
    this.button = button("Install", { variant: "primary", title: "Fetch this model and keep it on this machine" }, () => void this.press());
    this.bar = element("sp-progressbar", { class: "hidden", max: 100, value: 0, "aria-label": "Progress of the installation" });
    this.node = element("div", { class: "install hidden" }, [element("div", { class: "hole" }, [this.words, this.button]), this.bar]);
  }

  /** @param {any} model that is chosen, as in the daemon's answer */
  set(model) {
    if (model?.name !== this.model?.name) this.accepted = false;
    this.model = model;
    show(this.node, Boolean(model) && !model.installed);
    if (model && !this.fetching) this.say([`${model.title} is not installed.`, model.licence && `Licence: ${model.licence}.`, SELLING[model.commercial]]);
  }

  async press() {
    if (this.fetching) await this.pause();
    else if (this.model) await this.install(this.model);
  }

  /** @param {any} model */
  async install({ name, title }) {
    this.fetching = name;
    this.button.textContent = "Pause";
    show(this.bar, true);
    this.say([`Installing ${title}…`]);
    try {
      const client = await this.connected();
      const request = { type: "model_install", request_id: newRequestId(), model: name, accept_licence: this.accepted };
      const { state } = await client.follow(request, { onProgress: (progress) => this.tell(progress) }, PATIENCE_MILLISECONDS);
      this.say([state === "paused" ? `${title} is paused; what has arrived stays.` : `${title} is installed.`]);
      this.accepted = false;
      this.button.textContent = state === "paused" ? "Go on" : "Install";
      if (state !== "paused") this.oninstalled();
    } catch (thrown) {
      const { code, message, hint } = asInpaintError(thrown);
      // The licence has been told now: pressing again accepts it.
      this.accepted = code === "licence";
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
    const speed = bytes_per_second ? `, ${Math.round(bytes_per_second / MEGABYTE)} MB/s` : "";
    this.say([`${model}: ${(done_bytes / GIGABYTE).toFixed(1)} of ${(total_bytes / GIGABYTE).toFixed(1)} GB${speed}`]);
  }

  /** @param {(string | undefined)[]} sentences */
  say(sentences) {
    this.words.textContent = sentences.filter(Boolean).join(" ");
  }
}
