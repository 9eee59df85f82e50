import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { readNote } from "../src/host/notes.js";
import { forgetSamplingArea, samplingArea, takeSamplingArea } from "../src/host/sampling.js";
import { fileAsReference, layerAsReference } from "../src/host/references.js";
import { defaults, made, remembered } from "../src/settings.js";
import { startDaemon } from "./daemon.js";
import { connectTo, enterPhotoshop, fill } from "./session.js";

const SIZE = { width: 96, height: 64 };
const grey = () => [0.5, 0.5, 0.5, 1];
const hole = (x, y) => (x >= 40 && x < 56 && y >= 24 && y < 40 ? 1 : 0);

describe("a fill with", () => {
  let daemon, client, photoshop, uxp;
  before(async () => {
    daemon = await startDaemon();
  });
  after(() => daemon.stop());
  beforeEach(async () => {
    ({ photoshop, uxp } = enterPhotoshop(daemon));
    client = await connectTo(daemon);
  });
  afterEach(() => {
    client.close();
    assert.equal(photoshop.imaging.alive, 0, "image data was not disposed of");
  });

  /** A document with a hole selected, its one layer active, and below it a layer of one colour. */
  function withReference(colour, options = {}) {
    const document = photoshop.open({ ...SIZE, paint: colour, ...options });
    const [reference] = document.layers;
    reference.name = "A swatch";
    const layer = document.addLayer({ name: "Picture" });
    layer.paint(grey);
    document.select(hole);
    return { document, reference, layer };
  }
  const byReference = (references) => fill(client, { model: "reference", references });
  const near = (seen, colour) => colour.every((value, i) => Math.abs(seen[i] - value) < 0.01);

  describe("references", () => {
    for (const bits of [8, 16])
      test(`takes a layer of the document, ${bits} bits, and keeps it in the recipe`, async () => {
        const { document, reference, layer } = withReference(() => [0, 0.8, 0.2, 1], { bits });
        document.activeLayers = [reference];
        const chosen = layerAsReference();
        assert.deepEqual(chosen, { kind: "layer", name: "A swatch", layerID: reference.id, weight: 1 });
        document.activeLayers = [layer];
        await byReference([chosen]);
        assert.ok(near(document.seen(48, 32), [0, 0.8, 0.2]), document.seen(48, 32));
        const note = await readNote(document.id, document.layers[0].id);
        assert.deepEqual(remembered(note.settings).references, [chosen]);
      });

    test("takes a file, which is opened, read and closed again; the user's document stays in front", async () => {
      const { document } = withReference(grey);
      uxp.picture = "poster.png";
      await byReference([await fileAsReference()]);
      assert.ok(near(document.seen(48, 32), [1, 0, 0]));
      assert.deepEqual([photoshop.documents.length, photoshop.active], [1, document]);
    });

    test("finds a layer by its name in another document", async () => {
      const { document } = withReference(() => [0, 0, 1, 1]);
      await byReference([{ kind: "layer", name: "A swatch", layerID: 9999, weight: 1 }]);
      assert.ok(near(document.seen(48, 32), [0, 0, 1]));
    });

    for (const [what, reference, code] of [
      ["a layer that is gone", { kind: "layer", name: "Gone", layerID: 9999, weight: 1 }, "no_reference"],
      ["a file that is gone", { kind: "file", name: "gone.png", token: "none", weight: 1 }, "no_reference"],
    ])
      test(`says what to do about ${what}, and nothing is changed`, async () => {
        const { document } = withReference(grey);
        await assert.rejects(byReference([reference]), { code, hint: /[Rr]emove/ });
        assert.deepEqual([photoshop.documents.length, document.layers.length], [1, 2]);
      });

    test("a file that is no picture: said, and nothing stays open", async () => {
      withReference(grey);
      uxp.picture = "notes.txt";
      await assert.rejects(byReference([await fileAsReference()]), { code: "no_reference", hint: /choose it again/ });
      assert.equal(photoshop.documents.length, 1);
    });

    test("a layer without pixels cannot be chosen", () => {
      const { document } = withReference(grey);
      document.addLayer({ kind: "text", name: "Title" });
      assert.throws(layerAsReference, { code: "no_pixels" });
      document.activeLayers = [];
      assert.throws(layerAsReference, { code: "no_single_layer" });
    });

    test("sends the weights, and no names", () => {
      const references = [
        { kind: "layer", name: "a", weight: 0.5 },
        { kind: "file", name: "b", token: "t", weight: 2 },
      ];
      assert.deepEqual(made({ ...defaults(), references }).references, [{ weight: 0.5 }, { weight: 2 }]);
      assert.equal("references" in made(defaults()), false);
      assert.deepEqual(remembered({ references: [{ kind: "spell" }, 3, null, { kind: "file", name: "b", weight: "9" }] }).references, [
        { kind: "file", name: "b", weight: 2 },
      ]);
    });
  });

  describe("a sampling area", () => {
    const stripes = (x, y) => (x < 48 ? [0.9, 0.1 + 0.02 * (y % 5), 0.1, 1] : [0.1, 0.1 + 0.02 * (y % 5), 0.9, 1]);
    const right = (x) => (x >= 72 ? 1 : 0);

    test("copies from nowhere else, until it is forgotten", async () => {
      const document = photoshop.open({ ...SIZE, paint: stripes });
      document.select(right);
      await takeSamplingArea();
      assert.equal(document.selected, null, "so that the hole can be selected next");
      assert.deepEqual(document.history, ["Open", "Sampling area"]);
      const inHole = (x, y) => (x >= 8 && x < 24 && y >= 24 && y < 40 ? 1 : 0);
      const blue = async () => {
        document.select(inHole);
        await fill(client, { model: "patches", source: "visible", seed: 1 });
        const [red, , blueness] = document.seen(16, 32);
        document.drop(document.layers[0].id);
        return blueness > red;
      };
      assert.equal(await blue(), true);
      assert.ok(samplingArea(document.id));
      forgetSamplingArea(document.id);
      assert.equal(await blue(), false);
    });

    test("needs a selection, and says so", async () => {
      photoshop.open({ ...SIZE, paint: grey });
      await assert.rejects(takeSamplingArea(), { code: "no_selection", hint: /may copy from/ });
    });

    test("is not that of another document", async () => {
      const document = photoshop.open({ ...SIZE, paint: grey });
      document.select(right);
      await takeSamplingArea();
      assert.equal(samplingArea(photoshop.open({ ...SIZE, paint: grey }).id), null);
    });
  });
});
