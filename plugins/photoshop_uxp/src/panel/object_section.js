/** The panel's section "Select object". */
import { button, element } from "./dom.js";
import { ObjectPicture } from "./object_picture.js";

/** @typedef {import("./controls.js").Control} Control */

const SELECT = "Select the object that is roughly selected or was clicked.";
const MASK = "A layer mask that shows the object and hides the rest.";
const CHANNEL = "Save the object as a channel and leave the selection unchanged.";

/**
 * @param {Map<string, Control>} controls
 * @param {{selectObject: () => void, maskObject: () => void, channelOfObject: () => void} & import("./object_picture.js").PictureActions} actions
 * @returns {{title: string, node: HTMLElement, buttons: HTMLElement[], picture: ObjectPicture}}
 */
export function objectSection(controls, { selectObject, maskObject, channelOfObject, look }) {
  const node = (/** @type {string} */ name) => /** @type {Control} */ (controls.get(name)).node;
  const picture = new ObjectPicture({ look });
  const buttons = [
    button("Select object", { variant: "secondary", title: SELECT }, selectObject),
    button("Mask", { variant: "secondary", "aria-label": "Layer mask of the object", title: MASK }, maskObject),
    button("Channel", { variant: "secondary", title: CHANNEL }, channelOfObject),
  ];
  const content = element("div", {}, [
    picture.node,
    element("div", { class: "row" }, [node("object_choice"), node("object_combine")]),
    element("div", { class: "row buttons wrapping" }, buttons),
  ]);
  return { title: "Select object", node: content, buttons, picture };
}
