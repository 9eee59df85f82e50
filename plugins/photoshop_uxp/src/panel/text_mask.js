/** The panel's section "Mask by text". */
import { fieldOf } from "../settings.js";
import { button, element } from "./dom.js";

/** @typedef {import("./controls.js").Control} Control */

const SELECT = "Select what the words find.";
const MASK = "A layer mask that shows what the words find and hides the rest.";

/**
 * @param {Map<string, Control>} controls
 * @param {{select: () => void, maskLayer: () => void}} actions
 * @returns {{title: string, node: HTMLElement, buttons: HTMLElement[]}}
 */
export function textMaskSection(controls, { select, maskLayer }) {
  const control = (/** @type {string} */ name) => /** @type {Control} */ (controls.get(name));
  const { node: words, input } = control("text_mask");
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) select();
  });
  const { node: threshold, off } = control("text_mask_threshold");
  const buttons = [
    button("Select", { variant: "secondary", title: SELECT }, select),
    button("Layer mask", { variant: "secondary", title: MASK }, maskLayer),
  ];
  const soft = element("div", { class: "field" }, off ? [off] : []);
  const node = element("div", {}, [
    words,
    threshold,
    element("div", { class: "row" }, [soft, control("invert").node]),
    control("text_mask_combine").node,
    element("div", { class: "row buttons" }, buttons),
    control("text_mask_fill").node,
  ]);
  return { title: fieldOf("text_mask").label ?? "", node, buttons };
}
