/** The settings that the panel shows, with their defaults, ranges and helps from the protocol. */
import { RECORDS } from "./wire/schema.js";

/** @typedef {import("./wire/schema.js").Field} Field */
/** @typedef {Record<string, any>} Settings */

/** What only the panel knows. @type {Field[]} */
const OWN = [
  {
    name: "source",
    type: "str",
    default: "visible",
    choices: ["visible", "active"],
    label: "Source",
    help: "What is continued: all visible layers as you see them, or the active layer alone. Without a selection it is always the active layer, if it has pixels.",
  },
  {
    name: "text_mask_fill",
    type: "bool",
    default: false,
    label: "Use it as the hole of Inpaint",
    help: "Inpaint looks for its hole by these words and this combination, each time anew.",
  },
];

/** Photoshop's four ways to combine selections. The protocol can say all of them; see textmask.js. */
const COMBINATIONS = ["replace", "add", "subtract", "intersect"];

/** Each with the value that the panel shows where nobody has set one. */
const SETTINGS = RECORDS.Settings.fields.map((field) => ({
  ...field,
  type: field.settled ?? field.type,
  default: field.fallback,
}));

/** @type {Map<string, Field>} */
export const FIELDS = new Map([...SETTINGS, ...OWN].map((field) => [field.name, field]));
FIELDS.set("text_mask_combine", { .../** @type {Field} */ (FIELDS.get("text_mask_combine")), choices: COMBINATIONS });

export const SHOWN = ["prompt", "negative_prompt", "model", "strength", "steps", "guidance_scale", "seed", "count"];
export const SHOWN_TEXT_MASK = ["text_mask", "text_mask_threshold", "invert", "text_mask_combine", "text_mask_fill"];
export const SHOWN_FOLDED = [
  "source",
  "area",
  "context_pixels",
  "context_factor",
  "infill",
  "grow_pixels",
  "feather_pixels",
  "threshold",
  "output",
  "preview",
];

/** What an engine may take no notice of; the rest the daemon does itself. */
const ENGINES_OWN = ["prompt", "negative_prompt", "strength", "steps", "guidance_scale", "seed", "infill"];

/**
 * Whether a model takes notice of a setting.
 * @param {string} name
 * @param {{honours: string[]}} model as in the daemon's answer; an empty list means nothing but what the daemon does
 */
export const isHonoured = (name, { honours }) => !ENGINES_OWN.includes(name) || honours.includes(name);

export const ALL_SHOWN = [...SHOWN, ...SHOWN_TEXT_MASK, ...SHOWN_FOLDED];

/** @returns {Settings} */
export function defaults() {
  const values = ALL_SHOWN.map((name) => [name, /** @type {Field} */ (FIELDS.get(name)).default]);
  // A panel can show pictures of what goes on, unlike a script; and in Photoshop a result has a mask to paint on.
  return { ...Object.fromEntries(values), preview: true, output: "masked" };
}

/**
 * A value that the daemon will take, nearest to what was entered; the default for nonsense.
 * @param {string} name
 * @param {any} entered
 */
export function cleaned(name, entered) {
  const field = /** @type {Field} */ (FIELDS.get(name));
  const type = field.type.replace(/\?$/, "");
  if (entered === null && type !== field.type) return null;
  if (type === "str") {
    const text = String(entered ?? field.default).slice(0, field.characters);
    return field.choices && !field.choices.includes(text) ? field.default : text;
  }
  if (type === "bool") return typeof entered === "boolean" ? entered : field.default;
  const empty = entered === null || entered === undefined || String(entered).trim() === "";
  const number = Number(String(entered).replace(",", "."));
  if (empty || !Number.isFinite(number)) return field.default;
  const whole = type === "int" ? Math.round(number) : number;
  return Math.min(field.maximum ?? whole, Math.max(field.minimum ?? whole, whole));
}

/**
 * Settings from an earlier session, perhaps of another version.
 * @param {any} stored
 * @returns {Settings}
 */
export function remembered(stored) {
  const settings = defaults();
  for (const name of Object.keys(settings))
    if (stored && typeof stored === "object" && name in stored) settings[name] = cleaned(name, stored[name]);
  return settings;
}
