/** The panel's texts. */
import { shortened } from "../text.js";

/** @typedef {import("../wire/messages.js").Message} Message */

/** @type {Record<string, string>} */
const PHASES = {
  waiting: "Waiting",
  loading: "Loading the model",
  preparing: "Preparing",
  denoising: "Painting",
  finishing: "Finishing",
};

/**
 * @param {Message} progress
 * @param {number} variants
 */
export function progressWords({ phase, step, steps, variant, position, remaining_seconds }, variants) {
  const parts = [PHASES[phase] ?? "Working"];
  if (phase === "waiting" && position > 0) parts.push(`place ${position} in the queue`);
  if (phase === "denoising" && steps > 0) {
    parts[0] = `Step ${step} of ${steps}`;
    if (variants > 1) parts.push(`variant ${variant + 1} of ${variants}`);
  }
  if (remaining_seconds !== null && remaining_seconds >= 1) parts.push(`${duration(remaining_seconds)} left`);
  return parts.join(", ");
}

/** @param {number} seconds */
function duration(seconds) {
  const whole = Math.round(seconds);
  return whole < 90 ? `${whole} s` : `${Math.round(whole / 60)} min`;
}

/**
 * @param {import("../inpaint.js").Outcome} outcome
 * @returns {{message: string, hint: string}}
 */
export function outcomeWords({ inserted, hole, source, finished }) {
  const { name, remarks } = inserted;
  const { layers, warnings } = finished;
  const seeds = layers.map((/** @type {any} */ layer) => layer.seed).join(", ");
  const what = layers.length > 1 ? `${layers.length} variants in the group “${name}”` : `New layer “${name}”`;
  const from = hole === "text" ? " The hole was found by text." : hole && ` The hole was the ${hole}.`;
  const of = hole && (source ? ` Made from the layer “${source}”.` : " Made from all visible layers.");
  const seed = layers.length > 1 ? `Seeds: ${seeds}.` : `Seed: ${seeds}.`;
  const said = warnings.map((/** @type {any} */ { message, remedy }) => `${message} ${remedy}`.trim());
  return { message: `${what}.${from}${of} ${seed}`, hint: [...remarks, ...said].join(" ") };
}

/** The use made of the found area, after "12 % of the layer.". @type {Record<string, string>} */
const DEEDS = {
  replace: "It is the selection now.",
  add: "It was added to the selection.",
  subtract: "It was removed from the selection.",
  intersect: "The selection was limited to it.",
  show: "The new layer mask shows it and hides the rest.",
  hide: "The new layer mask hides it and shows the rest.",
  "add mask": "The layer mask now shows it, too.",
  "subtract mask": "The layer mask now hides it.",
  "intersect mask": "The layer mask now hides everything else, too.",
  channel: "It is a new channel, “Object”; the selection is unchanged.",
  hole: "The selection shows what Inpaint would repaint. Undo restores the old one.",
};

/**
 * @param {import("../find.js").Found} found
 * @returns {{message: string, hint: string}}
 */
export function foundWords({ words, inverted, of, share, peak, deed }) {
  const percent = share > 0 && share < 0.01 ? "less than 1" : String(Math.round(100 * share));
  const ofMask = deed.includes("mask") || deed === "show" || deed === "hide" || deed === "channel";
  const what = words ? `${inverted ? "All but " : ""}“${words}”` : "The object";
  return {
    message: `${what}: ${percent} % of the ${of}. ${DEEDS[deed]}`,
    hint: peak <= 0.5 && !ofMask ? "Its outline is not visible, because nothing is more than half selected." : "",
  };
}

/** @type {Record<string, (words: string) => string>} */
const HOLES = {
  replace: (words) => words,
  add: (words) => `${words} and the selection`,
  subtract: (words) => `the selection without ${words}`,
  intersect: (words) => `${words} within the selection`,
};

/** @param {import("../settings.js").Settings} choices of the panel */
export function holeWords({ text_mask, text_mask_combine, invert }) {
  const words = `${invert ? "all but " : ""}“${shortened(text_mask)}”`;
  return `The hole will be found by text: ${HOLES[text_mask_combine](words)}.`;
}
