/** Steps of an Action: recording what the panel did, with its settings, and repeating it. */

/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("./object.js").Click} Click */
/** @typedef {"inpaint" | "select" | "mask" | "object" | "objectMask" | "objectChannel"} Deed */

/** The name of the global function that Photoshop calls to play a step, and waits for. */
export const METHOD = "inpaintdPlayStep";

/** The property of a step; its prefix keeps it from being taken for one of Photoshop's own. */
const STEP = "org.inpaintd.step";

/**
 * Add a step to the Action that is being recorded, if one is.
 * @param {Deed} deed
 * @param {string} name that the Actions panel shows
 * @param {Settings} settings
 * @param {Click[]} [clicks] on the canvas, for an object
 */
export async function record(deed, name, settings, clicks = []) {
  try {
    const info = { [STEP]: JSON.stringify({ version: 1, deed, settings, clicks }) };
    await /** @type {any} */ (require("photoshop").action).recordAction({ name, methodName: METHOD }, info);
  } catch {
    // Nothing is being recorded, or this Photoshop records no steps of plug-ins.
  }
}

/**
 * @param {any} info as it was recorded
 * @returns {{deed: Deed, settings: Settings, clicks?: Click[]}}
 */
export function recorded(info) {
  const step = JSON.parse(info?.[STEP] ?? "null");
  if (step?.version !== 1) throw new Error("This step was recorded by another version of the plug-in: record it again.");
  return step;
}
