/**
 * Takes the guide's pictures: `node test/look.js ../../docs/pictures`. The daemon is real, and so is
 * the photograph, which comes with scikit-image; Photoshop and its widgets are the tests' stand-ins.
 */
import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { launch, openPanel } from "./browser.js";
import { eventually, startDaemon } from "./daemon.js";

const folder = process.argv[2] ?? "pictures";
await mkdir(folder, { recursive: true });
const SIDE = 320;
const photograph = execFileSync(
  process.env.INPAINT_PYTHON ?? "python3",
  ["-c", `import sys, skimage.data; sys.stdout.buffer.write(skimage.data.coffee()[40:${40 + SIDE}, 130:${130 + SIDE}].tobytes())`],
  { maxBuffer: 1 << 24 },
).toString("base64");
// A stand-in, too: it takes what is red for a cup.
const daemon = await startDaemon([], { finds: ["cup", "leaf", "sky"] });
const browser = await launch();

async function panel(theme, options = {}) {
  const opened = await openPanel(browser, options.connection ?? daemon.connection, { theme, width: 300, readings: { encode: "missing" }, ...options });
  if (!options.connection) await opened.page.getByText("Connected").waitFor();
  await opened.page.evaluate(
    ([base64, side]) => {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const at = (x, y, c) => bytes[(Math.max(0, Math.min(side - 1, y)) * side + Math.max(0, Math.min(side - 1, x))) * 3 + c] / 255;
      const paint = (x, y) => [at(x, y, 0), at(x, y, 1), at(x, y, 2), 1];
      const document = window.photoshop.open({ width: side, height: side, paint });
      document.select((x, y) => (Math.hypot(x - 160, y - 160) < 50 ? 1 : 0));
    },
    [photograph, SIDE],
  );
  return opened.page;
}

const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
const field = (page, name) => page.locator(`[data-setting=${name}]`);

/** A picture of the panel as it is, or of all of it as if the dock were high enough. */
async function shoot(page, name, { whole = true } = {}) {
  await page.mouse.move(0, 0);
  const { width, height } = page.viewportSize();
  const content = await page.evaluate(() => Math.ceil(document.querySelector(".content").getBoundingClientRect().height));
  if (whole) await page.setViewportSize({ width, height: content });
  await page.screenshot({ path: `${folder}/photoshop-${name}.png` });
  if (whole) await page.setViewportSize({ width, height });
}

/** The sizes of docks, unfolded, at their top and scrolled to their end. */
for (const theme of ["dark", "light"])
  for (const [width, height] of [
    [240, 600],
    [280, 600],
    [600, 600],
  ]) {
    const page = await panel(theme, { width, height });
    await field(page, "model").locator("select").selectOption("slow");
    await page.getByText("Mask by text").click();
    await page.getByText("Select object").first().click();
    await page.getByText("More settings").click();
    await page.evaluate(() => (document.getElementById("inpaint").scrollTop = 0));
    await shoot(page, `${width}-${theme}`, { whole: false });
    await page.mouse.move(width / 2, 300);
    await page.mouse.wheel(0, 5000);
    await page.waitForFunction(() => document.querySelector(".footer").getBoundingClientRect().bottom <= innerHeight);
    await shoot(page, `${width}-${theme}-scrolled`, { whole: false });
    await page.close();
  }

for (const theme of ["dark", "light"]) {
  const page = await panel(theme);
  if (theme === "dark") await shoot(page, "dark-start");
  await field(page, "model").locator("select").selectOption("slow");
  await field(page, "prompt").locator("textarea").fill("black coffee with a leaf of mint");
  await page.getByText("More settings").click();
  await shoot(page, `${theme}-all-settings`);
  await page.getByText("More settings").click();
  await page.getByText("Mask by text").click();
  await field(page, "text_mask").locator("input").fill("cup");
  await press(page, "Select");
  await page.getByText("of the picture").waitFor();
  await field(page, "text_mask_fill").locator("input").check();
  await shoot(page, `${theme}-mask-by-text`);
  await field(page, "text_mask_fill").locator("input").uncheck();
  await page.getByText("Mask by text").click();
  await page.getByText("▸ Select object").click();
  await press(page, "Show picture");
  const picture = page.locator("img.clickable:not(.hidden)");
  await page.waitForFunction(() => document.querySelector("img.clickable").naturalWidth > 1);
  const shown = await picture.getAttribute("src");
  const { width } = await picture.boundingBox();
  await picture.click({ position: { x: (165 / SIDE) * width, y: (150 / SIDE) * width } });
  await page.waitForFunction((was) => document.querySelector("img.clickable").src !== was, shown);
  await page.waitForTimeout(1500);
  await press(page, "Select object");
  await page.getByText("It is the selection now.").waitFor();
  await shoot(page, `${theme}-object`);
  await page.getByText("▾ Select object").click();
  if (theme === "light") continue;
  await press(page, "Inpaint");
  await page.getByText(/Step [3-9]\d* of/).waitFor();
  await page.locator("img.preview:not(.hidden)").waitFor();
  await shoot(page, "dark-running");
  await press(page, "Cancel");
  await page.getByText("Cancelled").waitFor();
  await field(page, "model").locator("select").selectOption("patchmatch");
  await press(page, "Inpaint");
  await page.getByText("New layer").waitFor();
  await shoot(page, "dark-done");
  await field(page, "model").locator("select").selectOption("noise");
  await field(page, "count").locator("input").fill("3");
  await field(page, "count").locator("input").blur();
  await press(page, "Inpaint");
  await page.getByText("Variant 1 of 3").waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll("img.thumbnail:not(.hidden)")].every((img) => img.naturalWidth > 1));
  await press(page, "Next");
  await page.getByText("Variant 2 of 3").waitFor();
  await shoot(page, "dark-variants");
  await field(page, "model").locator("select").selectOption("z-image-turbo");
  await page.locator(".install:not(.hidden)").waitFor();
  await shoot(page, "dark-install");
  const fresh = await panel("dark");
  await fresh.evaluate(() => (window.photoshop.active.layers[0].name = "Swatch"));
  await field(fresh, "model").locator("select").selectOption("reference");
  await fresh.getByText("▸ References").click();
  await press(fresh, "Add layer");
  await fresh.evaluate(() => (window.uxp.picture = "poster.png"));
  await press(fresh, "Add file…");
  await fresh.getByText("poster.png").waitFor();
  await shoot(fresh, "dark-references");
  await fresh.getByText("▾ References").click();
  await fresh.getByText("▸ Models").click();
  await fresh.getByText(/Models use/).waitFor();
  await fresh.locator("sp-picker[aria-label='Model to manage'] select").selectOption("clipseg");
  await shoot(fresh, "dark-models");
  await fresh.close();
  await page.close();
}
const lost = await panel("dark", { connection: async () => Promise.reject(new Error("ENOENT")), height: 560 });
await lost.getByText("is not running").waitFor();
await shoot(lost, "dark-no-daemon");
const unused = await startDaemon([], { card: "NVIDIA GeForce RTX 4070, 581.29, 8.9, 12282" });
const slow = await panel("dark", { connection: unused.connection, width: 240, height: 560 });
await eventually(async () => {
  await slow.reload();
  await slow.locator(".ailments").waitFor({ timeout: 1_000 });
  return true;
});
await shoot(slow, "dark-card-unused", { whole: false });
await unused.stop();
await browser.close();
await daemon.stop();
