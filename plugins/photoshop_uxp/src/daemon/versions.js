/** Whether the panel and the daemon are of one version, and which half is to be updated if not. */

/**
 * @typedef {object} Skew
 * @property {"daemon" | "panel"} older
 * @property {string} message
 * @property {string} remedy
 */

const DAEMON = "Update inpaintd. If it is already up to date, an old daemon is still running: press Restart daemon.";
const PANEL = "Update the panel with: inpaintd install photoshop, then restart Photoshop.";

/** What to do about the half that is behind. @type {Record<Skew["older"], string>} */
export const REMEDIES = { daemon: DAEMON, panel: PANEL };

/**
 * @param {string} panel such as "0.1.0"
 * @param {string} daemon likewise
 * @returns {Skew | null} null for equal versions, and for text that is not a version
 */
export function skew(panel, daemon) {
  const [ours, theirs] = [numbers(panel), numbers(daemon)];
  if (!ours || !theirs) return null;
  const at = ours.findIndex((number, i) => number !== theirs[i]);
  if (at < 0) return null;
  const older = ours[at] < theirs[at] ? "panel" : "daemon";
  const message = `The daemon is inpaintd ${daemon}, but this panel belongs to ${panel}.`;
  return { older, message, remedy: REMEDIES[older] };
}

/** This plug-in's version; empty where Photoshop does not tell it. */
export function ownVersion() {
  return String(/** @type {any} */ (require("uxp")).versions?.plugin ?? "");
}

/** @param {string} version */
function numbers(version) {
  const found = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  return found && found.slice(1).map(Number);
}
