/** The plug-in's entry points, as the manifest names them. */
import { Panel } from "./panel/panel.js";
import { METHOD } from "./recording.js";

const panel = new Panel(/** @type {HTMLElement} */ (document.getElementById("inpaint")));

require("uxp").entrypoints.setup({
  panels: {
    inpaintPanel: {
      // Photoshop gives these 300 ms, so they only start things.
      show() {
        panel.shown();
      },
      hide() {
        panel.hidden();
      },
    },
  },
  commands: {
    inpaintAgain: () => panel.command("inpaint"),
    selectByText: () => panel.command("select"),
    selectObject: () => panel.command("object"),
  },
});

// Photoshop finds what plays a recorded step among the global functions, by its name, and waits for it.
/** @type {any} */ (globalThis)[METHOD] = (/** @type {any} */ _context, /** @type {any} */ info) => panel.play(info);

// Adobe's known issues: `show` is called once, or not at all for a panel that is open when Photoshop starts.
panel.shown();
