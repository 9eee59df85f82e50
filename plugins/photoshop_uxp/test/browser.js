/** A headless Chromium with the built panel in it as a page. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const PANEL = new URL("../build/index.html", import.meta.url).href;

export const executablePath = process.env.INPAINT_CHROMIUM ?? CANDIDATES.find(existsSync);

/** @param {string[]} [options] more of Chromium's switches */
export function launch(options = []) {
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-default-browser-check",
      ...options,
    ],
  });
}

let bundled;

async function hostScript() {
  bundled ??= build({
    entryPoints: [fileURLToPath(new URL("page/host.js", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
  });
  return (await bundled).outputFiles[0].text;
}

/**
 * @param {import("playwright-core").Browser} browser
 * @param {() => Promise<string>} connection gives the contents of connection.json
 */
export async function openPanel(browser, connection, { width = 240, height = 700, theme = "dark", readings = {} } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: 2 });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000); // a busy machine is not a broken panel
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await page.exposeFunction("readConnection", connection);
  await page.addInitScript((wanted) => (window.wantedReadings = wanted), readings);
  await page.addInitScript({ content: await hostScript() });
  await page.goto(PANEL);
  await page.evaluate((name) => window.setTheme(name), theme);
  return { page, faults };
}
