/**
 * What a fill was made from and how, kept on its layer, so that it survives closing the document: as "generator
 * settings", which Photoshop stores in the file for each layer and each plug-in.
 */
import { play } from "./play.js";

/** @typedef {import("photoshop").Layer} Layer */

/**
 * @typedef {object} Note
 * @property {1} version
 * @property {number | null} source id of the layer that it was made from; null = all visible layers
 * @property {Record<string, any>} settings as requested
 * @property {number} seed
 * @property {string} model
 */

const KEY = "inpaintd";

/** The notes of this session, for a Photoshop that does not keep them. @type {Map<string, Note>} */
const session = new Map();

/**
 * In a modal scope.
 * @param {number} documentID
 * @param {number} layerID
 * @param {Note} note
 * @returns {Promise<boolean>} whether it will still be there when the document is opened again
 */
export async function writeNote(documentID, layerID, note) {
  session.set(`${documentID}/${layerID}`, note);
  try {
    await play([
      {
        _obj: "set",
        _target: [{ _property: "generatorSettings" }, { _ref: "layer", _id: layerID }, { _ref: "document", _id: documentID }],
        to: { _obj: "null", json: JSON.stringify(note) },
        property: KEY,
      },
    ]);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {number} documentID
 * @param {number} layerID
 * @returns {Promise<Note | null>} null when it is no fill
 */
export async function readNote(documentID, layerID) {
  const remembered = session.get(`${documentID}/${layerID}`);
  if (remembered) return remembered;
  try {
    const target = [{ _property: "generatorSettings" }, { _ref: "layer", _id: layerID }, { _ref: "document", _id: documentID }];
    const [result] = await play([{ _obj: "get", _target: target, property: KEY }]);
    const kept = result.generatorSettings;
    const note = JSON.parse(kept?.json ?? kept?.[KEY]?.json ?? "null");
    return note?.version === 1 && typeof note.settings === "object" ? note : null;
  } catch {
    return null; // nothing was noted
  }
}
