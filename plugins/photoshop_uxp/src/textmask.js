/** Masks by text: the request to the daemon, and the combination with an existing mask. */
import { FULL, depthOf, newSamples } from "./planes.js";
import { made } from "./settings.js";

/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("./planes.js").Samples} Samples */
/** @typedef {"replace" | "add" | "subtract" | "intersect"} Combination */

const OF_WORDS = ["text_mask", "text_mask_threshold", "text_mask_combine", "invert"];

/** @param {Settings} choices whether Inpaint finds its hole by words */
export const isByText = ({ text_mask, text_mask_fill }) => text_mask_fill && text_mask.trim() !== "";

/**
 * A fill's settings for the daemon.
 * @param {Settings} choices of the panel
 * @param {boolean} selected whether the selection goes with them as the mask
 * @returns {{settings: Settings, complemented: boolean}} and whether the mask has to be complemented
 */
export function fillSettings(choices, selected) {
  if (!isByText(choices)) {
    const others = Object.entries(choices).filter(([name]) => !OF_WORDS.includes(name));
    return { settings: made(Object.fromEntries(others)), complemented: false };
  }
  const { complemented, ...combination } = onTheWire(selected ? choices.text_mask_combine : "replace", choices.invert);
  return { settings: { ...made(choices), ...combination }, complemented };
}

/**
 * Here, what was found is inverted and then meets the selection. The daemon lets them meet, then
 * inverts; so an inverted one is asked for by De Morgan's laws, with the selection's complement.
 * @param {Combination} combination
 * @param {boolean} invert
 * @returns {{text_mask_combine: string, invert: boolean, complemented: boolean}}
 */
function onTheWire(combination, invert) {
  if (combination === "replace") return { text_mask_combine: "replace", invert, complemented: false };
  if (combination === "subtract") return onTheWire("intersect", !invert);
  const unites = (combination === "add") !== invert;
  return { text_mask_combine: unites ? "union" : "intersect", invert, complemented: invert };
}

/**
 * @param {Samples} found
 * @param {Samples} present of the same depth and length
 * @param {Combination} combination
 * @returns {Samples}
 */
export function combined(found, present, combination) {
  if (combination === "replace") return found;
  const full = FULL[depthOf(found)];
  const result = newSamples(depthOf(found), found.length);
  for (let i = 0; i < found.length; i++)
    result[i] =
      combination === "add"
        ? Math.max(present[i], found[i])
        : Math.min(present[i], combination === "subtract" ? full - found[i] : found[i]);
  return result;
}
