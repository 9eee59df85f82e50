import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import schema from "../../../protocol/schema.json" with { type: "json" };
import { FIELDS, SHOWN, SHOWN_FOLDED, SHOWN_TEXT_MASK } from "../src/settings.js";
import { executablePath, launch, openPanel } from "./browser.js";
import { eventually, startDaemon } from "./daemon.js";

/** Whether tests run that take long and seldom find anything. */
const exhaustive = Boolean(process.env.INPAINT_EXHAUSTIVE);
const missing = executablePath ? false : "no Chromium is installed";
const field = (page, name) => page.locator(`[data-setting=${name}]`);
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
const hint = schema.records.Settings.fields;

/** Opens a picture with a round selection in it. */
const openPicture = (page, side = 128) =>
  page.evaluate((size) => {
    const document = window.photoshop.open({ width: size, height: size, paint: (x, y) => [x / size, y / size, 0.5, 1] });
    document.select((x, y) => (Math.hypot(x - 64, y - 64) < 20 ? 1 : 0));
  }, side);

describe("the bundled panel in Chromium", { skip: missing }, () => {
  let daemon, browser;
  before(async () => {
    daemon = await startDaemon([], { finds: true });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await daemon?.stop();
  });

  async function panel(options = {}) {
    const opened = await openPanel(browser, options.connection ?? daemon.connection, options);
    if (!options.connection) await opened.page.getByText("Connected to inpaintd").waitFor();
    return opened;
  }

  async function end({ page, faults }) {
    assert.deepEqual(faults, []);
    assert.equal(await page.evaluate(() => window.photoshop.imaging.alive), 0);
    await page.context().close();
  }

  test("fills the selection at a click, with real pixels in the right place", async () => {
    const opened = await panel();
    const { page } = opened;
    await openPicture(page);
    await field(page, "model").locator("select").selectOption("noise");
    await field(page, "prompt").locator("textarea").fill("a red barn");
    await press(page, "Inpaint");
    await page.getByText("New layer “Inpaint: a red barn”").waitFor();
    const outcome = await page.evaluate(() => {
      const [made, source] = window.photoshop.active.layers;
      let [outside, inside] = [0, 0];
      for (let y = 0; y < 128; y++)
        for (let x = 0; x < 128; x++) {
          const hole = Math.hypot(x - 64, y - 64) < 20;
          const same = window.photoshop.active.seen(x, y).every((v, i) => v === source.at(x, y)[i]);
          if (!same) hole ? inside++ : outside++;
        }
      return { name: made.name, outside, inside, history: window.photoshop.active.history };
    });
    assert.equal(outcome.outside, 0);
    assert.ok(outcome.inside > 1200);
    assert.deepEqual(outcome.history, ["Open", "Inpaint: a red barn"]);
    await end(opened);
  });

  test("shows steps and a preview, and cancels", async () => {
    const opened = await panel();
    const { page } = opened;
    await openPicture(page);
    await field(page, "model").locator("select").selectOption("slow");
    await press(page, "Inpaint");
    await page.getByText(/Step \d+ of 50/).waitFor();
    await page.waitForFunction(() => document.querySelector("img.preview:not(.hidden)")?.naturalWidth > 0);
    await press(page, "Cancel");
    await page.getByText("Cancelled.").waitFor();
    assert.equal(await page.evaluate(() => window.photoshop.active.layers.length), 1);
    await end(opened);
  });

  test("has the protocol's defaults and helps, and remembers what was changed", async () => {
    const opened = await panel();
    const { page } = opened;
    await field(page, "model").locator("select").selectOption("slow");
    for (const name of [...SHOWN, ...SHOWN_FOLDED]) {
      const { label, help } = FIELDS.get(name);
      assert.ok((await field(page, name).textContent()).includes(label), name);
      const titles = await field(page, name).locator("[title]").evaluateAll((all) => all.map((one) => one.title));
      assert.ok(titles.includes(help), name);
    }
    const unset = async () => {
      assert.equal(await field(page, "steps").locator("input").inputValue(), "");
      assert.match(await field(page, "steps").locator("input").getAttribute("placeholder"), /^(30|50)$/);
    };
    await unset();
    await field(page, "steps").locator("input").fill("9999");
    await field(page, "steps").locator("input").blur();
    assert.equal(await field(page, "steps").locator("input").inputValue(), "500");
    await field(page, "prompt").locator("textarea").fill("kept");
    await page.reload();
    await page.getByText("Connected to inpaintd").waitFor();
    assert.equal(await field(page, "steps").locator("input").inputValue(), "500");
    assert.equal(await field(page, "prompt").locator("textarea").inputValue(), "kept");
    await press(page, "Reset");
    await unset();
    await end(opened);
  });

  test("shows the settings of a mask by text as the protocol has them, and remembers them", async () => {
    const opened = await panel();
    const { page } = opened;
    const fold = page.getByRole("button", { name: hint.find(({ name }) => name === "text_mask").label });
    assert.equal(await field(page, "text_mask").isVisible(), false);
    await fold.click();
    for (const name of SHOWN_TEXT_MASK.slice(0, 4)) {
      const { label, help } = hint.find((one) => one.name === name);
      const said = (await field(page, name).textContent()) || (await field(page, name).locator("[aria-label]").first().getAttribute("aria-label"));
      assert.ok(said.includes(label), name);
      assert.equal(await field(page, name).locator("[title]").first().getAttribute("title"), help);
    }
    await field(page, "text_mask").locator("input").fill("hair");
    await page.getByText("Soft").click();
    assert.match(await field(page, "text_mask_threshold").textContent(), /soft/);
    await field(page, "text_mask_combine").locator("select").selectOption("Subtract");
    assert.equal(await page.getByText("The hole will be found").isVisible(), false);
    await page.getByText("Use it as the hole").click();
    await page.getByText("The hole will be found by text: the selection without “hair”.").waitFor();
    await page.reload();
    await page.getByText("Connected to inpaintd").waitFor();
    await page.getByText("The hole will be found by text: the selection without “hair”.").waitFor();
    assert.equal(await field(page, "text_mask").isVisible(), true, "it is still unfolded");
    assert.match(await field(page, "text_mask_threshold").textContent(), /soft/);
    await press(page, "Reset");
    assert.equal(await page.getByText("The hole will be found").isVisible(), false);
    assert.match(await field(page, "text_mask_threshold").textContent(), /0\.50/);
    await end(opened);
  });

  describe("with a model that finds words", () => {
    /** Opens a grey picture with a red part. */
    async function redPicture() {
      const opened = await panel({ width: 300 });
      await opened.page.evaluate(() => {
        const red = (x, y) => x >= 32 && x < 96 && y >= 16 && y < 80;
        window.photoshop.open({ width: 192, height: 128, paint: (x, y) => (red(x, y) ? [0.85, 0.15, 0.1, 1] : [0.5, 0.5, 0.5, 1]) });
      });
      await opened.page.getByText("Mask by text").click();
      await field(opened.page, "text_mask").locator("input").fill("red");
      return opened;
    }

    const selected = (page) =>
      page.evaluate(() => {
        const document = window.photoshop.active;
        const at = (x, y) => document.selectedAt(x, y);
        return { inside: at(64, 48), outside: at(150, 100), history: document.history };
      });

    test("selects what it names, at a click and at Enter, and tells how much", async () => {
      const opened = await redPicture();
      const { page } = opened;
      await press(page, "Select");
      await page.getByText(/“red”: \d+ % of the picture\. It is the selection now\./).waitFor();
      assert.deepEqual(await selected(page), { inside: 1, outside: 0, history: ["Open", "Select “red”"] });
      await page.getByText("Invert mask").click();
      await field(page, "text_mask").locator("input").press("Enter");
      await page.getByText(/All but “red”: \d+ % of the picture\./).waitFor();
      assert.deepEqual(await selected(page), { inside: 0, outside: 1, history: ["Open", "Select “red”", "Select “red”"] });
      await end(opened);
    });

    test("makes a layer mask, and refuses to make another", async () => {
      const opened = await redPicture();
      const { page } = opened;
      await press(page, "Layer mask");
      await page.getByText("The new layer mask shows it and hides the rest.").waitFor();
      await press(page, "Layer mask");
      await page.getByText("The layer already has a layer mask").waitFor();
      const mask = await page.evaluate(() => [64 + 48 * 192, 150 + 100 * 192].map((i) => window.photoshop.active.layers[0].mask[i]));
      assert.deepEqual(mask, [1, 0]);
      await end(opened);
    });

    test("shows the hole before it is painted, then paints it", async () => {
      const opened = await redPicture();
      const { page } = opened;
      await page.getByText("Use it as the hole").click();
      await press(page, "Show");
      await page.getByText("The selection shows what Inpaint would repaint").waitFor();
      assert.equal((await selected(page)).inside, 1);
      await field(page, "model").locator("select").selectOption("noise");
      await press(page, "Inpaint");
      await page.getByText("The hole was found by text.").waitFor();
      await end(opened);
    });

    test("says when nothing is found, and leaves the selection alone", async () => {
      const opened = await redPicture();
      const { page } = opened;
      await field(page, "text_mask").locator("input").fill("green");
      await press(page, "Select");
      await page.getByText(/Nothing in the picture looks like “green”.*Nothing was changed\./).waitFor();
      assert.equal((await selected(page)).history.length, 1);
      await end(opened);
    });

    test("the command selects again with the remembered words", async () => {
      const opened = await redPicture();
      await opened.page.evaluate(() => window.uxp.setUp.commands.selectByText());
      assert.equal((await selected(opened.page)).inside, 1);
      await end(opened);
    });
  });

  describe("selects objects", () => {
    const unfolded = async (options) => {
      const opened = await panel(options);
      await openPicture(opened.page);
      await opened.page.getByText("▸ Select object").click();
      return opened;
    };
    const at = (page, x, y) => page.evaluate(([column, row]) => window.photoshop.active.selectedAt(column, row), [x, y]);

    test("from a rough selection at one click, and by the command", async () => {
      const opened = await unfolded();
      const { page } = opened;
      await press(page, "Select object");
      await page.getByText(/The object: \d+ % of the picture\. It is the selection now\./).waitFor();
      assert.deepEqual([await at(page, 64, 64), await at(page, 47, 47), await at(page, 20, 20)], [1, 1, 0]);
      await page.evaluate(() => window.uxp.setUp.commands.selectObject());
      assert.deepEqual(await page.evaluate(() => window.photoshop.active.history), ["Open", "Select object", "Select object"]);
      await end(opened);
    });

    test("by clicks in the picture, which shows what they select; an Action repeats them", async () => {
      const opened = await unfolded({ readings: { encode: "missing" } });
      const { page } = opened;
      await page.evaluate(() => (window.photoshop.actions.recorded = []));
      await press(page, "Show picture");
      const picture = page.locator("img.clickable:not(.hidden)");
      const loaded = () => page.waitForFunction(() => document.querySelector("img.clickable").naturalWidth > 0);
      await loaded();
      const before = await picture.getAttribute("src");
      const { width } = await picture.boundingBox();
      const click = (x, y, options) => picture.click({ position: { x: (x / 128) * width, y: (y / 128) * width }, ...options });
      await click(30, 90);
      await page.getByText("What the click marks is selected.").waitFor();
      await page.waitForFunction((was) => document.querySelector("img.clickable").src !== was, before);
      await click(36, 90, { modifiers: ["Alt"] });
      await page.getByText("What the 2 clicks mark is selected.").waitFor();
      await press(page, "Select object");
      await page.getByText("It is the selection now.").waitFor();
      assert.deepEqual([await at(page, 24, 90), await at(page, 34, 90), await at(page, 64, 64)], [1, 0, 0]);
      await press(page, "Channel");
      await page.getByText("It is a new channel, “Object”").waitFor();
      await press(page, "Layer mask of the object");
      await page.getByText("The new layer mask shows it").waitFor();
      // Recorded with its clicks, and played in another document.
      await openPicture(page);
      await page.evaluate(async () => {
        const { actions } = window.photoshop;
        await actions.playBack(actions.recorded.slice(0, 1));
      });
      assert.deepEqual([await at(page, 24, 90), await at(page, 64, 64)], [1, 0]);
      // The clicks were in the other document, so here the selection counts.
      await press(page, "Select object");
      await page.waitForFunction(() => window.photoshop.active.history.filter((name) => name === "Select object").length === 2);
      await press(page, "Clear clicks");
      await page.getByText("The selection is used as a rough outline").waitFor();
      await end(opened);
    });
  });

  test("takes references where the model does, and keeps them in the recipe", async () => {
    const opened = await panel();
    const { page } = opened;
    await openPicture(page);
    const fold = page.getByText("▸ References");
    assert.equal(await fold.isVisible(), false, "the default model takes none");
    await field(page, "model").locator("select").selectOption("reference");
    await fold.click();
    await press(page, "Add layer");
    await page.evaluate(() => (window.uxp.picture = "poster.png"));
    await press(page, "Add file…");
    await page.getByText("poster.png").waitFor();
    await page.locator("[aria-label='Weight of reference 2'] input").fill("0,5");
    await page.locator("[aria-label='Weight of reference 2'] input").blur();
    await press(page, "Remove reference 1");
    await press(page, "Inpaint");
    await page.getByText("New layer “Inpaint”").waitFor();
    const red = await page.evaluate(() => window.photoshop.active.seen(64, 64));
    assert.ok(red[0] > 0.99 && red[1] < 0.01, red);
    await press(page, "Reset");
    await page.getByText("poster.png").waitFor({ state: "hidden" });
    await press(page, "Edit");
    await page.getByText("poster.png").waitFor();
    assert.equal(await page.locator("[aria-label='Weight of reference 1'] input").inputValue(), "0.5");
    await end(opened);
  });

  test("takes the selection as sampling area, and forgets it", async () => {
    const opened = await panel();
    const { page } = opened;
    await page.getByText("▸ More settings").click();
    await press(page, "Selection as sampling area");
    await page.getByText("No document is open.").waitFor();
    await openPicture(page);
    await press(page, "Selection as sampling area");
    await page.getByText("Fills now copy only from the area that was selected.").waitFor();
    assert.equal(await page.evaluate(() => window.photoshop.active.selected), null);
    await page.getByText("Copy only from the sampling area").waitFor();
    await press(page, "Remove the sampling area");
    await page.getByText("Copy only from the sampling area").waitFor({ state: "hidden" });
    await field(page, "model").locator("select").selectOption("noise");
    assert.equal(await page.getByText("Selection as sampling area").isVisible(), false, "it copies nothing");
    await end(opened);
  });

  test("lists the daemon's models", async () => {
    const opened = await panel();
    const options = await field(opened.page, "model").locator("option").allTextContents();
    assert.ok(options.some((text) => text.startsWith("Default: ")));
    assert.ok(options.includes("noise"));
    await end(opened);
  });

  test("the command fills again with the remembered settings", async () => {
    const opened = await panel();
    const { page } = opened;
    await openPicture(page);
    await field(page, "model").locator("select").selectOption("noise");
    await page.evaluate(() => window.uxp.setUp.commands.inpaintAgain());
    assert.equal(await page.evaluate(() => window.photoshop.active.layers.length), 2);
    await end(opened);
  });

  test("inserts the last result after the document was closed", async () => {
    const opened = await panel();
    const { page } = opened;
    await openPicture(page);
    await field(page, "model").locator("select").selectOption("brisk");
    await press(page, "Inpaint");
    await page.getByText(/Step \d+ of 50/).waitFor();
    await page.evaluate(() => window.photoshop.close(window.photoshop.active));
    await page.getByText("was closed in the meantime").waitFor();
    await openPicture(page);
    await press(page, "Insert last result");
    await page.getByText("New layer").waitFor();
    assert.equal(await page.evaluate(() => window.photoshop.active.layers.length), 2);
    await end(opened);
  });

  test("says when no daemon runs, and connects as soon as one does", async () => {
    const opened = await panel({ connection: () => daemon.connection() });
    const { page } = opened;
    await page.getByText("Connected to inpaintd").waitFor();
    await daemon.kill();
    await page.getByText("is not running").or(page.getByText("broke")).first().waitFor();
    await daemon.start();
    await page.getByText("Connected to inpaintd").waitFor();
    await end(opened);
  });

  test("connects by hand when the file cannot be read", async () => {
    const refused = async () => Promise.reject(new Error("Permission denied: manifest entry not found"));
    const opened = await panel({ connection: refused });
    const { page } = opened;
    await page.getByText("does not let the plug-in read").waitFor();
    await press(page, "Paste…");
    const box = page.locator("[aria-label='Contents of connection.json'] textarea");
    await box.fill("nonsense");
    await press(page, "Connect");
    await page.getByText("These are not the contents").waitFor();
    await box.fill(await daemon.connection());
    await press(page, "Connect");
    await page.getByText("Connected to inpaintd").waitFor();
    await end(opened);
  });

  test("says what a document of another mode needs", async () => {
    const opened = await panel();
    await opened.page.evaluate(() => window.photoshop.open({ width: 8, height: 8, mode: "indexedColorMode" }));
    await press(opened.page, "Inpaint");
    await opened.page.getByText("Image > Mode > RGB Color").waitFor();
    await end(opened);
  });

  for (const theme of ["dark", "light"])
    test(`fits into 240 pixels, ${theme}`, async () => {
      const opened = await panel({ theme });
      const { page } = opened;
      await page.getByText("Mask by text").click();
      await page.getByText("▸ Select object").click();
      await page.getByText("Use it as the hole").click();
      await field(page, "text_mask").locator("input").fill("the hair of the second person from the left");
      await page.getByText("More settings").click();
      const { wide, colours } = await page.evaluate(() => ({
        wide: [...document.querySelectorAll("#inpaint *")]
          .filter((node) => node.getBoundingClientRect().right > 240.5)
          .map((node) => node.outerHTML.slice(0, 80)),
        colours: [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor],
      }));
      assert.deepEqual(wide, []);
      const [text, background] = colours.map((colour) => Number(/\d+/.exec(colour)[0]));
      assert.ok(theme === "dark" ? text > 180 && background < 80 : text < 80 && background > 180);
      await end(opened);
    });

  for (const keys of ["swallowed", "bubbling"])
    test(`can be reached and used with the keyboard alone, also after a fill, keys ${keys}`, async () => {
      const opened = await panel({ readings: { keys } });
      const { page } = opened;
      await openPicture(page);
      await field(page, "model").locator("select").selectOption("slow");
      const everything = async () => {
        const reached = [];
        for (let i = 0; i < 60; i++) {
          await page.keyboard.press("Tab");
          const focused = await page.evaluate(() => {
            const { activeElement: at, body } = document;
            return at === body ? null : (at.getAttribute("aria-label") ?? at.textContent);
          });
          if (focused === null) continue;
          if (reached.includes(focused)) break;
          reached.push(focused);
        }
        return reached;
      };
      const before = await everything();
      for (const name of ["Prompt", "Inpaint", "Model", "Steps", "Seed", "▸ Mask by text", "▸ Select object", "▸ More settings", "Insert last result", "Reset"])
        assert.ok(before.includes(name), `${name} is not among ${before}`);
      await field(page, "model").locator("select").selectOption("noise");
      await field(page, "prompt").locator("textarea").focus();
      await page.keyboard.type("typed");
      await page.keyboard.press("Control+Enter");
      await page.getByText("New layer “Inpaint: typed”").waitFor();
      assert.equal(await page.evaluate(() => window.photoshop.active.layers.length), 2, "one key, one fill");
      await page.locator("body").click({ position: { x: 2, y: 2 } });
      const after = await everything();
      assert.deepEqual(before.filter((name) => !after.includes(name)), [], "these are no longer reached");
      await end(opened);
    });

  test("at 280 x 600 with everything unfolded, the wheel reaches the last button", async () => {
    const opened = await panel({ width: 280, height: 600 });
    const { page } = opened;
    await field(page, "model").locator("select").selectOption("slow");
    await page.getByText("Mask by text").click();
    await page.getByText("More settings").click();
    const reset = page.getByRole("button", { name: "Reset", exact: true });
    const bottom = async () => (await reset.boundingBox()).y + (await reset.boundingBox()).height;
    assert.ok((await bottom()) > 600, "it is out of sight at first");
    await page.mouse.move(140, 300);
    await page.mouse.wheel(0, 5000);
    await page.waitForFunction(() => document.querySelector(".footer").getBoundingClientRect().bottom <= innerHeight);
    assert.ok((await bottom()) <= 600);
    await end(opened);
  });

  test("hides what the model takes no notice of", async () => {
    const opened = await panel();
    const { page } = opened;
    const shown = async () => Promise.all(["prompt", "negative_prompt", "strength", "steps"].map((name) => field(page, name).isVisible()));
    assert.deepEqual(await shown(), [false, false, false, false], "the built-in fill has no use for words");
    await field(page, "model").locator("select").selectOption("slow");
    assert.deepEqual(await shown(), [true, false, false, true]);
    const steps = () => field(page, "steps").locator("input").getAttribute("placeholder");
    assert.equal(await steps(), "50", "the model's own default");
    await field(page, "model").locator("select").selectOption("noise");
    assert.equal(await steps(), "30");
    await openPicture(page);
    await field(page, "prompt").locator("textarea").fill("not for all");
    await field(page, "model").locator("select").selectOption("patchmatch");
    await press(page, "Inpaint");
    await page.getByText("New layer “Inpaint”").waitFor();
    assert.equal(await page.locator(".notice .hint").count(), 0, "what is hidden is not asked for, so there is nothing to warn of");
    await field(page, "model").locator("select").selectOption("slow");
    assert.equal(await field(page, "prompt").locator("textarea").inputValue(), "not for all");
    await end(opened);
  });

  test("shows variants as pictures, turns from one to the next, and keeps one", async () => {
    const opened = await panel();
    const { page } = opened;
    await openPicture(page);
    await field(page, "model").locator("select").selectOption("noise");
    await field(page, "count").locator("input").fill("3");
    await field(page, "count").locator("input").blur();
    await press(page, "Inpaint");
    await page.getByText("Variant 1 of 3").waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll("img.thumbnail:not(.hidden)")].filter((img) => img.naturalWidth > 0).length === 3);
    const seen = () => page.evaluate(() => window.photoshop.active.layers[0].layers.map(({ visible }) => visible));
    await press(page, "Previous");
    await page.getByText("Variant 3 of 3").waitFor();
    assert.deepEqual(await seen(), [false, false, true]);
    await press(page, "Next");
    await page.getByText("Variant 1 of 3").waitFor();
    await page.locator("img.thumbnail").nth(1).click();
    await page.getByText("Variant 2 of 3").waitFor();
    assert.deepEqual(await seen(), [false, true, false]);
    await press(page, "Keep");
    await page.getByText("Variant 2 is kept").waitFor();
    const { names, history } = await page.evaluate(() => ({ names: window.photoshop.active.layers.map(({ name }) => name), history: window.photoshop.active.history }));
    assert.deepEqual(names, ["Inpaint", "Layer 1"]);
    assert.deepEqual(history.slice(-1), ["Keep variant 2"]);
    await end(opened);
  });

  test("takes the settings of the active fill back", async () => {
    const opened = await panel();
    const { page } = opened;
    await openPicture(page);
    await press(page, "Edit");
    await page.getByText("was not made by this plug-in").waitFor();
    await field(page, "model").locator("select").selectOption("noise");
    await field(page, "prompt").locator("textarea").fill("a red barn");
    await press(page, "Inpaint");
    await page.getByText("New layer “Inpaint: a red barn”").waitFor();
    await press(page, "Reset");
    await press(page, "Edit");
    await page.getByText("These are the settings of “Inpaint: a red barn”").waitFor();
    assert.equal(await field(page, "prompt").locator("textarea").inputValue(), "a red barn");
    assert.match(await field(page, "seed").locator("input").inputValue(), /^\d+$/);
    await end(opened);
  });

  test("an Action replays with the settings it was recorded with, waits for each step, and stops at a failure", async () => {
    const opened = await panel();
    const { page } = opened;
    await openPicture(page);
    await page.evaluate(() => (window.photoshop.actions.recorded = []));
    await field(page, "model").locator("select").selectOption("noise");
    await field(page, "prompt").locator("textarea").fill("recorded");
    await press(page, "Inpaint");
    await page.getByText("New layer “Inpaint: recorded”").waitFor();
    await field(page, "prompt").locator("textarea").fill("other");
    await openPicture(page);
    const { names, steps } = await page.evaluate(async () => {
      const { actions } = window.photoshop;
      const steps = actions.recorded;
      await actions.playBack([...steps, ...steps]);
      return { names: window.photoshop.active.layers.map(({ name }) => name), steps: steps.map(({ name }) => name) };
    });
    assert.deepEqual(steps, ["Inpaint: recorded"]);
    assert.deepEqual(names, ["Inpaint: recorded", "Inpaint: recorded", "Layer 1"]);
    const failed = await page.evaluate(async () => {
      const { actions } = window.photoshop;
      window.photoshop.active.selectionBounds = { left: 900, top: 0, right: 920, bottom: 20 };
      return actions.playBack(actions.recorded).then(() => "went on", (error) => error.message);
    });
    assert.match(failed, /outside the canvas/);
    await end(opened);
  });

  test("a command that fails says so in front, in case the panel is closed", async () => {
    const opened = await panel();
    await opened.page.evaluate(() => window.uxp.setUp.commands.inpaintAgain());
    assert.match((await opened.page.evaluate(() => window.photoshop.alerts)).join(), /No document is open\. Open a picture/);
    await end(opened);
  });

  test("the self-test runs behind Shift, leaves no document, and saves a report without secrets", async () => {
    const opened = await panel({ height: 320, readings: { greyDepths: "any" } });
    const { page } = opened;
    await page.getByText("More settings").click();
    await page.getByRole("button", { name: "Reset", exact: true }).click({ modifiers: ["Shift"] });
    await page.getByText("The self-test ran").waitFor();
    const { saved, open } = await page.evaluate(() => ({ saved: window.uxp.saved, open: window.photoshop.documents.length }));
    assert.equal(open, 0);
    assert.match(saved, /Photoshop 25\.0\.0, UXP uxp-7\.2\.0, darwin/);
    const { secret } = JSON.parse(await daemon.connection());
    assert.ok(!saved.includes(secret));
    const differing = saved.split("\n").filter((line) => line.startsWith("!"));
    assert.deepEqual(differing, [], saved);
    await end(opened);
  });

  test("starts the daemon by the launcher, and says what to do where there is none", async () => {
    const opened = await panel({ connection: async () => Promise.reject(new Error("ENOENT")), readings: { platform: "win32" } });
    const { page } = opened;
    await page.getByText("is not running").waitFor();
    await press(page, "Start");
    await page.waitForFunction(() => window.uxp.opened.length === 1);
    assert.deepEqual(await page.evaluate(() => window.uxp.opened), ["C:\\Users\\artist\\.inpaintd\\Start inpaintd.vbs"]);
    await page.evaluate(() => (window.uxp.refusal = "The file does not exist."));
    await page.waitForTimeout(1100);
    await press(page, "Start");
    await page.getByText("could not be started from here: The file does not exist.").waitFor();
    await end(opened);
  });

  test("is paired once by choosing the home folder, and stays so", async () => {
    const opened = await panel({ connection: daemon.connection, readings: { access: "denied" } });
    const { page } = opened;
    await page.getByText("does not let the plug-in read").waitFor();
    await page.evaluate(() => (window.uxp.picked = "somewhere else"));
    await press(page, "Choose folder…");
    await page.getByText("There is no connection.json").waitFor();
    await page.waitForTimeout(1100);
    await page.evaluate(() => (window.uxp.picked = "artist"));
    await press(page, "Choose folder…");
    await page.getByText("Connected to inpaintd").waitFor();
    await daemon.kill();
    await daemon.start();
    await page.getByText("Connected to inpaintd").waitFor();
    assert.equal(await page.evaluate(() => window.uxp.pickers), 2);
    await end(opened);
  });

  test("is paired by choosing the daemon's own folder as well", async () => {
    const opened = await panel({ connection: daemon.connection, readings: { access: "denied" } });
    const { page } = opened;
    await page.getByText("does not let the plug-in read").waitFor();
    await page.evaluate(() => (window.uxp.picked = ".inpaintd"));
    await press(page, "Choose folder…");
    await page.getByText("Connected to inpaintd").waitFor();
    await end(opened);
  });

  for (const [mebibytes, side] of [
    [8, 1448],
    [64, 4096],
  ])
    test(`carries frames of ${mebibytes} MiB`, { skip: mebibytes > 8 && !exhaustive }, async () => {
      const opened = await panel();
      const { page } = opened;
      await field(page, "model").locator("select").selectOption("identity");
      await page.evaluate(async (size) => {
        const { photoshop } = window;
        photoshop.imaging.getPixels = async () => {
          const data = new Uint8Array(size * size * 4).fill(200);
          return {
            imageData: { width: size, height: size, components: 4, componentSize: 8, getData: async () => data, dispose() {} },
            sourceBounds: { left: 0, top: 0, right: size, bottom: size },
          };
        };
        photoshop.imaging.getSelection = async () => ({
          imageData: { width: size, height: size, components: 1, componentSize: 8, getData: async () => new Uint8Array(size * size).fill(255), dispose() {} },
          sourceBounds: { left: 0, top: 0, right: size, bottom: size },
        });
        let put = 0;
        photoshop.imaging.createImageDataFromBuffer = async (array) => ((put = array.length), { dispose() {} });
        photoshop.imaging.putPixels = async () => {};
        const document = photoshop.open({ width: 8, height: 8, paint: () => [1, 1, 1, 1] });
        Object.assign(document, { width: size, height: size });
        Object.defineProperty(document.layers[0], "boundsNoEffects", { value: { left: 0, top: 0, right: size, bottom: size } });
        document.selectionBounds = { left: 0, top: 0, right: size, bottom: size };
        document.createPixelLayer = async () => ({ id: 999, move() {} });
        document.snapshot = () => ({});
        await window.uxp.setUp.commands.inpaintAgain();
        const notice = window.document.querySelector(".notice").textContent;
        if (put !== size * size * 4) throw new Error(`${put} samples came back: ${notice}`);
      }, side);
      await end(opened);
    });

  test("tells below the connection of a graphics card that is not used, and the command that helps", async () => {
    const name = "NVIDIA GeForce RTX 4070 Laptop GPU";
    const other = await startDaemon([], { card: `${name}, 581.29, 8.9, 12282` });
    const opened = await openPanel(browser, other.connection, { width: 240 });
    const { page } = opened;
    const told = page.locator(".ailments");
    // The driver may take a moment to answer the daemon.
    await eventually(async () => {
      await page.reload();
      await page.getByText("Connected to inpaintd").waitFor();
      await told.waitFor({ state: "visible", timeout: 3_000 });
      return true;
    });
    assert.match(await told.textContent(), new RegExp(`${name}.*inpaintd setup`));
    const fits = await told.evaluate((node) => node.scrollWidth <= node.clientWidth && node.getBoundingClientRect().right <= innerWidth);
    assert.ok(fits, "it wraps in the narrowest dock");
    await other.kill();
    await page.getByText("Connected to inpaintd").waitFor({ state: "hidden" });
    assert.equal(await told.isVisible(), false);
    await other.stop();
    await end(opened);
  });

  test("a hostile page gets nothing delivered", async () => {
    const { websocket, secret } = JSON.parse(await daemon.connection());
    const port = new URL(websocket).port;
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route("http://evil.example/**", (route) =>
      route.fulfill({ contentType: "text/html", body: "<!doctype html><iframe sandbox='allow-scripts' srcdoc='<p>'></iframe>" }),
    );
    await page.goto("http://evil.example/");
    const { createHmac } = await import("node:crypto");
    const token = createHmac("sha256", Buffer.from(secret, "hex")).update("inpaintd websocket token").digest("hex");
    const dial = (where, url) =>
      where.evaluate(
        (target) =>
          new Promise((resolve) => {
            const socket = new WebSocket(target, "ZWS2.0");
            socket.onopen = () => socket.send(new Uint8Array([0]));
            socket.onmessage = () => resolve("delivered");
            socket.onclose = () => resolve("refused");
          }),
        url,
      );
    // Without the token; with it, which no page can have; from a sandboxed frame, whose Origin is null.
    assert.equal(await dial(page, `ws://localhost:${port}/`), "refused");
    assert.equal(await dial(page, `ws://127.0.0.1:${port}/?token=${token}`), "refused");
    assert.equal(await dial(page.frames()[1], `ws://localhost:${port}/?token=${"0".repeat(64)}`), "refused");
    const body = await page.evaluate((url) => fetch(url, { mode: "cors" }).then((r) => r.text(), () => "refused"), `http://localhost:${port}/`);
    assert.equal(body, "refused");
    // Nor is it told that a daemon runs: an open port answers it as a closed one does.
    const knock = (at, method) =>
      page.evaluate(([url, verb]) => fetch(url, { mode: "no-cors", method: verb }).then(() => "there", (error) => error.message), [`http://localhost:${at}/`, method]);
    for (const method of ["GET", "POST"]) assert.equal(await knock(port, method), await knock(1, method), method);
    await context.close();
    // Rebinding: a name of the attacker's that points to this machine.
    const rebound = await launchRebound(port);
    assert.equal(rebound, "refused");
  });

  async function launchRebound(port) {
    const other = await launch(["--host-resolver-rules=MAP evil.example 127.0.0.1"]);
    try {
      const page = await other.newPage();
      const answer = await page.goto(`http://evil.example:${port}/?token=x`).catch(() => null);
      if (answer) return "delivered";
      await page.route("http://evil.example/", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
      await page.goto("http://evil.example/");
      return await page.evaluate(
        (at) =>
          new Promise((resolve) => {
            const socket = new WebSocket(`ws://evil.example:${at}/`, "ZWS2.0");
            socket.onopen = () => resolve("delivered");
            socket.onclose = () => resolve("refused");
          }),
        port,
      );
    } finally {
      await other.close();
    }
  }
});
