/** Texts about models: sizes, licences, states. */

const GIGABYTE = 1e9;
const MEGABYTE = 1e6;

/** @type {Record<string, string>} */
export const SELLING = {
  yes: "You may sell its results.",
  no: "You may not sell its results.",
  limited: "Its licence restricts selling its results.",
};

/** @param {number} count of bytes */
export const sizeWords = (count) =>
  count >= GIGABYTE ? `${(count / GIGABYTE).toFixed(1)} GB` : `${(count / MEGABYTE).toFixed(count >= 10 * MEGABYTE ? 0 : 1)} MB`;

/**
 * @param {any} model as in the daemon's answer
 * @param {any} [usage] of the disk; undefined when it takes none
 */
export function stateWords(model, usage) {
  const standard = model.default ? " It is the default." : "";
  if (usage && !usage.whole) return `${sizeWords(usage.bytes)} downloaded so far.${standard}`;
  if (!model.installed) return `Not installed.${standard}`;
  if (!usage) return `Built in.${standard}`;
  const where = usage.own ? "" : " in another program's folder, where the files stay";
  return `Installed, ${sizeWords(usage.bytes)}${where}.${standard}`;
}

/**
 * Everything that there is to know of a model, one sentence or two for each line.
 * @param {any} model
 * @param {any} [usage]
 * @returns {string[]}
 */
export function modelWords(model, usage) {
  const parts = usage?.used_by?.length ? `A part of ${usage.used_by.join(", ")}.` : "";
  return [
    stateWords(model, usage),
    model.needs && `Needs ${model.needs}.`,
    model.fits && `On this computer: ${model.fits}.`,
    [model.licence && `Licence: ${model.licence}.`, model.fills === false ? "" : SELLING[model.commercial]].filter(Boolean).join(" "),
    parts,
  ].filter(Boolean);
}
