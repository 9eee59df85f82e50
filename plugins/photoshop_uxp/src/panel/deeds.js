/** The deeds that buttons, commands and Actions share: what each finds, and the name of its step. */
import { maskByText, selectByText } from "../find.js";
import { channelOfObject, maskObject, selectObject } from "../object.js";

/** @typedef {import("../errors.js").InpaintError} InpaintError */
/** @typedef {import("../object.js").Click} Click */
/** @typedef {import("../recording.js").Deed} Deed */
/** @typedef {import("../settings.js").Settings} Settings */

/**
 * @typedef {object} Finding
 * @property {(job: import("../job.js").Job, choices: Settings, clicks: Click[], around: import("../job.js").Surroundings) => Promise<import("../find.js").Found>} find
 * @property {(choices: Settings) => string} step the name of a recorded step
 */

/** The deeds that find something and paint nothing. @type {Record<Exclude<Deed, "inpaint">, Finding>} */
export const FINDING = {
  select: {
    find: (job, choices, _, around) => selectByText(job, choices, around),
    step: ({ text_mask }) => `Select “${text_mask}”`,
  },
  mask: {
    find: (job, choices, _, around) => maskByText(job, choices, around),
    step: ({ text_mask }) => `Layer mask “${text_mask}”`,
  },
  object: { find: selectObject, step: () => "Select object" },
  objectMask: { find: maskObject, step: () => "Layer mask of the object" },
  objectChannel: { find: channelOfObject, step: () => "Channel of the object" },
};

/**
 * The name of a recorded step.
 * @param {Deed} deed
 * @param {Settings} choices
 */
export function stepOf(deed, choices) {
  if (deed !== "inpaint") return FINDING[deed].step(choices);
  return choices.prompt ? `Inpaint: ${choices.prompt}` : "Inpaint";
}

/** The active document's id; 0, which none has, where none is open. */
export function activeID() {
  const { app } = require("photoshop");
  return app.documents.length === 0 ? 0 : app.activeDocument.id;
}

/**
 * Say in front of the user what went wrong, in case the panel is closed.
 * @param {InpaintError} error
 */
export async function tell({ message, hint }) {
  try {
    await require("photoshop").core.showAlert(`${message} ${hint}`.trim());
  } catch {
    // The panel says it too.
  }
}
