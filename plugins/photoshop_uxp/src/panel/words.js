/** What the panel says. */

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
export function outcomeWords({ name, hole, finished }) {
  const { layers, warnings } = finished;
  const seeds = layers.map((/** @type {any} */ layer) => layer.seed).join(", ");
  const what = layers.length > 1 ? `${layers.length} variants in the group “${name}”` : `New layer “${name}”`;
  const from = hole ? ` The hole was the ${hole}.` : "";
  const seed = layers.length > 1 ? `Seeds: ${seeds}.` : `Seed: ${seeds}.`;
  const said = warnings.map((/** @type {any} */ { message, remedy }) => `${message} ${remedy}`.trim());
  return { message: `${what}.${from} ${seed}`, hint: said.join(" ") };
}
