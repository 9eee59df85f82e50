/** Models in the panel, with a hub on this machine; and versions of the two halves that differ. */
import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { REMEDIES, skew } from "../src/daemon/versions.js";
import { modelWords, sizeWords } from "../src/panel/model_words.js";
import { executablePath, launch, openPanel } from "./browser.js";
import { startDaemon, startHub } from "./daemon.js";

const missing = executablePath ? false : "no Chromium is installed";
const TOKEN = "hf_opens_it";

test("two versions: the older half is named, with what to do", () => {
  assert.equal(skew("0.2.0", "0.2.0"), null);
  assert.equal(skew("", "0.2.0"), null, "Photoshop may not tell");
  assert.deepEqual([skew("0.2.0", "0.10.0").older, skew("0.2.0", "0.10.0").remedy], ["panel", REMEDIES.panel]);
  assert.deepEqual([skew("1.0.0", "0.10.9").older, skew("1.0.0", "0.10.9").remedy], ["daemon", REMEDIES.daemon]);
  assert.match(skew("1.0.1", "1.0.0").message, /inpaintd 1\.0\.0.*1\.0\.1/);
});

test("what a model is and takes, in words", () => {
  assert.deepEqual([sizeWords(5.25e9), sizeWords(64e6), sizeWords(1234567)], ["5.3 GB", "64 MB", "1.2 MB"]);
  const model = { installed: true, default: true, needs: "8 GB of GPU memory", fits: "fits, in 8 bits", licence: "MIT", commercial: "yes" };
  const usage = { bytes: 7e9, own: false, whole: true, used_by: ["other"] };
  assert.deepEqual(modelWords(model, usage), [
    "Installed, 7.0 GB in another program's folder, where the files stay. It is the default.",
    "Needs 8 GB of GPU memory.",
    "On this computer: fits, in 8 bits.",
    "Licence: MIT. You may sell its results.",
    "A part of other.",
  ]);
  assert.deepEqual(modelWords({ installed: false }, { ...usage, whole: false, used_by: [] }), ["7.0 GB downloaded so far."]);
  assert.deepEqual(modelWords({ installed: true }), ["Built in."]);
});

describe("models in the panel", { skip: missing }, () => {
  let hub, daemon, browser;
  before(async () => {
    hub = await startHub(TOKEN);
    daemon = await startDaemon([], { hub: hub.endpoint });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await daemon?.stop();
    await hub?.stop();
  });
  const press = (page, name) => page.getByRole("button", { name, exact: true }).locator("visible=true").click();

  test("come with the hub's token, entered once and shown nowhere; are verified, made the default, and removed", async () => {
    const { page, faults } = await openPanel(browser, daemon.connection, { width: 280, height: 900 });
    await page.getByText("Connected to inpaintd").waitFor();
    await page.getByText("▸ Models").click();
    await page.getByText(/Models use 0\.0 MB; .* free\./).waitFor();
    const picker = page.locator("sp-picker[aria-label='Model to manage'] select");
    await picker.selectOption("tiny");
    await page.locator(".facts").getByText("Not installed.").waitFor();
    await page.locator(".facts").getByText("Licence: MIT. You may sell its results.").waitFor();
    assert.equal(await page.locator(".manager sp-textfield[aria-label='Token of the hub']").isVisible(), false, "nobody has asked for it");
    await press(page, "Install");
    const token = page.locator(".manager sp-textfield[aria-label='Token of the hub'] input");
    await token.waitFor();
    await page.locator(".manager").getByText(/read it at https:.*tiny\/model\..*asks once for a token\..*The download is .*/).waitFor();
    await token.fill(TOKEN);
    await press(page, "Accept and install");
    await page.locator(".facts").getByText(/Installed, .* MB\./).waitFor();
    assert.equal(await token.inputValue(), "");
    assert.ok(!(await page.content()).includes(TOKEN));
    const kept = join(daemon.home, "hub-token");
    assert.equal((await readFile(kept, "utf-8")).trim(), TOKEN);
    assert.equal((await stat(kept)).mode & 0o777, 0o600);
    await press(page, "Verify");
    await page.getByText("Tiny is intact.").waitFor();
    await press(page, "Use as default");
    await page.locator(".facts").getByText("It is the default.").waitFor();
    await page.getByText("Default: Tiny").first().waitFor({ state: "attached" });
    await press(page, "Remove");
    await page.getByRole("button", { name: /Really remove .* MB/ }).click();
    await page.getByText("Tiny is removed.").waitFor();
    // It came from the user's own list, which has forgotten it.
    await page.getByText(/Models use 0\.0 MB;/).waitFor();
    await page.locator(".facts").getByText("Built in. It is the default.").waitFor();
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  test("a removal that was not meant is forgotten when another model is chosen; what fills nothing cannot be the default", async () => {
    const { page } = await openPanel(browser, daemon.connection, { width: 240, height: 900 });
    await page.getByText("▸ Models").click();
    const picker = page.locator("sp-picker[aria-label='Model to manage'] select");
    await picker.selectOption("clipseg");
    await page.locator(".facts").getByText("Not installed.").waitFor();
    assert.equal(await page.locator(".facts").getByText("may sell").count(), 0, "it paints nothing");
    assert.equal(await page.getByRole("button", { name: "Use as default" }).isVisible(), false);
    await picker.selectOption("patches");
    await page.locator(".facts").getByText("Built in.").waitFor();
    assert.equal(await page.getByRole("button", { name: "Remove", exact: true }).isVisible(), false);
    const right = await page.locator(".manager").evaluate((node) => Math.max(...[...node.querySelectorAll("*")].map((one) => one.getBoundingClientRect().right)));
    assert.ok(right <= 240.5, `it reaches to ${right}`);
    await page.context().close();
  });

  for (const [version, button] of [
    ["9.0.0", true],
    ["0.0.1", false],
  ])
    test(`a panel of ${version} says which half is to be updated, and can restart an old daemon`, async () => {
      const { page } = await openPanel(browser, daemon.connection, { width: 240, readings: { plugin: version } });
      await page.getByText(`this panel belongs to ${version}`).waitFor();
      await page.getByText(button ? REMEDIES.daemon : REMEDIES.panel).waitFor();
      const restart = page.getByRole("button", { name: "Restart daemon" });
      assert.equal(await restart.isVisible(), button);
      if (button) {
        await restart.click();
        await page.waitForFunction(() => window.uxp.opened.length === 1);
        await daemon.kill(); // it has ended by itself
        await daemon.start();
        await page.getByText("Connected to inpaintd").waitFor();
      }
      await page.context().close();
    });
});
