/** The variants of the last fill, as pictures: one is seen in the document, and may be kept alone. */
import { button, element, show } from "./dom.js";
import { pictureUrl, thumbnail } from "./picture.js";

/** @typedef {import("../wire/messages.js").Plane} Plane */
/** @typedef {import("../host/variants.js").Variants} Variants */

const MOST = 8;
const SIDE = 96;

/** Created as a whole with the panel: elements added later can't be reached with the Tab key. */
export class VariantsView {
  /** @param {{show: (variants: Variants, index: number) => void, keep: (variants: Variants, index: number) => void}} actions */
  constructor(actions) {
    /** @type {Variants | null} */
    this.variants = null;
    this.index = 0;
    this.actions = actions;
    this.pictures = Array.from({ length: MOST }, (_, index) =>
      element("img", { class: "thumbnail hidden", title: `Variant ${index + 1}`, click: () => this.turnTo(index) }),
    );
    this.words = element("div", { class: "words" });
    const buttons = [
      button("Previous", { variant: "secondary", title: "Show the previous variant" }, () => this.turnTo(this.index - 1)),
      button("Next", { variant: "secondary", title: "Show the next variant" }, () => this.turnTo(this.index + 1)),
      button("Keep", { variant: "primary", title: "Keep this variant and delete the others" }, () => this.keep()),
    ];
    this.node = element("div", { class: "variants hidden" }, [
      this.words,
      element("div", { class: "thumbnails" }, this.pictures),
      element("div", { class: "row buttons" }, buttons),
    ]);
  }

  /**
   * @param {Variants | null} variants
   * @param {{pixels: Plane}[]} layers of the answer
   */
  async set(variants, layers) {
    this.variants = variants;
    show(this.node, variants !== null);
    if (!variants) return;
    this.mark(0);
    for (const [index, picture] of this.pictures.entries()) {
      const layer = layers[index];
      show(picture, layer !== undefined);
      if (layer) picture.src = await pictureUrl(thumbnail(layer.pixels, SIDE));
    }
  }

  /** @param {number} index */
  mark(index) {
    this.index = index;
    this.words.textContent = `Variant ${index + 1} of ${this.variants?.layerIDs.length ?? 0}`;
    for (const [at, picture] of this.pictures.entries()) {
      if (at === index) picture.classList.add("chosen");
      else picture.classList.remove("chosen");
    }
  }

  /** @param {number} index wraps around at either end */
  turnTo(index) {
    if (!this.variants) return;
    const count = this.variants.layerIDs.length;
    this.actions.show(this.variants, (index + count) % count);
  }

  keep() {
    if (this.variants) this.actions.keep(this.variants, this.index);
  }
}
