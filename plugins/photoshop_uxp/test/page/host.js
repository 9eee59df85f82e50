/** Runs in the page before the plug-in does: the fake Photoshop, its widgets, its themes. */
import manifest from "../../manifest.json" with { type: "json" };
import { FakePhotoshop } from "../fake/photoshop.js";
import { fakeUxp, guardedWebSocket } from "../fake/uxp.js";
import "./spectrum.js";

const THEMES = {
  dark: { background: "#323232", text: "#e6e6e6", border: "#4a4a4a", hover: "#3e3e3e", field: "#262626", edge: "#5a5a5a" },
  light: { background: "#f0f0f0", text: "#2c2c2c", border: "#d0d0d0", hover: "#e2e2e2", field: "#ffffff", edge: "#b3b3b3" },
};

// Set by a test before the page is opened: what Adobe leaves open, and what the system is like.
window.readings = { keys: "swallowed", show: "never", ...(window.wantedReadings ?? {}) };
const photoshop = new FakePhotoshop(window.readings);
const { state, modules } = fakeUxp({ connection: () => window.readConnection(), manifest, platform: window.readings.platform, access: window.readings.access, plugin: window.readings.plugin });
window.photoshop = photoshop;
window.uxp = state;
window.require = (name) => (name === "photoshop" ? photoshop.module : modules[name]);
window.WebSocket = guardedWebSocket(window.WebSocket, manifest);

window.setTheme = (name) => {
  const theme = THEMES[name];
  const style = document.documentElement.style;
  style.setProperty("--uxp-host-background-color", theme.background);
  style.setProperty("--uxp-host-text-color", theme.text);
  style.setProperty("--uxp-host-border-color", theme.border);
  style.setProperty("--uxp-host-widget-hover-background-color", theme.hover);
  style.setProperty("--field", theme.field);
  style.setProperty("--edge", theme.edge);
  style.setProperty("--hover", theme.hover);
  style.colorScheme = name;
  style.fontFamily = "'Adobe Clean', 'Source Sans 3', 'DejaVu Sans', Arial, sans-serif";
};
document.addEventListener(
  "DOMContentLoaded",
  () => {
    window.setTheme("dark");
    // A panel clips what does not fit into it; only what has `overflow` set itself scrolls.
    document.documentElement.style.overflow = "hidden";
  },
  { once: true },
);
window.addEventListener("load", () => window.readings.show === "once" && state.setUp.panels.inpaintPanel.show());
