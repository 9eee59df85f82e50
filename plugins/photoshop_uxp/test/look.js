/** Takes the guide's pictures: `node test/look.js FOLDER`. The daemon and the pixels are real. */
import { mkdir } from "node:fs/promises";
import { launch, openPanel } from "./browser.js";
import { startDaemon } from "./daemon.js";

const folder = process.argv[2] ?? "pictures";
await mkdir(folder, { recursive: true });
const daemon = await startDaemon();
const browser = await launch();

async function panel(theme, options = {}) {
  const opened = await openPanel(browser, options.connection ?? daemon.connection, { theme, ...options });
  if (!options.connection) await opened.page.getByText("Connected").waitFor();
  await opened.page.evaluate(() => {
    const paint = (x, y) => [0.35 + 0.4 * (y / 256), 0.45 + 0.2 * Math.sin(x / 40), 0.75 - 0.4 * (y / 256), 1];
    const document = window.photoshop.open({ width: 256, height: 256, paint });
    document.select((x, y) => (Math.hypot(x - 128, y - 120) < 48 ? 1 : 0));
  });
  return opened.page;
}

const shoot = (page, name) => page.screenshot({ path: `${folder}/photoshop-${name}.png`, fullPage: true });
const field = (page, name) => page.locator(`[data-setting=${name}]`);

for (const theme of ["dark", "light"]) {
  const page = await panel(theme);
  await shoot(page, `${theme}-start`);
  await field(page, "prompt").locator("textarea").fill("an old wooden fishing boat, calm water");
  await page.getByText("More settings").click();
  await shoot(page, `${theme}-all-settings`);
  await page.getByText("Fewer settings").click();
  await field(page, "model").locator("select").selectOption("slow");
  await page.getByRole("button", { name: "Inpaint", exact: true }).click();
  await page.getByText(/Step [3-9]\d* of/).waitFor();
  await page.locator("img.preview:not(.hidden)").waitFor();
  await shoot(page, `${theme}-running`);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Cancelled").waitFor();
  await field(page, "model").locator("select").selectOption("patchmatch");
  await page.getByRole("button", { name: "Inpaint", exact: true }).click();
  await page.getByText("New layer").waitFor();
  await shoot(page, `${theme}-done`);
  await page.close();
}
const lost = await panel("dark", { connection: async () => Promise.reject(new Error("ENOENT")), height: 420 });
await lost.getByText("is not running").waitFor();
await lost.evaluate(() => window.photoshop.active.select(() => 0));
await shoot(lost, "dark-no-daemon");
await browser.close();
await daemon.stop();
