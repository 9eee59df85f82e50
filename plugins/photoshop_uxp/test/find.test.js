import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { maskByText, selectByText, showHole } from "../src/find.js";
import { Job } from "../src/job.js";
import { LOOKED_AT_PIXELS } from "../src/search.js";
import { noWords, startDaemon } from "./daemon.js";
import { connectTo, enterPhotoshop, fill, press } from "./session.js";

const [WIDTH, HEIGHT] = [240, 144];
const COLOURS = { red: [0.85, 0.15, 0.1], blue: [0.15, 0.2, 0.85], grey: [0.5, 0.5, 0.5] };
const inside = ([left, top, right, bottom]) => (x, y) => x >= left && x < right && y >= top && y < bottom;
// Not square and not in the middle, so that mixed-up sides and places show.
const RED = inside([40, 24, 120, 72]);
const BLUE = inside([160, 96, 200, 120]);
const LEFT = inside([0, 0, 80, HEIGHT]);
const picture = (x, y) => [...(RED(x, y) ? COLOURS.red : BLUE(x, y) ? COLOURS.blue : COLOURS.grey), 1];
const only = (within) => (x, y) => (within(x, y) ? picture(x, y) : [0, 0, 0, 0]);

describe("a mask by text", () => {
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

  const open = (options = {}) => photoshop.open({ width: WIDTH, height: HEIGHT, paint: picture, ...options });
  const pressed = (button) => (choices, options) => press(button, client, { text_mask: "red", ...choices }, options);
  const select = pressed(selectByText);
  const mask = pressed(maskByText);
  const show = pressed(showHole);

  const eachPixel = (visit) => {
    for (let y = 0; y < HEIGHT; y++) for (let x = 0; x < WIDTH; x++) visit(x, y);
  };

  /** Intersection over union of where `value` is at least half and what is true. */
  function overlap(value, truth) {
    let [both, either] = [0, 0];
    eachPixel((x, y) => {
      const [one, other] = [value(x, y) >= 0.5, Boolean(truth(x, y))];
      if (one && other) both++;
      if (one || other) either++;
    });
    return both / either;
  }

  const selection = (document) => (x, y) => document.selectedAt(x, y);
  const maskOf = (layer) => (x, y) => layer.mask[y * WIDTH + x];
  const copyOf = (document) => {
    const copy = document.selected.slice();
    return (x, y) => copy[y * WIDTH + x];
  };

  function assertSame(value, expected, message) {
    eachPixel((x, y) => {
      const [is, shall] = [value(x, y), expected(x, y)];
      if (is !== shall) assert.fail(`${message ?? "at"} ${x},${y}: ${is} instead of ${shall}`);
    });
  }

  for (const bits of [8, 16, 32])
    test(`becomes the selection of a ${bits}-bit document, in its place, in one step`, async () => {
      const document = open({ bits });
      const found = await select();
      assert.ok(overlap(selection(document), RED) > 0.8);
      assert.deepEqual(new Set(document.selected), new Set([0, 1]), "a threshold leaves no greys");
      assert.deepEqual(document.history, ["Open", "Select “red”"]);
      const selected = document.selected.reduce((sum, value) => sum + value, 0);
      assert.equal(found.share, selected / (WIDTH * HEIGHT));
      assert.equal(found.deed, "replace");
      assert.deepEqual(photoshop.modals, ["Mask by text: reading pixels", "Select “red”"]);
    });

  test("a Background is looked through as well", async () => {
    const document = open({ background: true });
    await select({ text_mask: "blue" });
    assert.ok(overlap(selection(document), BLUE) > 0.8);
  });

  for (const bits of [8, 16])
    test(`keeps its greys when it is soft, at ${bits} bits`, async () => {
      const document = open({ bits });
      await select();
      const hard = copyOf(document);
      await select({ text_mask_threshold: 0 });
      assert.ok(new Set(document.selected).size > 10);
      let differs = 0;
      eachPixel((x, y) => (differs += (document.selectedAt(x, y) >= 0.5) !== (hard(x, y) === 1)));
      assert.ok(differs < 0.01 * WIDTH * HEIGHT);
    });

  test("a document of many pixels is looked at scaled down, and lands in its place", async () => {
    assert.ok(LOOKED_AT_PIXELS <= 4_100_000);
    const document = photoshop.open({ width: 480, height: 360, paint: (x, y) => picture(x / 2, y / 2.5), background: true });
    const { getPixels } = photoshop.imaging;
    let [most, within] = [0, 0];
    photoshop.imaging.getPixels = async (options) => {
      within++;
      const answer = await getPixels.call(photoshop.imaging, options);
      // The stand-in itself reads all of it before it scales.
      if (--within === 0) most = Math.max(most, answer.imageData.width * answer.imageData.height);
      return answer;
    };
    await select({}, { most: 40_000 });
    assert.ok(most > 39_000 && most < 41_000, `${most} pixels were read`);
    assert.deepEqual([document.selectedAt(160, 120), document.selectedAt(40, 120), document.selectedAt(360, 280)], [1, 0, 0]);
  });

  test("a threshold decides how sure is sure enough", async () => {
    open();
    const low = await select({ text_mask_threshold: 0.05 });
    const high = await select({ text_mask_threshold: 0.95 });
    assert.ok(high.share > 0 && high.share < low.share);
  });

  test("inverted is all else", async () => {
    const document = open();
    await select();
    const straight = copyOf(document);
    const found = await select({ invert: true });
    assertSame(selection(document), (x, y) => 1 - straight(x, y));
    assert.ok(found.inverted && found.share > 0.8);
  });

  for (const [combination, expected] of [
    ["replace", (found) => found],
    ["add", (found, before) => Math.max(found, before)],
    ["subtract", (found, before) => Math.min(before, 1 - found)],
    ["intersect", (found, before) => Math.min(before, found)],
  ])
    test(`meets the selection that is there by: ${combination}`, async () => {
      const document = open();
      await select();
      const found = copyOf(document);
      // Feathered, and it goes on beyond the layer.
      document.select((x) => Math.max(0, Math.min(1, (100 - x) / 40)));
      const before = copyOf(document);
      const { deed } = await select({ text_mask_combine: combination });
      assert.equal(deed, combination);
      assertSame(selection(document), (x, y) => expected(found(x, y), before(x, y)), combination);
    });

  test("meets the selection as it is when the daemon answers, not as it was", async () => {
    const document = open();
    document.select(BLUE);
    await select({ text_mask_combine: "add" }, { watcher: { onProgress: () => document.select(LEFT) } });
    assert.equal(document.selectedAt(10, 10), 1);
    assert.equal(document.selectedAt(175, 100), 0);
    assert.equal(document.selectedAt(100, 50), 1);
  });

  test("on a layer that is smaller than the canvas, lies where the layer does, and nowhere else", async () => {
    const there = inside([30, 20, 210, 125]);
    const document = open({ paint: only(there) });
    const found = await select();
    assert.ok(overlap(selection(document), RED) > 0.75);
    const selected = document.selected.reduce((sum, value) => sum + value, 0);
    assert.equal(found.share, selected / (180 * 105), "the share is one of the layer");
    await select({ invert: true });
    eachPixel((x, y) => assert.ok(there(x, y) || document.selectedAt(x, y) === 0, `${x},${y} has no pixels`));
  });

  test("joins a selection beyond the layer, and beyond the canvas", async () => {
    const there = inside([30, 20, 210, 125]);
    const document = open({ paint: only(there) });
    document.select(LEFT);
    document.selectionBounds = { left: -20, top: -10, right: 160, bottom: HEIGHT + 5 };
    await select({ text_mask_combine: "add" });
    assert.ok(overlap(selection(document), (x, y) => LEFT(x, y) || RED(x, y)) > 0.9);
    assert.equal(document.selectedAt(5, 140), 1);
  });

  test("is not found in what colour lies under transparency", async () => {
    const document = open({ paint: (x, y) => (BLUE(x, y) ? [0, 0, 0, 0] : RED(x, y) ? [...COLOURS.red, 1] : [...COLOURS.grey, 1]) });
    photoshop.imaging.underTransparency = COLOURS.red;
    await select({ text_mask_threshold: 0.2 });
    eachPixel((x, y) => assert.ok(!BLUE(x, y) || document.selectedAt(x, y) === 0));
    assert.ok(overlap(selection(document), RED) > 0.6);
    await select({ invert: true });
    eachPixel((x, y) => assert.ok(!BLUE(x, y) || document.selectedAt(x, y) === 0));
    // The daemon finds the hole of a fill alone; so it must not get to see that colour.
    await show({ text_mask_fill: true });
    let [there, selected] = [0, 0];
    eachPixel((x, y) => BLUE(x, y) && ((there += 1), (selected += document.selectedAt(x, y))));
    assert.ok(selected < 0.3 * there);
  });

  describe("as a layer mask", () => {
    test("shows what was found and hides the rest, in one step", async () => {
      const document = open();
      document.select(BLUE);
      const { deed } = await mask();
      assert.equal(deed, "show");
      assert.ok(overlap(maskOf(document.layers[0]), RED) > 0.8);
      assert.equal(document.layers[0].maskBeyond, 0, "beyond the canvas nothing was found");
      assert.deepEqual(document.history, ["Open", "Layer mask “red”"]);
      assertSame(selection(document), (x, y) => (BLUE(x, y) ? 1 : 0), "the selection is left alone");
    });

    test("in a 16-bit document keeps its greys, on a smaller layer too", async () => {
      const document = open({ bits: 16, paint: only(inside([30, 20, 210, 125])) });
      await mask({ text_mask_threshold: 0 });
      const [layer] = document.layers;
      assert.ok(overlap(maskOf(layer), RED) > 0.75);
      assert.ok(layer.mask.some((value) => value > 0 && value < 1));
      assert.equal(layer.mask[0], 0);
    });

    test("hides what is subtracted from a layer that is seen as a whole; that is the hole then", async () => {
      const document = open();
      const { deed } = await mask({ text_mask_combine: "subtract" });
      assert.equal(deed, "hide");
      assert.ok(overlap(maskOf(document.layers[0]), (x, y) => !RED(x, y)) > 0.9);
      assert.equal(document.layers[0].maskBeyond, 1);
      assert.equal((await fill(client)).hole, "layer mask");
    });

    test("is never put in the place of another", async () => {
      const document = open();
      const [layer] = document.layers;
      layer.mask = Float64Array.from({ length: WIDTH * HEIGHT }, (_, i) => ((i % WIDTH) / WIDTH > 0.5 ? 1 : 0.25));
      const before = layer.mask.slice();
      await assert.rejects(mask(), { code: "mask_exists", hint: /Add, Subtract or Intersect/ });
      assert.deepEqual(layer.mask, before);
      assert.deepEqual(document.history, ["Open"]);
    });

    test("is not put in the place of one that was made meanwhile either", async () => {
      const document = open();
      const [layer] = document.layers;
      const made = new Float64Array(WIDTH * HEIGHT).fill(0.5);
      await assert.rejects(mask({}, { watcher: { onProgress: () => (layer.mask = made) } }), { code: "mask_exists" });
      assert.deepEqual(new Set(layer.mask), new Set([0.5]));
    });

    for (const [combination, expected] of [
      ["add", (found, before) => Math.max(found, before)],
      ["subtract", (found, before) => Math.min(before, 1 - found)],
      ["intersect", (found, before) => Math.min(before, found)],
    ])
      test(`changes one that is there by: ${combination}`, async () => {
        const document = open();
        const [layer] = document.layers;
        await mask();
        const found = layer.mask.slice();
        const before = Float64Array.from({ length: WIDTH * HEIGHT }, (_, i) => Math.round(255 * ((i % WIDTH) / WIDTH)) / 255);
        layer.mask = before.slice();
        const { deed } = await mask({ text_mask_combine: combination });
        assert.equal(deed, `${combination} mask`);
        assertSame(maskOf(layer), (x, y) => expected(found[y * WIDTH + x], before[y * WIDTH + x]), combination);
      });

    for (const [kind, beyond] of [
      ["shows", 1],
      ["hides", 0],
    ])
      test(`is combined with one that ${kind} all but a part, which is all that Photoshop tells of it`, async () => {
        const document = open();
        const [layer] = document.layers;
        layer.mask = Float64Array.from({ length: WIDTH * HEIGHT }, (_, i) => (BLUE(i % WIDTH, Math.floor(i / WIDTH)) ? 1 - beyond : beyond));
        layer.maskBeyond = beyond;
        await mask({ text_mask_combine: "subtract" });
        assert.equal(layer.mask[0], beyond);
        assert.equal(layer.mask[48 * WIDTH + 80], 0, "what was found is hidden");
        assert.equal(layer.mask[108 * WIDTH + 180], 1 - beyond);
        assert.equal(layer.maskBeyond, beyond);
      });

    test("goes to the active layer, even if that is a fill", async () => {
      const document = open();
      document.select(RED);
      await fill(client, { model: "identity" });
      const [made, source] = document.layers;
      await mask();
      assert.ok(made.mask && !source.mask);
    });

    test("lands in its document, whichever is active by then", async () => {
      const document = open();
      let other = null;
      await mask({}, { watcher: { onProgress: () => (other = other ?? open()) } });
      assert.ok(document.layers[0].mask && !other.layers[0].mask);
    });

    test("cannot be had by a Background or a locked layer, and says what to do", async () => {
      open({ background: true });
      await assert.rejects(mask(), { code: "no_mask", hint: /Double-click/ });
      open().layers[0].allLocked = true;
      await assert.rejects(mask(), { code: "locked", hint: /Unlock/ });
    });
  });

  describe("as the hole of a fill", () => {
    const byText = { text_mask_fill: true, model: "noise" };
    const changedBy = async (document, choices) => {
      const before = new Float64Array(WIDTH * HEIGHT * 4);
      eachPixel((x, y) => before.set(document.seen(x, y), (y * WIDTH + x) * 4));
      const outcome = await fill(client, { text_mask: "red", ...byText, ...choices });
      const changed = new Set();
      eachPixel((x, y) => {
        const at = y * WIDTH + x;
        if (document.seen(x, y).some((value, i) => value !== before[at * 4 + i])) changed.add(at);
      });
      document.layers.shift();
      return { outcome, changed: (x, y) => (changed.has(y * WIDTH + x) ? 1 : 0) };
    };

    for (const combination of ["replace", "add", "subtract", "intersect"])
      for (const invert of [false, true])
        test(`${combination}${invert ? ", inverted" : ""}: is what Show shows, and what Select would make`, async () => {
          const document = open();
          const start = (x, y) => (LEFT(x, y) ? 1 : 0);
          const choices = { text_mask_combine: combination, invert };
          document.select(start);
          await select(choices);
          const made = copyOf(document);
          document.select(start);
          const found = await show({ ...byText, ...choices });
          assert.equal(found.deed, "hole");
          assertSame(selection(document), made, "Show against Select");
          document.select(start);
          const { outcome, changed } = await changedBy(document, choices);
          assert.equal(outcome.hole, "text");
          assert.ok(overlap(changed, made) > 0.97);
          eachPixel((x, y) => assert.ok(made(x, y) > 0 || changed(x, y) === 0, `${x},${y} is not in the hole`));
        });

    test("grows and feathers as the fill does", async () => {
      const document = open();
      await show(byText);
      const tight = copyOf(document);
      const { share } = await show({ ...byText, grow_pixels: 6, feather_pixels: 4 });
      let [wider, greys] = [0, 0];
      eachPixel((x, y) => {
        assert.ok(document.selectedAt(x, y) >= tight(x, y));
        if (document.selectedAt(x, y) > tight(x, y)) wider++;
        if (document.selectedAt(x, y) % 1 > 0) greys++;
      });
      assert.ok(wider > 500 && greys > 250 && share > 0);
      assert.equal(document.history.at(-1), "Show hole “red”");
    });

    test("needs no selection to add to", async () => {
      const document = open();
      const { changed } = await changedBy(document, { text_mask_combine: "add" });
      assert.ok(overlap(changed, RED) > 0.8);
    });

    test("lies within a layer that is smaller than the canvas", async () => {
      const document = open({ paint: only(inside([30, 20, 210, 125])) });
      await select();
      const made = copyOf(document);
      await show(byText);
      assertSame(selection(document), made, "Show against Select");
      const { changed } = await changedBy(document, {});
      assert.ok(overlap(changed, RED) > 0.75);
    });

    test("takes a selection beyond the layer with it", async () => {
      const document = open({ paint: only(inside([30, 20, 210, 125])) });
      document.select(LEFT);
      const { changed } = await changedBy(document, { text_mask_combine: "add" });
      assert.ok(overlap(changed, (x, y) => LEFT(x, y) || RED(x, y)) > 0.9);
      assert.equal(changed(5, 140), 1);
    });

    test("is not asked for when it is not ticked: the selection is the hole", async () => {
      const document = open();
      document.select(BLUE);
      const { outcome, changed } = await changedBy(document, { text_mask_fill: false, invert: true, text_mask_combine: "add" });
      assert.equal(outcome.hole, "selection");
      assert.ok(overlap(changed, BLUE) > 0.97);
    });
  });

  describe("changes nothing and says what to do when", () => {
    /** The button fails with this code, and neither selection, masks nor history have changed. */
    async function refused(button, code, choices = {}, options = {}) {
      const document = photoshop.active;
      const before = document?.selected?.slice() ?? null;
      await assert.rejects(button(choices, options), (error) => {
        assert.equal(error.code, code);
        if (code === "cancelled") return true;
        assert.match(error.message, /^[A-Z].*\.$/);
        assert.match(error.hint, /^[A-Z].*[.a-z]$/);
        return true;
      });
      if (!document) return;
      assert.deepEqual(document.selected, before);
      assert.deepEqual(document.history, ["Open"]);
      assert.ok(document.layers.every((layer) => layer.mask === null));
    }

    for (const button of ["select", "mask", "show"]) {
      const pushed = (choices, options) => ({ select, mask, show })[button]({ text_mask_fill: true, ...choices }, options);
      test(`nothing is found: ${button}`, async () => {
        open().select(BLUE);
        await refused(pushed, "empty_mask", { text_mask: "green", text_mask_threshold: 0.9 });
      });

      test(`the document is resized meanwhile: ${button}`, async () => {
        const document = open();
        await refused(pushed, "document_changed", {}, { watcher: { onProgress: () => (document.width = WIDTH - 1) } });
      });

      test(`it is cancelled: ${button}`, async () => {
        open();
        const job = new Job();
        await refused(pushed, "cancelled", {}, { job, watcher: { onProgress: () => job.cancel() } });
        assert.deepEqual((await client.ask({ type: "status" })).requests, []);
      });

      test(`Photoshop fails while writing: ${button}`, async () => {
        open().select(BLUE);
        const failing = button === "mask" ? "putLayerMask" : "putSelection";
        photoshop.imaging[failing] = async () => {
          throw new Error("the scratch disks are full");
        };
        await assert.rejects(pushed({}), /scratch disks/);
        const document = photoshop.active;
        assert.deepEqual(document.history, ["Open"]);
        assert.equal(document.layers[0].mask, null);
        assertSame(selection(document), (x, y) => (BLUE(x, y) ? 1 : 0));
      });
    }

    for (const [what, change] of [
      ["moved", (layer) => layer.put(10, 10, [0.5, 0.5, 0.5, 1])],
      ["deleted", (layer) => (layer.document.layers = [])],
    ])
      test(`the layer is ${what} meanwhile: mask`, async () => {
        const document = open({ paint: only(inside([30, 20, 210, 125])) });
        await refused(mask, "layer_changed", {}, { watcher: { onProgress: () => change(document.activeLayers[0]) } });
      });

    test("there are no words", async () => {
      open();
      await refused(select, "no_words", { text_mask: "  " });
    });

    test("all is found, and inverted leaves nothing", async () => {
      open({ paint: () => [...COLOURS.red, 1] });
      await refused(select, "empty_mask", { invert: true });
    });

    for (const combination of ["subtract", "intersect"])
      test(`there is no selection to ${combination} from or with`, async () => {
        open();
        await refused(select, "no_selection", { text_mask_combine: combination });
        await refused(show, "no_selection", { text_mask_combine: combination, text_mask_fill: true });
      });

    test("nothing of the selection would be left", async () => {
      open().select(BLUE);
      await refused(select, "empty_mask", { text_mask_combine: "intersect" });
    });

    test("there is no picture, or the layer has no pixels", async () => {
      await refused(select, "no_document");
      open({ paint: () => [0, 0, 0, 0] });
      await refused(select, "no_pixels");
    });

    test("adding the mask fails in Photoshop, which tells that only in the result", async () => {
      const document = open();
      photoshop.imaging.getLayerMask = async () => {
        throw new Error("no reason given");
      };
      document.layers[0].mask = new Float64Array(WIDTH * HEIGHT).fill(0.5);
      await assert.rejects(mask(), /not currently available/);
      assert.deepEqual(new Set(document.layers[0].mask), new Set([0.5]));
    });
  });

  test("no modal scope is open while the daemon works", async () => {
    open();
    const depths = [];
    await select({}, { watcher: { onProgress: () => depths.push(photoshop.modalDepth) } });
    assert.ok(depths.length > 0 && depths.every((depth) => depth === 0));
  });

  test("survives a broken connection: it connects again and asks once more", async () => {
    const document = open();
    const clients = [client];
    const connected = async () => {
      if (clients.at(-1).socket.closed) clients.push(await connectTo(daemon));
      return clients.at(-1);
    };
    // Cut with the request: an answer may be there before anything else could cut it.
    const send = client.socket.send.bind(client.socket);
    client.socket.send = (frames) => {
      send(frames);
      client.socket.socket.terminate();
    };
    await select({}, { connected });
    assert.equal(clients.length, 2);
    assert.ok(overlap(selection(document), RED) > 0.8);
    clients[1].close();
  });
});

test("CLIPSeg itself finds what is named, and refuses words that are none", { skip: noWords }, async () => {
  const daemon = await startDaemon([], { finds: ["red", "green", "blue"] });
  try {
    const { photoshop } = enterPhotoshop(daemon);
    const client = await connectTo(daemon);
    const document = photoshop.open({ width: WIDTH, height: HEIGHT, paint: picture });
    await assert.rejects(press(selectByText, client, { text_mask: " , " }), { code: "bad_message" });
    assert.equal(document.selected, null);
    await press(selectByText, client, { text_mask: "red" });
    assert.deepEqual([document.selectedAt(80, 48), document.selectedAt(180, 108), document.selectedAt(20, 130)], [1, 0, 0]);
    client.close();
  } finally {
    await daemon.stop();
  }
});

test("a model that is not installed is named with the command that installs it", async () => {
  const bare = await startDaemon();
  try {
    const { photoshop } = enterPhotoshop(bare);
    const client = await connectTo(bare);
    photoshop.open({ width: 32, height: 32, paint: picture });
    await assert.rejects(press(selectByText, client, { text_mask: "red" }), {
      code: "model_missing",
      hint: /inpaintd models install clipseg/,
    });
    client.close();
  } finally {
    await bare.stop();
  }
});
