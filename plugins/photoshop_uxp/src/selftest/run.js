/** Try every host call in a scratch document, and save what came back as a text that can be sent in. */
import { InpaintError } from "../errors.js";
import { CHECKS } from "./checks.js";
import { SURROUNDINGS } from "./surroundings.js";

/**
 * @typedef {object} Check
 * @property {string} call of Photoshop or UXP
 * @property {string} expected in words
 * @property {(scratch: any) => any} run returns the result; anything it throws is reported as such
 */
/** @typedef {{call: string, expected: string, got: string, same: boolean}} Row */

const FILE = "inpaint-photoshop-selftest.txt";

/**
 * @param {() => Promise<any>} connected
 * @returns {Promise<{message: string, hint: string}>}
 */
export async function selfTest(connected) {
  /** @type {Row[]} */
  const rows = [];
  for (const check of SURROUNDINGS) rows.push(await row(check, { connected }));
  await require("photoshop").core.executeAsModal(() => inScratch(rows), { commandName: "Inpaint: self-test" });
  const text = report(rows);
  const file = await require("uxp").storage.localFileSystem.getFileForSaving(FILE, { types: ["txt"] });
  if (!file) throw new InpaintError("cancelled", "The self-test's report was not saved.");
  await file.write(text);
  const differ = rows.filter(({ same }) => !same).length;
  return {
    message: `The self-test ran ${rows.length} checks; ${differ} gave unexpected results.`,
    hint: `Please send in ${FILE}: it contains no pictures and no secrets.`,
  };
}

/**
 * In a modal scope: make a document for the checks, and close it whatever they do.
 * @param {Row[]} rows
 */
async function inScratch(rows) {
  const { app } = require("photoshop");
  const options = { width: 64, height: 48, resolution: 72, mode: "RGBColorMode", fill: "white", name: "Inpaint self-test" };
  const document = await app.createDocument(/** @type {any} */ (options));
  if (!document) throw new Error("no scratch document was made");
  try {
    for (const check of CHECKS) rows.push(await row(check, { document }));
  } finally {
    await document.closeWithoutSaving();
  }
}

/**
 * @param {Check} check
 * @param {any} scratch
 */
async function row({ call, expected, run }, scratch) {
  let got;
  try {
    got = String(await run(scratch));
  } catch (thrown) {
    const error = /** @type {any} */ (thrown);
    got = `threw ${error?.number ?? ""} ${error?.message ?? error}`.replace(/\s+/g, " ");
  }
  return { call, expected, got, same: got === expected };
}

/** @param {Row[]} rows */
function report(rows) {
  /** @type {any} */
  const uxp = require("uxp");
  /** @type {any} */
  const os = require("os");
  const head = [
    "Self-test of the Inpaint plug-in for Photoshop",
    `plug-in ${uxp.versions?.plugin ?? "?"}`,
    `Photoshop ${uxp.host?.version ?? "?"}, UXP ${uxp.versions?.uxp ?? "?"}, ${os.platform()} ${os.release?.() ?? ""}`,
    "",
    "  | call | expected | got",
  ];
  return [...head, ...rows.map(({ call, expected, got, same }) => `${same ? " " : "!"} | ${call} | ${expected} | ${got}`), ""].join("\n");
}
