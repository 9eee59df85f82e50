/** Panel state that persists between sessions. */
import { remembered } from "../settings.js";

/** @typedef {import("../job.js").LastResult} LastResult */

/** The number changes with what is stored: earlier versions had no settings that were not set. */
const SETTINGS = "inpaint settings 2";
const LAST = "inpaint last result";
const FOLDED = "inpaint folded";

export const loadSettings = () => remembered(load(SETTINGS));
export const saveSettings = (/** @type {import("../settings.js").Settings} */ settings) => save(SETTINGS, settings);

/** @returns {LastResult | null} */
export function loadLast() {
  const last = load(LAST);
  return typeof last?.request_id === "string" && typeof last.settings === "object" ? last : null;
}
export const saveLast = (/** @type {LastResult} */ last) => save(LAST, last);

/** @param {string} name of a part of the panel */
export const loadFolded = (name) => load(`${FOLDED} ${name}`) !== false;
/** @param {string} name @param {boolean} folded */
export const saveFolded = (name, folded) => save(`${FOLDED} ${name}`, folded);

/** @param {string} key */
function load(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {any} value
 */
function save(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Full or forbidden: then the next session starts with the defaults.
  }
}
