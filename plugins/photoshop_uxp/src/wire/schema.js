/** The protocol's messages and settings, as protocol/schema.json describes them. */
import schema from "../../../../protocol/schema.json" with { type: "json" };

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} type "int", "float?", "[int, int]", "Settings", "[ResultLayer]*" ...
 * @property {any} [default] a field without one must be there
 * @property {any} [fallback] of a setting: its value where neither the user nor the model sets one
 * @property {string} [settled] of a setting: its type once it is set
 * @property {boolean} [dialog_only] of a setting: true when the panel has no place for it
 * @property {string} [done_by] of a setting: "engine" when only the models that honour it take notice
 * @property {string} [label]
 * @property {string} [help]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {string[]} [choices]
 * @property {string} [unit]
 * @property {number} [characters]
 * @property {boolean} [advanced]
 */

/** @typedef {{type?: string, fields: Field[]}} Description */

/** @type {Record<string, Description>} */
export const RECORDS = /** @type {any} */ (schema.records);

/** @type {[number, number]} */
export const PROTOCOL_VERSION = /** @type {any} */ (schema.protocol);

export const LIMITS = schema.limits;

/** @param {string[]} names */
const byType = (names) => Object.fromEntries(names.map((name) => [RECORDS[name].type, name]));

export const REQUESTS = byType(schema.requests);
export const ANSWERS = byType(schema.answers);
