/** Checks of the environment around the document: UXP itself, files, the network, pictures. They run outside of modal scopes. */
import { readConnectionFile } from "../daemon/files.js";
import { pngDataUrl } from "../panel/png.js";

/** @typedef {import("./run.js").Check} Check */

const LOAD_MILLISECONDS = 2_000;

/** @type {Check[]} */
export const SURROUNDINGS = [
  {
    call: "TextEncoder, crypto.getRandomValues, scrollIntoViewIfNeeded",
    expected: "function, function, function",
    run: () =>
      [typeof globalThis.TextEncoder, typeof globalThis.crypto?.getRandomValues, typeof (/** @type {any} */ (document.body).scrollIntoViewIfNeeded)].join(", "),
  },
  { call: "os.homedir()", expected: "string", run: () => typeof require("os").homedir() },
  {
    call: "fs.readFile(connection.json)",
    expected: "read",
    run: async () => (JSON.parse(await readConnectionFile()).secret ? "read" : "no secret"),
  },
  {
    call: "WebSocket to the daemon",
    expected: "connected",
    run: async ({ connected }) => ((await connected()) ? "connected" : "no client"),
  },
  {
    call: "the panel scrolls",
    expected: "yes",
    run: () => {
      const root = /** @type {HTMLElement} */ (document.getElementById("inpaint"));
      if (root.scrollHeight <= root.clientHeight) return "it is too tall to scroll; make it shorter";
      const before = root.scrollTop;
      root.scrollTop = before > 0 ? 0 : 10;
      const moved = root.scrollTop !== before;
      root.scrollTop = before;
      return moved ? "yes" : "no";
    },
  },
  {
    call: "<img> with a PNG in a data URL",
    expected: "load",
    run: () =>
      new Promise((resolve) => {
        const picture = document.createElement("img");
        picture.onload = () => resolve("load");
        picture.onerror = () => resolve("error");
        setTimeout(() => resolve("nothing"), LOAD_MILLISECONDS);
        picture.src = pngDataUrl({ width: 1, height: 1, channels: 3, depth: "u8", data: Uint8Array.of(1, 2, 3) });
      }),
  },
  {
    call: "imaging.encodeImageData outside of a modal scope",
    expected: "string",
    run: async () => {
      const { imaging } = require("photoshop");
      const options = { width: 1, height: 1, components: 3, colorSpace: "RGB", colorProfile: "sRGB IEC61966-2.1" };
      const imageData = await imaging.createImageDataFromBuffer(Uint8Array.of(1, 2, 3), /** @type {any} */ (options));
      try {
        return typeof (await imaging.encodeImageData({ imageData, base64: true }));
      } finally {
        imageData.dispose();
      }
    },
  },
  {
    call: "action.recordAction while nothing is recorded",
    expected: "undefined",
    run: () => /** @type {any} */ (require("photoshop").action).recordAction({ name: "Self-test", methodName: "inpaintdPlayStep" }, {}),
  },
];
