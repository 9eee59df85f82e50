/** The daemon's folder in the user's home: its connection file, and what starts it. */
import { InpaintError } from "../errors.js";

const FOLDER = ".inpaintd";
const CONNECTION = "connection.json";
const TOKEN = "inpaintd paired folder";

/** The files that `inpaintd install photoshop` puts into the folder, by operating system. */
const LAUNCHERS = { windows: "Start inpaintd.vbs", mac: "Start inpaintd.app" };

/** The explanation in Photoshop's consent dialog. */
const WHY = "This starts the inpaint daemon, which fills in the background. It was installed by: inpaintd install photoshop";

/**
 * Read the connection file where it is by default. Adobe documents plain paths and such with `file:`, and reports
 * differ on which one works.
 * @returns {Promise<string>}
 */
export async function readConnectionFile() {
  const path = inFolder(CONNECTION);
  const fs = require("fs");
  try {
    return await fs.readFile(path, { encoding: "utf-8" });
  } catch (error) {
    try {
      return await fs.readFile(`file:${path.replace(/\\/g, "/")}`, { encoding: "utf-8" });
    } catch {
      throw error;
    }
  }
}

/**
 * Read the connection file by way of the folder that was chosen once.
 * @returns {Promise<string | null>} null when none was chosen, or is no longer there
 */
export async function readPairedFile() {
  const token = localStorage.getItem(TOKEN);
  if (!token) return null;
  try {
    const folder = await fileSystem().getEntryForPersistentToken(token);
    return await readFrom(folder);
  } catch {
    return null;
  }
}

/**
 * Have the user choose the home folder, or the daemon's folder in it, and keep access to it: the daemon's secret
 * changes at each start, the folder does not.
 * @returns {Promise<boolean>} false when the user has chosen nothing
 * @throws {InpaintError} `bad_connection` when the daemon's file is not there
 */
export async function pair() {
  const folder = await fileSystem().getFolder();
  if (!folder) return false;
  try {
    await readFrom(folder);
  } catch {
    throw new InpaintError(
      "bad_connection",
      `There is no ${CONNECTION} of the inpaint daemon in “${folder.name}”.`,
      "Start the daemon, then choose your home folder: the one with your user name.",
    );
  }
  localStorage.setItem(TOKEN, await fileSystem().createPersistentToken(folder));
  return true;
}

/**
 * Ask the operating system to start the daemon; Photoshop asks the user first.
 * @throws {InpaintError} `no_launcher`
 */
export async function startDaemon() {
  const path = inFolder(isWindows() ? LAUNCHERS.windows : LAUNCHERS.mac);
  let refused;
  try {
    refused = await /** @type {any} */ (require("uxp").shell).openPath(path, WHY);
  } catch (thrown) {
    refused = thrown instanceof Error ? thrown.message : String(thrown);
  }
  if (refused)
    throw new InpaintError(
      "no_launcher",
      `The inpaint daemon could not be started from here: ${String(refused).replace(/\.$/, "")}.`,
      "Run: inpaintd install photoshop, or start it with: inpaintd serve",
    );
}

/** @returns {any} with the persistent tokens that its types lack */
const fileSystem = () => require("uxp").storage.localFileSystem;

/** @param {any} folder the home folder, or the daemon's */
async function readFrom(folder) {
  const path = folder.name === FOLDER ? CONNECTION : `${FOLDER}/${CONNECTION}`;
  const file = await folder.getEntry(path);
  return file.read();
}

/** @param {string} name */
function inFolder(name) {
  return [require("os").homedir(), FOLDER, name].join(isWindows() ? "\\" : "/");
}

const isWindows = () => require("os").platform().startsWith("win");
