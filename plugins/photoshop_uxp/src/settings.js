/** The settings that the panel shows, with their defaults, ranges and helps from the protocol. */
import { rememberedReferences } from "./references.js";
import { RECORDS } from "./wire/schema.js";

/** @typedef {import("./wire/schema.js").Field} Field */
/** @typedef {Record<string, any>} Settings */

/** Photoshop's four ways to combine selections. The protocol can say all of them; see textmask.js. */
const COMBINATIONS = ["replace", "add", "subtract", "intersect"];

/** Fields known only to the panel. @type {Field[]} */
const OWN = [
  {
    name: "source",
    type: "str",
    default: "visible",
    choices: ["visible", "active"],
    label: "Source",
    help: "The picture to continue: all visible layers as displayed, or the active layer alone. Without a selection, it is always the active layer, if it has pixels.",
  },
  {
    name: "text_mask_fill",
    type: "bool",
    default: false,
    label: "Use it as the hole of Inpaint",
    help: "Each time, Inpaint searches for its hole with these words and this combination.",
  },
  {
    name: "object_choice",
    type: "str",
    default: "surest",
    choices: ["surest", "part", "middle", "whole"],
    label: "Extent",
    help: "A click can select a part of an object or all of it: choose which, or let the model decide.",
  },
  {
    name: "object_combine",
    type: "str",
    default: "replace",
    choices: COMBINATIONS,
    label: "Combine",
    help: "How to combine the object with the existing selection or layer mask.",
  },
  {
    name: "use_sampling_area",
    type: "bool",
    default: true,
    done_by: "engine",
    label: "Copy only from the sampling area",
    help: "Fills copy only from the area taken from a selection; without one, from everywhere.",
  },
];

/** Each with the value that the panel shows where nobody has set one. */
const SETTINGS = RECORDS.Settings.fields.map((field) => ({
  ...field,
  type: field.settled ?? field.type,
  default: field.fallback,
}));

/** @type {Map<string, Field>} */
export const FIELDS = new Map([...SETTINGS, ...OWN].map((field) => [field.name, field]));
FIELDS.set("text_mask_combine", { .../** @type {Field} */ (FIELDS.get("text_mask_combine")), choices: COMBINATIONS });

/** Intents come first: named sets of settings, where the protocol has them. */
const FIRST = FIELDS.has("intent") ? ["intent"] : [];

export const SHOWN = [...FIRST, "prompt", "negative_prompt", "model", "strength", "steps", "guidance_scale", "seed", "count"];
export const SHOWN_TEXT_MASK = ["text_mask", "text_mask_threshold", "invert", "text_mask_combine", "text_mask_fill"];
export const SHOWN_OBJECT = ["object_choice", "object_combine"];
export const SHOWN_REFERENCES = ["references"];
const FIRST_FOLDED = [
  "source",
  "area",
  "context_pixels",
  "context_factor",
  "sampling_pixels",
  "sampling_sides",
  "use_sampling_area",
  "infill",
  "grow_pixels",
  "feather_pixels",
  "threshold",
  "output",
  "preview",
];

/** The settings that have no place above; a field of the protocol says when only large dialogs are to show it. */
const placed = new Set([...SHOWN, ...SHOWN_TEXT_MASK, ...SHOWN_OBJECT, ...SHOWN_REFERENCES, ...FIRST_FOLDED]);
export const SHOWN_FOLDED = [...FIRST_FOLDED, ...SETTINGS.filter(({ name, dialog_only }) => !dialog_only && !placed.has(name)).map(({ name }) => name)];

/** Settings that go with another one. @type {Record<string, string>} */
const DECIDING = { count: "seed", use_sampling_area: "sampling_pixels" };

/**
 * Whether a model takes notice of a setting.
 * @param {string} name
 * @param {{honours: string[]}} model as in the daemon's answer; an empty list means nothing but what the daemon does
 */
export function isHonoured(name, { honours }) {
  // Each variant takes the next seed: without seeds they would all be the same.
  const deciding = DECIDING[name] ?? name;
  return fieldOf(name).done_by !== "engine" || honours.includes(deciding);
}

/**
 * The settings sent to a model: without those it ignores, which the panel hides.
 * @param {Settings} choices
 * @param {{honours: string[]} | undefined} model undefined = not known yet
 * @returns {Settings}
 */
export function askedOf(choices, model) {
  const isAsked = (/** @type {string} */ name) => !model || isHonoured(name, model);
  const unset = defaults();
  return Object.fromEntries(Object.entries(choices).map(([name, value]) => [name, isAsked(name) ? value : unset[name]]));
}

export const ALL_SHOWN = [...SHOWN, ...SHOWN_TEXT_MASK, ...SHOWN_OBJECT, ...SHOWN_REFERENCES, ...SHOWN_FOLDED];

/** The panel's defaults: it can show pictures, and masks to paint on. */
const PANELS_OWN = { source: "visible", text_mask_fill: false, text_mask_combine: "replace", object_choice: "surest", object_combine: "replace", use_sampling_area: true, references: [], preview: true, output: "masked" };

/**
 * The panel's initial settings. null = not set: the model's own default holds, or the setting's.
 * @returns {Settings}
 */
export function defaults() {
  const unset = ALL_SHOWN.map((name) => {
    const { type } = fieldOf(name);
    return [name, type === "str" && !fieldOf(name).choices ? "" : type === "bool" ? false : null];
  });
  return { ...Object.fromEntries(unset), ...PANELS_OWN };
}

/**
 * The settings that were set, in the daemon's form; unset ones are omitted.
 * @param {Settings} choices of the panel
 * @returns {Settings}
 */
export function made(choices) {
  const own = OWN.map(({ name }) => name);
  const isMade = (/** @type {[string, any]} */ [name, value]) =>
    !own.includes(name) && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);
  const entries = Object.entries(choices).filter(isMade);
  // Their pictures go as planes of the request.
  const bare = (/** @type {any[]} */ references) => references.map(({ weight }) => ({ weight }));
  return Object.fromEntries(entries.map(([name, value]) => [name, name === "references" ? bare(value) : value]));
}

/**
 * The valid value nearest to the entered one; null for an empty or invalid entry.
 * @param {string} name
 * @param {any} entered
 */
export function cleaned(name, entered) {
  const field = fieldOf(name);
  if (name === "references") return rememberedReferences(entered);
  const type = field.type.replace(/\?$/, "");
  if (type === "bool") return typeof entered === "boolean" ? entered : Boolean(defaults()[name]);
  if (type === "str") {
    if (typeof entered !== "string") return defaults()[name];
    return field.choices && !field.choices.includes(entered) ? defaults()[name] : entered.slice(0, field.characters);
  }
  const empty = entered === null || entered === undefined || String(entered).trim() === "";
  const number = Number(String(entered).replace(",", "."));
  if (empty || !Number.isFinite(number)) return null;
  const whole = type === "int" ? Math.round(number) : number;
  return Math.min(field.maximum ?? whole, Math.max(field.minimum ?? whole, whole));
}

/**
 * Settings from an earlier session or an Action, perhaps of another version.
 * @param {any} stored
 * @returns {Settings}
 */
export function remembered(stored) {
  const settings = defaults();
  for (const name of Object.keys(settings))
    if (stored && typeof stored === "object" && name in stored) settings[name] = cleaned(name, stored[name]);
  return settings;
}

/** @param {string} name @returns {Field} */
export const fieldOf = (name) => /** @type {Field} */ (FIELDS.get(name));
