/** The picture that an object is clicked in: the clicks, and what they would select. */
import { clicked, pictureOf } from "../object.js";
import { FULL, planeOf, samplesOf } from "../planes.js";
import { button, element, show } from "./dom.js";
import { pictureUrl, thumbnail } from "./picture.js";

/** @typedef {import("../job.js").Job} Job */
/** @typedef {import("../job.js").Surroundings} Surroundings */
/** @typedef {import("../object.js").Click} Click */
/** @typedef {import("../rectangle.js").Rectangle} Rectangle */
/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {import("../wire/messages.js").Plane} Plane */

/** Longer side of the picture's copy in the panel, in its own pixels. */
const SIDE = 480;
/** Radius of the mark of a click, in the same. */
const MARK = 6;
const INSIDE = [45, 157, 120];
const OUTSIDE = [215, 55, 63];
/** Brightness of the area that is not selected. */
const DIMMED = 0.35;

/**
 * @typedef {object} PictureActions
 * @property {(work: (job: Job, surroundings: Surroundings, choices: Settings) => Promise<void>) => Promise<void>} look
 *   does something that needs the daemon, without a word when it goes well
 */

/** Created as a whole with the panel: elements added later can't be reached with the Tab key. */
export class ObjectPicture {
  /** @param {PictureActions} actions */
  constructor({ look }) {
    this.look = look;
    /** @type {{layer: Plane, where: Rectangle, documentID: number} | null} */
    this.picture = null;
    /** @type {Click[]} */
    this.clicks = [];
    /** @type {Plane | null} the mask that the clicks would select */
    this.mask = null;
    this.image = element("img", {
      class: "clickable hidden",
      title: "Click the object. Alt+click, or tick the box below, to exclude.",
      click: (/** @type {MouseEvent} */ event) => void this.click(event),
    });
    this.outside = element("sp-checkbox", { text: "Clicks exclude", title: "Clicks mark areas to exclude from the object" });
    this.words = element("div", { class: "words" });
    this.load = button("Show picture", { variant: "secondary", title: "Show the picture here, so that you can click the object" }, () => void this.open());
    this.clear = button("Clear clicks", { variant: "secondary", title: "Remove all clicks" }, () => void this.forget());
    this.node = element("div", {}, [
      element("div", { class: "row buttons" }, [this.load, this.clear]),
      this.image,
      element("div", { class: "field" }, [this.outside]),
      this.words,
    ]);
    this.tell();
  }

  /**
   * The clicks in this document's picture; none when another one was clicked in.
   * @param {number} documentID
   */
  clicksIn(documentID) {
    return this.picture?.documentID === documentID && this.clicks.some(({ inside }) => inside) ? this.clicks : [];
  }

  /** Refresh the picture; clicks in the same document are kept. */
  async open() {
    await this.look(async (job, around, choices) => {
      const { layer, where, target } = await pictureOf(job, choices, around);
      if (this.picture?.documentID !== target.document.id) this.clicks = [];
      this.picture = { layer, where, documentID: target.document.id };
      this.mask = null;
      this.load.textContent = "Refresh";
      show(this.image, true);
      await this.draw();
    });
    await this.find();
  }

  /** @param {MouseEvent} event */
  async click(event) {
    if (!this.picture) return;
    const box = this.image.getBoundingClientRect();
    const [left, top, width, height] = this.picture.where;
    const x = left + ((event.clientX - box.left) / box.width) * width;
    const y = top + ((event.clientY - box.top) / box.height) * height;
    this.clicks = [...this.clicks, { x, y, inside: !(event.altKey || this.outside.checked) }];
    await this.draw();
    await this.find();
  }

  async forget() {
    this.clicks = [];
    this.mask = null;
    await this.draw();
  }

  /** Show what the clicks would select. */
  async find() {
    const { picture, clicks } = this;
    if (!picture || !clicks.some(({ inside }) => inside)) return;
    await this.look(async (job, around, choices) => {
      const mask = await clicked(job, picture, choices, clicks, around);
      // A later click sends its own request.
      if (clicks !== this.clicks || picture !== this.picture) return;
      this.mask = mask;
      await this.draw();
    });
  }

  async draw() {
    this.tell();
    if (!this.picture) return;
    const { layer, where } = this.picture;
    const small = thumbnail(layer, SIDE);
    const pixels = small.data.slice();
    if (this.mask) dim(pixels, small, samplesOf(thumbnail(this.mask, SIDE)));
    for (const { x, y, inside } of this.clicks) {
      const at = [((x - where[0]) / where[2]) * small.width, ((y - where[1]) / where[3]) * small.height];
      mark(pixels, small, at[0], at[1], inside ? INSIDE : OUTSIDE);
    }
    this.image.src = await pictureUrl(planeOf(pixels, small.width, small.height, small.channels));
  }

  tell() {
    const count = this.clicks.length;
    this.words.textContent = this.clicks.some(({ inside }) => inside)
      ? `What the ${count === 1 ? "click marks" : `${count} clicks mark`} is selected.`
      : "The selection is used as a rough outline of the object. Alternatively, show the picture and click the object.";
    show(this.clear, count > 0);
    show(this.outside, this.picture !== null);
  }
}

/**
 * Darken the area outside a mask, in place.
 * @param {Uint8Array} pixels
 * @param {Plane} picture that they are of
 * @param {import("../planes.js").Samples} mask of 8 bits, of the same size
 */
function dim(pixels, { channels }, mask) {
  for (let i = 0; i < mask.length; i++) {
    const part = DIMMED + ((1 - DIMMED) * mask[i]) / FULL.u8;
    for (let c = 0; c < 3; c++) pixels[i * channels + c] = Math.round(pixels[i * channels + c] * part);
  }
}

/**
 * Draw a disc with a white edge. In place.
 * @param {Uint8Array} pixels
 * @param {Plane} picture that they are of
 * @param {number} x
 * @param {number} y
 * @param {number[]} colour
 */
function mark(pixels, { width, height, channels }, x, y, colour) {
  for (let row = Math.max(0, Math.floor(y - MARK)); row < Math.min(height, y + MARK); row++)
    for (let column = Math.max(0, Math.floor(x - MARK)); column < Math.min(width, x + MARK); column++) {
      const far = Math.hypot(column + 0.5 - x, row + 0.5 - y);
      if (far > MARK) continue;
      const start = (row * width + column) * channels;
      for (let c = 0; c < 3; c++) pixels[start + c] = far > MARK - 2 ? 255 : colour[c];
      if (channels === 4) pixels[start + 3] = 255;
    }
}
