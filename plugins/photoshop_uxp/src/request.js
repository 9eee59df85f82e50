/** The request for a fill: the planned rectangle of the layer, and its hole. */
import { InpaintError } from "./errors.js";
import { findHole, holeByText, readHole } from "./host/hole.js";
import { modally, throwIfCancelled } from "./host/modal.js";
import { readLayer } from "./host/read.js";
import { readReference } from "./host/references.js";
import { areaWithin, samplingArea } from "./host/sampling.js";
import { sameDocument } from "./host/target.js";
import { complement, withoutHiddenColour } from "./planes.js";
import { edgesOf, intersection, isEmpty, isSame } from "./rectangle.js";
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
 * @property {{references: Plane[], sampling: Plane | null}} more fields of `inpaint`
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
  // The panel offers it where the model copies from the picture; others would only warn of it.
  const area = choices.use_sampling_area ? samplingArea(target.document.id) : null;
  const sampling = area && intersection(area.where, hole.extent);
  const asked = { extent: hole.extent, bounds: hole.bounds, settings };
  const plan = await client.ask({ type: "plan", ...asked, sampling: sampling && !isEmpty(sampling) ? sampling : null });
  job.check();
  const rectangle = plan.rectangle;
  if (!isSame(intersection(rectangle, target.canvas), rectangle))
    throw new InpaintError("bad_message", "The daemon planned a rectangle outside the canvas.", "Update the daemon.");
  const { layer, mask, references } = await modally("Inpaint: reading pixels", async (context) => {
    sameDocument(target, "read");
    const read = await readLayer(target.document, target.layer, rectangle, target.depth);
    throwIfCancelled(context);
    const mask = await readHole(context, target, hole, rectangle);
    const references = [];
    for (const reference of choices.references ?? []) references.push(await readReference(target.document, reference));
    return { layer: byText ? withoutHiddenColour(read) : read, mask, references };
  });
  job.check();
  const { left, top } = edgesOf(rectangle);
  const given = mask && complemented ? complement(mask) : mask;
  const more = { references, sampling: area && areaWithin(area, rectangle) };
  return { client, hole, rectangle, fields: { layer, mask: given, settings, offset: [left, top] }, more };
}
