/** Progress display: the progress bar, the preview, and the final message. */
import { element, setDimmed, show } from "./dom.js";
import { pictureUrl } from "./picture.js";

/** @typedef {import("../wire/messages.js").Plane} Plane */

export class ProgressView {
  constructor() {
    this.bar = element("sp-progressbar", { max: 100, value: 0, "aria-label": "Progress" });
    this.words = element("div", { class: "words" });
    this.preview = element("img", { class: "preview hidden", alt: "Preview of the fill" });
    this.running = element("div", { class: "running hidden" }, [this.bar, this.words, this.preview]);
    this.notice = element("div", { class: "notice hidden", role: "alert" });
    this.node = element("div", {}, [this.running, this.notice]);
  }

  /** @param {boolean} running */
  setRunning(running) {
    show(this.running, running);
    if (!running) return;
    this.clearNotice();
    this.set(0, "Reading the picture");
    show(this.preview, false);
    setDimmed(this.words, false);
  }

  /**
   * @param {number} fraction
   * @param {string} words
   */
  set(fraction, words) {
    this.bar.value = Math.round(100 * fraction);
    this.words.textContent = words;
  }

  /** @param {string} words */
  say(words) {
    this.words.textContent = words;
  }

  /** @param {Plane} pixels */
  async setPreview(pixels) {
    if (pixels.depth !== "u8") return;
    this.preview.src = await pictureUrl(pixels);
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
