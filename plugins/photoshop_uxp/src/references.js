/** Reference pictures of a fill, as they are remembered: a layer of the document, or a file. */

/**
 * @typedef {object} Reference
 * @property {"layer" | "file"} kind
 * @property {string} name of the layer or the file
 * @property {number} weight 0 to 2
 * @property {number} [layerID] of a layer, while its document is open
 * @property {string} [token] of a file: Photoshop's persistent access to it
 */

/** Number of rows for them in the panel. */
export const MOST_REFERENCES = 4;
export const WEIGHT = { minimum: 0, maximum: 2, default: 1 };

/**
 * References from an earlier session, a layer's note or an Action, perhaps of another version.
 * @param {any} stored
 * @returns {Reference[]}
 */
export function rememberedReferences(stored) {
  if (!Array.isArray(stored)) return [];
  const known = stored.filter((one) => (one?.kind === "layer" || one?.kind === "file") && typeof one.name === "string");
  return known.slice(0, MOST_REFERENCES).map(({ kind, name, weight, layerID, token }) => ({
    kind,
    name,
    weight: cleanWeight(weight),
    ...(typeof layerID === "number" ? { layerID } : {}),
    ...(typeof token === "string" ? { token } : {}),
  }));
}

/**
 * The valid weight nearest to the entered one.
 * @param {any} entered
 * @returns {number}
 */
export function cleanWeight(entered) {
  const number = Number(String(entered ?? "").replace(",", "."));
  if (String(entered ?? "").trim() === "" || !Number.isFinite(number)) return WEIGHT.default;
  return Math.min(WEIGHT.maximum, Math.max(WEIGHT.minimum, number));
}
