import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Job } from "../src/job.js";
import { channelOfObject, maskObject, selectObject } from "../src/object.js";
import { startDaemon } from "./daemon.js";
import { connectTo, enterPhotoshop, press } from "./session.js";

const [WIDTH, HEIGHT] = [160, 96];
const paint = (x, y) => [x / WIDTH, y / HEIGHT, 0.5, 1];
const inside = ([left, top, right, bottom]) => (x, y) => (x >= left && x < right && y >= top && y < bottom ? 1 : 0);
/** A round selection, whose box the stand-in for the model answers with. */
const ROUND = (x, y) => (Math.hypot(x - 60, y - 50) < 20 ? 1 : 0);
const BOX = inside([41, 31, 80, 70]);

describe("an object", () => {
  let daemon, client, photoshop;
  before(async () => {
    daemon = await startDaemon([], { finds: true });
  });
  after(() => daemon.stop());
  beforeEach(async () => {
    ({ photoshop } = enterPhotoshop(daemon));
    client = await connectTo(daemon);
  });
  afterEach(() => {
    client.close();
    assert.equal(photoshop.imaging.alive, 0, "image data was not disposed of");
    assert.equal(photoshop.modalDepth, 0);
  });

  const open = (options = {}) => photoshop.open({ width: WIDTH, height: HEIGHT, paint, ...options });
  const pressed =
    (work) =>
    (clicks = [], choices = {}, options = {}) =>
      press((job, all, around) => work(job, all, clicks, around), client, { source: "visible", ...choices }, options);
  const select = pressed(selectObject);
  const mask = pressed(maskObject);
  const channel = pressed(channelOfObject);

  /** Where two masks differ by more than a soft edge. */
  function differing(value, truth) {
    let count = 0;
    for (let y = 0; y < HEIGHT; y++) for (let x = 0; x < WIDTH; x++) if (value(x, y) >= 0.5 !== truth(x, y) >= 0.5) count++;
    return count;
  }
  const selection = (document) => (x, y) => document.selectedAt(x, y);
  const weights = (all) => (x, y) => all[y * WIDTH + x];

  for (const bits of [8, 16, 32])
    test(`that is roughly selected becomes the selection, softly, in one step, at ${bits} bits`, async () => {
      const document = open({ bits });
      document.select(ROUND);
      const found = await select();
      assert.ok(differing(selection(document), BOX) < 20);
      assert.ok(document.selected.some((value) => value > 0 && value < 1), "its edge is soft");
      assert.deepEqual(document.history, ["Open", "Select object"]);
      assert.deepEqual([found.deed, found.of], ["replace", "picture"]);
    });

  test("is what was clicked, without what was clicked outside of it, and as large as was chosen", async () => {
    const document = open();
    const clicks = [
      { x: 100.4, y: 40.2, inside: true },
      { x: 112, y: 40, inside: false },
    ];
    await select(clicks.slice(0, 1));
    assert.ok(differing(selection(document), inside([92, 32, 108, 48])) < 10);
    await select(clicks);
    assert.ok(differing(selection(document), inside([92, 32, 104, 48])) < 20);
    for (const [choice, reach] of [
      ["part", 8],
      ["middle", 16],
      ["whole", 24],
    ]) {
      await select(clicks.slice(0, 1), { object_choice: choice });
      assert.ok(differing(selection(document), inside([100 - reach, 40 - reach, 100 + reach, 40 + reach])) < 20, choice);
    }
  });

  test("of clicks is added to the selection, or taken out of it", async () => {
    const document = open();
    const click = [{ x: 100, y: 40, inside: true }];
    const square = inside([92, 32, 108, 48]);
    document.select(ROUND);
    await select(click, { object_combine: "add" });
    assert.ok(differing(selection(document), (x, y) => Math.max(ROUND(x, y), square(x, y))) < 20);
    await select(click, { object_combine: "subtract" });
    assert.ok(differing(selection(document), ROUND) < 20);
  });

  test("in a large picture is looked for scaled down, and lands in its place", async () => {
    const document = open();
    document.select(ROUND);
    await select([], {}, { most: (WIDTH * HEIGHT) / 4 });
    assert.ok(differing(selection(document), BOX) < 160, "to two pixels");
    await select([{ x: 100, y: 40, inside: true }], {}, { most: (WIDTH * HEIGHT) / 4 });
    assert.ok(differing(selection(document), inside([84, 24, 116, 56])) < 60, "8 of its pixels are 16 here");
  });

  test("on a layer that is smaller than the canvas lies where the layer does", async () => {
    const there = inside([20, 10, 120, 90]);
    const document = open({ paint: (x, y) => (there(x, y) ? paint(x, y) : [0, 0, 0, 0]) });
    document.select(ROUND);
    await select([], { source: "active" });
    assert.ok(differing(selection(document), BOX) < 20);
  });

  test("becomes a layer mask, in one step, and never in the place of another", async () => {
    const document = open();
    document.select(ROUND);
    const { deed } = await mask();
    assert.equal(deed, "show");
    assert.ok(differing(weights(document.layers[0].mask), BOX) < 20);
    assert.deepEqual(document.history, ["Open", "Layer mask of the object"]);
    await assert.rejects(mask(), { code: "mask_exists" });
    await mask([{ x: 100, y: 40, inside: true }], { object_combine: "add" });
    assert.equal(document.layers[0].mask[40 * WIDTH + 100], 1);
  });

  for (const [name, before] of [
    ["none", null],
    ["a feathered one", (x) => Math.max(0, Math.min(1, (100 - x) / 64))],
  ])
    test(`becomes a channel, and the selection stays as it is: ${name}`, async () => {
      const document = open({ bits: 16 });
      if (before) document.select(before);
      const was = document.selected?.slice() ?? null;
      await channel([{ x: 100, y: 40, inside: true }]);
      assert.deepEqual(document.channels.map(({ name }) => name), ["Object"]);
      assert.ok(differing(weights(document.channels[0].weights), inside([92, 32, 108, 48])) < 10);
      // The stand-in takes 8 bits for selections, as Adobe's examples have it.
      assert.equal(document.selected === null, was === null);
      for (const i of was?.keys() ?? []) assert.ok(Math.abs(document.selected[i] - was[i]) <= 0.5 / 255 + 1e-3);
      assert.deepEqual(document.history, ["Open", "Channel of the object"]);
    });

  describe("changes nothing and says what to do when", () => {
    async function refused(asked, expected) {
      const document = photoshop.active;
      const before = document.selected?.slice() ?? null;
      await assert.rejects(asked, expected);
      assert.deepEqual([document.selected, document.history, document.channels], [before, ["Open"], []]);
      assert.equal(document.layers[0].mask, null);
    }

    for (const [name, button] of Object.entries({ select, mask, channel })) {
      test(`nothing is selected, and nothing was clicked: ${name}`, async () => {
        open();
        await refused(button(), { code: "no_selection", hint: /Lasso.*or click it/ });
      });

      test(`it is cancelled: ${name}`, async () => {
        open().select(ROUND);
        const job = new Job();
        await refused(button([], {}, { job, watcher: { onProgress: () => job.cancel() } }), { code: "cancelled" });
        assert.deepEqual((await client.ask({ type: "status" })).requests, []);
      });

      test(`the document is resized meanwhile: ${name}`, async () => {
        const document = open();
        document.select(ROUND);
        await refused(button([], {}, { watcher: { onProgress: () => (document.width = WIDTH - 1) } }), { code: "document_changed" });
      });
    }

    test("the click is not on the layer", async () => {
      open();
      await refused(select([{ x: -5, y: 3, inside: true }]), { code: "bad_message" });
    });

    test("Photoshop cannot make a channel", async () => {
      const document = open();
      document.select(ROUND);
      document.selection.save = async () => Promise.reject(new Error("too many channels"));
      await refused(channel(), /too many channels/);
    });

    test("the model is not installed", async () => {
      const bare = await startDaemon();
      try {
        open().select(ROUND);
        const other = await connectTo(bare);
        await refused(press((job, all, around) => selectObject(job, all, [], around), other), {
          code: "model_missing",
          hint: /inpaintd models install sam-2\.1/,
        });
        other.close();
      } finally {
        await bare.stop();
      }
    });
  });
});
