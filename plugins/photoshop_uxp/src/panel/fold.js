/** A part of the panel that can be folded away. */
import { button, element, show } from "./dom.js";

export class Fold {
  /**
   * @param {string} name by which it is remembered
   * @param {string} title
   * @param {HTMLElement} content
   * @param {(name: string, folded: boolean) => void} ontoggle
   */
  constructor(name, title, content, ontoggle) {
    this.name = name;
    this.title = title;
    this.content = element("div", { class: "part" }, [content]);
    this.folded = true;
    this.head = button("", { variant: "secondary", quiet: true, class: "fold" }, () => {
      this.set(!this.folded);
      ontoggle(name, this.folded);
    });
    this.node = element("div", {}, [this.head, this.content]);
    this.set(true);
  }

  /** @param {boolean} folded */
  set(folded) {
    this.folded = folded;
    show(this.content, !folded);
    this.head.textContent = `${folded ? "▸" : "▾"} ${this.title}`;
    this.head.setAttribute("aria-expanded", String(!folded));
  }
}
