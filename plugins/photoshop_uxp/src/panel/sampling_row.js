/** The sampling area in "More settings": taking it from the selection, and forgetting it. */
import { button, element, show } from "./dom.js";

/**
 * @typedef {object} SamplingActions
 * @property {() => void} take the selection as the sampling area
 * @property {() => void} forget it
 * @property {() => boolean} isThere whether the active document has one
 */

/**
 * Put the buttons below the control's box.
 * @param {import("./controls.js").Control} control of `use_sampling_area`
 * @param {SamplingActions} actions
 * @returns {() => void} to be called when something may have changed
 */
export function samplingRow({ node, input }, { take, forget, isThere }) {
  const title = "Let fills copy only from the current selection, then deselect it";
  const taking = button("Selection as sampling area", { variant: "secondary", title }, take);
  const forgetting = button("Forget it", { variant: "secondary", quiet: true, "aria-label": "Remove the sampling area" }, forget);
  node.appendChild(element("div", { class: "row buttons wrapping" }, [taking, forgetting]));
  return () => {
    show(forgetting, isThere());
    show(input, isThere());
  };
}
