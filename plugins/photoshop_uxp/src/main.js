/** The plug-in's entry points, as the manifest names them. */
import { Panel } from "./panel/panel.js";

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
    inpaintAgain: () => panel.inpaint(),
    selectByText: () => panel.select(),
  },
});

// Not every Photoshop calls `show` for a panel that is open when it starts.
panel.shown();
