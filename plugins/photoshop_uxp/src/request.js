/** The request for a fill: the planned rectangle of the layer, and its hole. */
import { InpaintError } from "./errors.js";
import { findHole, holeByText, readHole } from "./host/hole.js";
import { modally, throwIfCancelled } from "./host/modal.js";
import { readLayer } from "./host/read.js";
import { sameDocument } from "./host/target.js";
import { complement, withoutHiddenColour } from "./planes.js";
import { edgesOf, intersection, isSame } from "./rectangle.js";
import { fillSettings, isByText } from "./textmask.js";

/** @typedef {import("./host/hole.js").Hole} Hole */
/** @typedef {import("./host/target.js").Target} Target */
/** @typedef {import("./rectangle.js").Rectangle} Rectangle */
/** @typedef {import("./wire/messages.js").Plane} Plane */

/**
 * @typedef {object} Prepared
 * @property {import("./daemon/client.js").DaemonClient} client
 * @property {Hole} hole
 * @property {Rectangle} rectangle
 * @property {{layer: Plane, mask: Plane | null, settings: Record<string, any>, offset: number[]}} fields of
 *   `inpaint` and `mask`
 */

/**
 * @param {import("./job.js").Job} job
 * @param {Target} target
 * @param {import("./settings.js").Settings} choices of the panel
 * @param {() => Promise<import("./daemon/client.js").DaemonClient>} connected
 * @returns {Promise<Prepared>}
 */
export async function prepared(job, target, choices, connected) {
  const byText = isByText(choices);
  const hole = byText ? holeByText(target, choices.text_mask_combine) : await findHole(target);
  const { settings, complemented } = fillSettings(choices, hole.selected);
  const client = await connected();
  const plan = await client.ask({ type: "plan", extent: hole.extent, bounds: hole.bounds, settings });
  job.check();
  const rectangle = plan.rectangle;
  if (!isSame(intersection(rectangle, target.canvas), rectangle))
    throw new InpaintError("bad_message", "The daemon planned a rectangle beyond the canvas.", "Update the daemon.");
  const { layer, mask } = await modally("Inpaint: reading pixels", async (context) => {
    sameDocument(target, "read");
    const read = await readLayer(target.document, target.layer, rectangle, target.depth);
    throwIfCancelled(context);
    return { layer: byText ? withoutHiddenColour(read) : read, mask: await readHole(context, target, hole, rectangle) };
  });
  job.check();
  const { left, top } = edgesOf(rectangle);
  const given = mask && complemented ? complement(mask) : mask;
  return { client, hole, rectangle, fields: { layer, mask: given, settings, offset: [left, top] } };
}
