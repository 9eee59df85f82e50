import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { readNote } from "../src/host/notes.js";
import { insertLast } from "../src/inpaint.js";
import { Job } from "../src/job.js";
import { startDaemon } from "./daemon.js";
import { connectTo, enterPhotoshop, fill } from "./session.js";

const SIZE = { width: 200, height: 160 };
const gradient = (x, y) => [((x + 300) % 256) / 255, ((y * 3 + 300) % 256) / 255, ((x + y + 400) % 256) / 255, 1];
const box = (left, top, right, bottom) => (x, y) => (x >= left && x < right && y >= top && y < bottom ? 1 : 0);
const hole = box(80, 60, 110, 90);

/** Watches a fill, and does something once while the daemon works. */
const meanwhile = (act) => {
  let done = false;
  const onProgress = ({ step }) => {
    if (done || step === 0) return;
    done = true;
    act();
  };
  return { onProgress };
};

describe("a fill", () => {
  let daemon, client, photoshop;
  before(async () => {
    daemon = await startDaemon();
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

  /** Every pixel outside of `weight` is seen as before, bit by bit; inside, `changed` of them are not. */
  function compare(document, before, weight) {
    let changed = 0;
    let inside = 0;
    for (let y = 0; y < document.height; y++)
      for (let x = 0; x < document.width; x++) {
        const same = document.seen(x, y).every((value, i) => value === before(x, y)[i]);
        if (weight(x, y) === 0) assert.ok(same, `${x},${y} lies outside of the selection and has changed`);
        else {
          inside++;
          if (!same) changed++;
        }
      }
    return changed / inside;
  }

  function snapshot(document) {
    const pixels = [];
    for (let y = 0; y < document.height; y++)
      for (let x = 0; x < document.width; x++) pixels.push(document.seen(x, y));
    return (x, y) => pixels[y * document.width + x];
  }

  for (const bits of [8, 16, 32])
    test(`repaints the selection of a ${bits}-bit document and nothing else`, async () => {
      const document = photoshop.open({ ...SIZE, bits, paint: gradient });
      document.select(hole);
      const before = snapshot(document);
      await fill(client, { prompt: "red  barn\n" });
      assert.ok(compare(document, before, hole) > 0.99);
      assert.deepEqual(
        document.layers.map(({ name }) => name),
        ["Inpaint: red barn", "Layer 1"],
      );
      assert.deepEqual(document.history, ["Open", "Inpaint: red barn"]);
    });

  for (const bits of [8, 16, 32])
    test(`the identity engine changes nothing at ${bits} bits, twice in a row`, async () => {
      const paint = (x, y) => gradient(x, y).map((v, i) => (i < 3 ? Math.min(1, v * 0.999 + 0.0003) : 1));
      const document = photoshop.open({ ...SIZE, bits, paint });
      document.select(hole);
      const before = snapshot(document);
      for (let run = 0; run < 2; run++) {
        await fill(client, { model: "identity" });
        let worst = 0;
        for (let y = 60; y < 90; y++)
          for (let x = 80; x < 110; x++)
            document.seen(x, y).forEach((v, i) => (worst = Math.max(worst, Math.abs(v - before(x, y)[i]))));
        assert.ok(bits === 32 ? worst < 1e-6 : worst === 0, `off by ${worst}`);
      }
    });

  test("keeps a feathered selection's greys", async () => {
    const soft = (x, y) => Math.max(0, Math.min(1, 1.5 - Math.hypot(x - 100, y - 80) / 20));
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(soft);
    const before = snapshot(document);
    await fill(client, {});
    compare(document, before, (x, y) => (soft(x, y) < 0.5 / 255 ? 0 : 1));
    const drift = (ring) => {
      let [sum, count] = [0, 0];
      for (let y = 0; y < 160; y++)
        for (let x = 0; x < 200; x++)
          if (ring(soft(x, y))) {
            const [now, then] = [document.seen(x, y), before(x, y)];
            sum += Math.abs(now[0] - then[0]) + Math.abs(now[1] - then[1]) + Math.abs(now[2] - then[2]);
            count++;
          }
      return sum / count;
    };
    assert.ok(drift((h) => h > 0 && h < 0.3) < 0.5 * drift((h) => h === 1));
  });

  test("a document of 300 dpi, with layers beyond the canvas and a selection across its edge", async () => {
    const document = photoshop.open({ ...SIZE, resolution: 300, paint: gradient });
    const across = box(180, 130, 200, 160);
    document.select(across);
    document.selectionBounds = { left: 179.6, top: 129.7, right: 230, bottom: 190 };
    const before = snapshot(document);
    await fill(client);
    assert.ok(compare(document, before, across) > 0.99);
    const { bounds } = photoshop.imaging.puts[0];
    assert.ok(bounds.right <= 200 && bounds.bottom <= 160, "nothing is written beyond the canvas");
  });

  test("a Background layer, which is locked and has three components", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient, background: true });
    document.select(hole);
    const before = snapshot(document);
    await fill(client);
    assert.ok(compare(document, before, hole) > 0.99);
    assert.equal(document.layers.at(-1).name, "Background");
  });

  test("a layer whose pixels end within the planned rectangle lands where it should", async () => {
    const patch = (x, y) => (x >= 60 && x < 150 && y >= 40 && y < 120 ? gradient(x, y) : [0, 0, 0, 0]);
    const document = photoshop.open({ ...SIZE, paint: patch });
    document.select(hole);
    const before = snapshot(document);
    await fill(client, { model: "identity" });
    for (let y = 60; y < 90; y++) for (let x = 80; x < 110; x++) assert.deepEqual(document.seen(x, y), before(x, y));
    compare(document, before, hole);
  });

  test("without a selection, transparency is the hole, and the layer stays as it is", async () => {
    const holed = (x, y) => (hole(x, y) ? [0, 0, 0, 0] : gradient(x, y));
    const document = photoshop.open({ ...SIZE, paint: holed });
    const before = snapshot(document);
    const samples = document.layers[0].samples.slice();
    const outcome = await fill(client);
    assert.equal(outcome.hole, "transparency");
    assert.ok(compare(document, before, hole) === 1);
    assert.deepEqual(document.layers.at(-1).samples, samples);
  });

  test("without a selection, what a layer mask hides is the hole, the right way round", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    const [layer] = document.layers;
    layer.mask = Float64Array.from({ length: 200 * 160 }, (_, i) => 1 - hole(i % 200, Math.floor(i / 200)));
    const before = snapshot(document);
    const mask = layer.mask.slice();
    const outcome = await fill(client);
    assert.equal(outcome.hole, "layer mask");
    assert.ok(compare(document, before, hole) === 1);
    assert.deepEqual(layer.mask, mask);
  });

  test("output masked gives a layer mask, and the same picture", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(hole);
    const before = snapshot(document);
    await fill(client, { output: "masked", model: "identity" });
    compare(document, before, hole);
    const [made] = document.layers;
    assert.ok(made.mask, "there is a layer mask");
    assert.equal(made.mask[75 * 200 + 95], 1);
    assert.equal(made.mask[10 * 200 + 10], 0);
  });

  test("a mask keeps what it says beyond the canvas", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(hole);
    await fill(client, { output: "masked" });
    assert.equal(document.layers[0].maskBeyond, 0);
  });

  for (const output of ["layer", "masked"])
    test(`lands in its document, whichever is in front by then, which stays there: ${output}`, async () => {
      const document = photoshop.open({ ...SIZE, paint: gradient });
      document.select(hole);
      const watcher = meanwhile(() => photoshop.open({ ...SIZE, paint: gradient }));
      await fill(client, { output, model: "brisk", count: 2 }, { watcher });
      assert.deepEqual(document.layers.map(({ name }) => name), ["Inpaint", "Layer 1"]);
      assert.deepEqual(document.history, ["Open", "Inpaint"]);
      const others = photoshop.documents.slice(1);
      assert.ok(others.length > 0 && others.every(({ layers, history }) => layers.length === 1 && history.length === 1));
      assert.equal(photoshop.active, others.at(-1), "the user's document is in front again");
    });

  test("waits for a transform that is open when the fill is ready, and says so", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(hole);
    let busy = 0;
    const watcher = meanwhile(() => (photoshop.busyCalls = 25));
    await fill(client, { model: "brisk" }, { watcher, onBusy: () => busy++ });
    assert.equal(busy, 25);
    assert.equal(document.layers.length, 2);
  });

  test("a fill that Photoshop has no time for is kept when the wait is cancelled", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(hole);
    const job = new Job();
    let last = null;
    const watcher = meanwhile(() => (photoshop.busyCalls = 1e6));
    const filled = fill(client, { model: "brisk" }, { watcher, job, onBusy: () => job.cancel(), remember: (value) => (last = value) });
    await assert.rejects(filled, { code: "cancelled", message: /It is kept/, hint: /Insert last result/ });
    photoshop.busyCalls = 0;
    await insertLast(new Job(), last, { connected: async () => client, watcher: {} });
    assert.equal(document.layers.length, 2);
  });

  test("a fill whose layer was deleted goes on top, and says so", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient, background: true });
    photoshop.modalDepth++;
    const layer = await document.createPixelLayer({ name: "Deleted soon" });
    photoshop.modalDepth--;
    layer.paint(gradient);
    document.select(hole);
    const watcher = meanwhile(() => !layer.stale && document.drop(layer.id));
    const { inserted } = await fill(client, { model: "brisk" }, { watcher });
    assert.deepEqual(document.layers.map(({ name }) => name), ["Inpaint", "Background"]);
    assert.match(inserted.remarks[0], /deleted in the meantime/);
  });

  test("without a layer mask to be had, the fill is cut out, and says so", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(hole);
    const before = snapshot(document);
    const { batchPlay } = photoshop.action;
    photoshop.action.batchPlay = (commands) => (commands.at(-1)._obj === "make" ? Promise.reject(new Error("not available")) : batchPlay(commands));
    const { inserted } = await fill(client, { output: "masked" });
    assert.ok(compare(document, before, hole) > 0.99);
    assert.match(inserted.remarks[0], /did not add a layer mask/);
  });

  test("an insertion that fails says that the fill is kept", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(hole);
    photoshop.imaging.putPixels = async () => Promise.reject(new Error("the scratch disks are full"));
    await assert.rejects(fill(client), { message: /scratch disks.*The fill is kept\./, hint: /Insert last result/ });
  });

  describe("of all visible layers", () => {
    const visible = (settings, options) => fill(client, { source: "visible", ...settings }, options);

    for (const kind of ["smartObject", "text", "curves", "group"])
      test(`works with ${kind} active, and goes on top of everything`, async () => {
        const document = photoshop.open({ ...SIZE, paint: gradient });
        document.addLayer({ name: "It", kind });
        document.select(hole);
        const before = snapshot(document);
        const outcome = await visible({});
        assert.equal(outcome.source, "");
        assert.ok(compare(document, before, hole) > 0.99);
        assert.equal(document.layers[0].name, "Inpaint");
      });

    test("sees the fill before", async () => {
      const document = photoshop.open({ ...SIZE, paint: gradient });
      document.select(hole);
      await visible({ prompt: "first" });
      const between = snapshot(document);
      await visible({ model: "identity" });
      assert.deepEqual(document.seen(95, 75), between(95, 75));
      assert.deepEqual(document.layers.map(({ name }) => name), ["Inpaint", "Inpaint: first", "Layer 1"]);
    });

    test("without a selection it is the active layer that has the hole", async () => {
      const holed = (x, y) => (hole(x, y) ? [0, 0, 0, 0] : gradient(x, y));
      photoshop.open({ ...SIZE, paint: holed });
      const outcome = await visible({});
      assert.deepEqual([outcome.hole, outcome.source], ["transparency", "Layer 1"]);
    });

    test("without a selection and with no pixels in the active layer, what shows nothing is the hole", async () => {
      const document = photoshop.open({ ...SIZE, paint: (x, y) => (hole(x, y) ? [0, 0, 0, 0] : gradient(x, y)) });
      document.addLayer({ kind: "text" });
      assert.equal((await visible({})).hole, "transparency");
    });

    for (const [where, rectangle] of [
      ["beside another", { left: 60, top: 40, right: 180, bottom: 150 }],
      ["that reaches beyond the canvas", { left: -10, top: 40, right: 130, bottom: 150 }],
    ])
      test(`on an artboard ${where} it stays on that artboard`, async () => {
        const document = photoshop.open({ ...SIZE, paint: gradient });
        photoshop.modalDepth++;
        const board = await document.createLayerGroup({ name: "Artboard", fromLayers: [document.layers[0]] });
        photoshop.modalDepth--;
        board.artboard = rectangle;
        document.activeLayers = [board.layers[0]];
        document.select(hole);
        const before = snapshot(document);
        await visible({});
        assert.deepEqual(board.layers.map(({ name }) => name), ["Inpaint", "Layer 1"]);
        compare(document, before, hole);
        await fill(client, {});
        assert.equal(board.layers.length, 3);
      });
  });

  test("a new layer never comes between a clipping mask and what it clips", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    const clipped = document.addLayer({ name: "Clipped" });
    clipped.isClippingMask = true;
    document.activeLayers = [document.layers[1]];
    document.select(hole);
    await fill(client);
    assert.deepEqual(document.layers.map(({ name }) => name), ["Inpaint", "Clipped", "Layer 1"]);
  });

  for (const output of ["layer", "masked"])
    for (const source of ["visible", "active"])
      test(`an earlier fill that is active is made once more in its place, also after reopening: ${output}, ${source}`, async () => {
        const document = photoshop.open({ ...SIZE, paint: gradient });
        document.select(hole);
        const before = snapshot(document);
        await fill(client, { source, output, prompt: "first" });
        document.selected = null;
        document.id = 7777 + photoshop.nextId; // as it is numbered when it is opened again
        const outcome = await fill(client, { source, output, prompt: "second" });
        assert.equal(outcome.hole, "earlier fill");
        assert.deepEqual(document.layers.map(({ name }) => name), ["Inpaint: second", "Inpaint: first", "Layer 1"]);
        assert.ok(compare(document, before, hole) > 0.99);
      });

  test("its recipe and its source are kept on the layer, through closing and opening", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(hole);
    await fill(client, { prompt: "red barn", seed: 7 });
    const [layer, source] = document.layers;
    const note = JSON.parse(layer.generator.inpaintd);
    assert.deepEqual([note.source, note.seed, note.settings.prompt, note.model], [source.id, 7, "red barn", "noise"]);
    const { document: id } = { document: document.id };
    document.id = 9999; // as Photoshop numbers it when it is opened again
    assert.deepEqual(await readNote(9999, layer.id), note);
    assert.equal(await readNote(9999, source.id), null);
    document.id = id;
  });

  for (const [mode, depths] of [
    ["RGBColorMode", [8, 16, 32]],
    ["grayscaleMode", [8, 16, 32]],
    ["CMYKColorMode", [8, 16]],
    ["labColorMode", [8, 16]],
  ])
    for (const bits of depths)
      for (const source of ["active", "visible"])
        test(`${mode}, ${bits} bits, ${source}: nothing outside changes, and inside it is as near as the mode allows`, async () => {
          const document = photoshop.open({ width: 96, height: 80, bits, mode, paint: gradient });
          const small = box(40, 30, 60, 50);
          document.select(small);
          const before = snapshot(document);
          await fill(client, { source, model: "identity", output: "masked" });
          compare(document, before, small);
          let worst = 0;
          for (let y = 30; y < 50; y++)
            for (let x = 40; x < 60; x++) document.seen(x, y).forEach((v, i) => (worst = Math.max(worst, Math.abs(v - before(x, y)[i]))));
          const bound = mode === "RGBColorMode" ? (bits === 32 ? 1e-6 : 0) : bits === 8 ? 3 / 255 : 1e-3;
          assert.ok(worst <= bound, `off by ${worst}`);
        });

  test("variants come in one group, the first on top and the only one seen, in one history step", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(hole);
    const { finished, inserted } = await fill(client, { count: 3, seed: 5, prompt: "x" });
    const [group] = document.layers;
    assert.deepEqual(group.layers.map(({ name, visible }) => [name, visible]), [
      ["Inpaint: x, variant 1", true],
      ["Inpaint: x, variant 2", false],
      ["Inpaint: x, variant 3", false],
    ]);
    assert.deepEqual(finished.layers.map(({ seed }) => seed), [5, 6, 7]);
    assert.deepEqual(inserted.variants, { documentID: document.id, groupID: group.id, layerIDs: group.layers.map(({ id }) => id) });
    assert.equal(document.history.length, 2);
    await fill(client, { model: "identity" });
    assert.deepEqual(document.layers.map(({ name }) => name), ["Inpaint", "Inpaint: x", "Layer 1"]);
  });

  test("is inserted above the active layer, within its group", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    photoshop.modalDepth++;
    const group = await document.createLayerGroup({ name: "G", fromLayers: [document.layers[0]] });
    photoshop.modalDepth--;
    document.activeLayers = [group.layers[0]];
    document.select(hole);
    await fill(client);
    assert.deepEqual(group.layers.map(({ name }) => name), ["Inpaint", "Layer 1"]);
    assert.equal(document.layers.length, 1);
  });

  test("of a fill that is active repaints the picture that it was made for", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(hole);
    await fill(client, { prompt: "first" });
    assert.equal(document.activeLayers[0].name, "Inpaint: first");
    await fill(client, { prompt: "second", model: "identity" });
    assert.deepEqual(document.layers.map(({ name }) => name), ["Inpaint: second", "Inpaint: first", "Layer 1"]);
    assert.deepEqual(document.seen(95, 75), document.layers[2].at(95, 75));
  });

  test("no modal scope is open while the daemon works, and none is nested", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(hole);
    const depths = [];
    await fill(client, { model: "brisk" }, { watcher: { onProgress: () => depths.push(photoshop.modalDepth) } });
    assert.ok(depths.length > 2 && depths.every((depth) => depth === 0));
    assert.deepEqual(photoshop.modals, ["Inpaint: reading pixels", "Inpaint"]);
  });

  test("waits for a busy host, and reads again after error -1", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(hole);
    photoshop.busyCalls = 2;
    photoshop.imaging.hiccups = 1;
    await fill(client);
    assert.equal(document.layers.length, 2);
  });

  test("a throw while writing leaves no trace", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(hole);
    photoshop.imaging.putPixels = async () => {
      throw new Error("the scratch disks are full");
    };
    await assert.rejects(fill(client), /scratch disks/);
    assert.equal(document.layers.length, 1);
    assert.deepEqual(document.history, ["Open"]);
    assert.equal(document.activeLayers[0].name, "Layer 1");
  });

  test("Photoshop's own Escape while reading ends it with a sentence", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(hole);
    const { core } = photoshop;
    photoshop.core = { executeAsModal: (work, options) => ((photoshop.cancelled = true), core.executeAsModal(work, options)) };
    await assert.rejects(fill(client), { code: "cancelled" });
    assert.equal(document.layers.length, 1);
  });

  test("Escape while the layer mask is read is not taken for a layer without one", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.layers[0].mask = Float64Array.from({ length: 200 * 160 }, (_, i) => 1 - hole(i % 200, Math.floor(i / 200)));
    const { core, imaging } = photoshop;
    const read = imaging.getLayerMask.bind(imaging);
    let scopes = 0;
    photoshop.core = {
      executeAsModal: (work, options) => {
        scopes++;
        photoshop.cancelled = false; // each scope has an Escape of its own
        return core.executeAsModal(work, options);
      },
    };
    imaging.getLayerMask = (options) => {
      photoshop.cancelled = scopes === 2; // the first looks for the hole
      return read(options);
    };
    await assert.rejects(fill(client), { code: "cancelled" });
    assert.equal(scopes, 2);
    assert.equal(document.layers.length, 1);
  });

  test("cancelling ends the request in the daemon too", async () => {
    const document = photoshop.open({ ...SIZE, paint: gradient });
    document.select(hole);
    const job = new Job();
    const filled = fill(client, { model: "brisk" }, { job, watcher: { onProgress: ({ step }) => step > 1 && job.cancel() } });
    await assert.rejects(filled, { code: "cancelled" });
    const status = await client.ask({ type: "status" });
    assert.deepEqual(status.requests, []);
    assert.equal(document.layers.length, 1);
  });

  for (const [what, harm] of [
    ["a broken connection", async () => client.socket.socket.terminate()],
    [
      "a daemon that dies",
      async () => {
        await daemon.kill("SIGKILL");
        await daemon.start();
      },
    ],
  ])
    test(`survives ${what}: it connects again and asks once more`, async () => {
      const document = photoshop.open({ ...SIZE, paint: gradient });
      document.select(hole);
      let harmed = false;
      const clients = [client];
      const connected = async () => {
        if (clients.at(-1).socket.closed) clients.push(await connectTo(daemon));
        return clients.at(-1);
      };
      const watcher = {
        onProgress: ({ step }) => {
          if (step < 2 || harmed) return;
          harmed = true;
          harm();
        },
      };
      await fill(client, { model: "brisk" }, { connected, watcher });
      assert.equal(clients.length, 2);
      assert.equal(document.layers.length, 2);
      clients[1].close();
    });

  for (const [what, change] of [
    ["closed", (document) => photoshop.close(document)],
    ["resized", (document) => (document.width -= 20)],
    ["given another depth", (document) => (document.bitsPerChannel = "bitDepth16")],
  ])
    test(`a document that is ${what} meanwhile: a message, and the result is kept`, async () => {
      const document = photoshop.open({ ...SIZE, paint: gradient });
      document.select(hole);
      let last = null;
      const watcher = meanwhile(() => change(document));
      const filled = fill(client, { model: "brisk", prompt: "kept" }, { watcher, remember: (value) => (last = value) });
      await assert.rejects(filled, { code: "document_changed" });
      assert.equal(document.layers.length, 1);
      const other = photoshop.open({ ...SIZE, bits: 16, paint: gradient });
      const { inserted } = await insertLast(new Job(), last, { connected: async () => client, watcher: {} });
      assert.equal(inserted.name, "Inpaint: kept");
      assert.equal(other.layers.length, 2);
      for (let i = 0; i < 3; i++) assert.ok(Math.abs(other.layers[0].at(95, 75)[i] - gradient(95, 75)[i]) < 1 / 255);
    });

  describe("says what is wrong and what to do", () => {
    const cases = {
      no_document: () => {},
      empty_mask: () => photoshop.open({ ...SIZE, paint: gradient, background: true }),
      "empty_mask (nothing transparent)": () => photoshop.open({ ...SIZE, paint: gradient }),
      "empty_mask (transparency locked)": () => {
        photoshop.open({ ...SIZE, paint: gradient }).layers[0].transparentPixelsLocked = true;
      },
      "empty_mask (selection outside)": () => {
        photoshop.open({ ...SIZE, paint: gradient }).selectionBounds = { left: 300, top: 0, right: 320, bottom: 20 };
      },
      no_single_layer: () => {
        photoshop.open({ ...SIZE, paint: gradient }).activeLayers = [];
      },
      unsupported_mode: () => {
        photoshop.open({ ...SIZE, mode: "indexedColorMode", paint: gradient });
      },
      ...Object.fromEntries(
        ["group", "smartObject", "text", "curves"].map((kind) => [
          `no_pixels (${kind})`,
          () => {
            photoshop.open({ ...SIZE, paint: gradient }).layers[0].kind = kind;
          },
        ]),
      ),
    };
    for (const [name, arrange] of Object.entries(cases))
      test(name, async () => {
        arrange();
        await assert.rejects(fill(client), (error) => {
          assert.equal(error.code, name.split(" ")[0]);
          assert.match(error.message, /^[A-Z0-9].*\.$/);
          assert.match(error.hint, /^[A-Z].*\.$/);
          return true;
        });
      });

    test("host_busy", async () => {
      const document = photoshop.open({ ...SIZE, paint: gradient });
      document.select(hole);
      photoshop.busyCalls = 1000;
      await assert.rejects(fill(client), { code: "host_busy" });
      photoshop.busyCalls = 0;
    });

    test("what the daemon says", async () => {
      const document = photoshop.open({ ...SIZE, paint: gradient });
      document.select(hole);
      await assert.rejects(fill(client, { model: "nothing like it" }), { code: "unknown_model" });
      await assert.rejects(fill(client, { model: "crash" }), { code: "worker_died" });
    });
  });
});
