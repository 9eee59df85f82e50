/** Every point that Adobe's documentation leaves open, in every reading: the panel has to survive them all. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { maskLayer } from "../src/host/mask.js";
import { modally } from "../src/host/modal.js";
import { readNote } from "../src/host/notes.js";
import { inFront } from "../src/host/play.js";
import { select } from "../src/host/selection.js";
import { keepVariant, showVariant } from "../src/host/variants.js";
import { planeOf } from "../src/planes.js";
import { pictureUrl } from "../src/panel/picture.js";
import { record } from "../src/recording.js";
import { startDaemon } from "./daemon.js";
import { READINGS } from "./fake/readings.js";
import { connectTo, enterPhotoshop, fill } from "./session.js";

const SIZE = { width: 96, height: 80 };
const gradient = (x, y) => [((x + 300) % 256) / 255, ((y * 3 + 300) % 256) / 255, ((x + y + 400) % 256) / 255, 1];
const hole = (x, y) => (x >= 40 && x < 60 && y >= 30 && y < 50 ? 1 : 0);

describe("where Adobe's documentation leaves it open", () => {
  let daemon;
  before(async () => {
    daemon = await startDaemon();
  });
  after(() => daemon.stop());

  /** Outside of the hole everything is seen as before; inside at least something is not. */
  function assertFilled(document, seenBefore) {
    let changed = 0;
    for (let y = 0; y < SIZE.height; y++)
      for (let x = 0; x < SIZE.width; x++) {
        const same = document.seen(x, y).every((value, i) => value === seenBefore[y * SIZE.width + x][i]);
        if (hole(x, y)) changed += same ? 0 : 1;
        else assert.ok(same, `${x},${y} has changed`);
      }
    assert.ok(changed > 300, `${changed} of 400 pixels were filled`);
  }

  const seen = (document) => Array.from({ length: SIZE.width * SIZE.height }, (_, i) => document.seen(i % SIZE.width, Math.floor(i / SIZE.width)));

  for (const [point, readings] of Object.entries(READINGS))
    for (const reading of readings)
      describe(`${point}: ${reading}`, () => {
        let photoshop, client;
        const enter = async () => {
          ({ photoshop } = enterPhotoshop(daemon, { [point]: reading }));
          client = await connectTo(daemon);
        };
        const leave = () => {
          client.close();
          assert.equal(photoshop.imaging.alive, 0, "image data was not disposed of");
        };

        for (const bits of [8, 16, 32])
          test(`a masked fill of all visible layers, ${bits} bits, another document in front by then`, async () => {
            await enter();
            const document = photoshop.open({ ...SIZE, bits, paint: gradient });
            document.select(hole);
            const was = seen(document);
            let other = null;
            const watcher = { onProgress: () => (other = other ?? photoshop.open({ ...SIZE, paint: gradient })) };
            const filled = fill(client, { source: "visible", output: "masked" }, { watcher });
            if (reading === "fixed") {
              await assert.rejects(filled, { message: /cannot be brought to the front.*The fill is kept/ });
              assert.equal(document.layers.length, 1);
            } else {
              await filled;
              assertFilled(document, was);
              assert.ok(document.layers[0].mask || point === "playFailure", "it has a layer mask");
              assert.equal((await readNote(document.id, document.layers[0].id)).source, null);
            }
            assert.equal(other?.layers.length ?? 1, 1);
            leave();
          });

        test("what a layer's mask hides is the hole", async () => {
          await enter();
          const document = photoshop.open({ ...SIZE, paint: gradient });
          const [layer] = document.layers;
          layer.mask = Float64Array.from({ length: SIZE.width * SIZE.height }, (_, i) => 1 - hole(i % SIZE.width, Math.floor(i / SIZE.width)));
          layer.maskBeyond = 1;
          const was = seen(document);
          assert.equal((await fill(client)).hole, "layer mask");
          assertFilled(document, was);
          leave();
        });

        test("a mask of greys becomes a selection and a layer mask, at 16 bits", async () => {
          await enter();
          const document = photoshop.open({ ...SIZE, bits: 16, paint: gradient });
          const greys = planeOf(new Uint8Array(400).fill(51), 20, 20, 1);
          const where = [40, 30, 20, 20];
          await modally("Test", (context) =>
            inFront(document, async () => {
              await select(document, greys, where, "replace");
              await maskLayer(context, document, document.layers[0], greys, where, "replace");
            }),
          );
          assert.ok(Math.abs(document.selectedAt(45, 35) - 0.2) < 1e-4);
          assert.ok(Math.abs(document.layers[0].mask[35 * SIZE.width + 45] - 0.2) < 1e-4);
          assert.equal(document.layers[0].maskBeyond, 0);
          leave();
        });

        test("variants are turned over and kept, pictures are shown, steps are recorded", async () => {
          await enter();
          const document = photoshop.open({ ...SIZE, paint: gradient });
          document.select(hole);
          const { inserted } = await fill(client, { count: 3 });
          await showVariant(inserted.variants, 2);
          assert.deepEqual(document.layers[0].layers.map(({ visible }) => visible), [false, false, true]);
          await keepVariant(inserted.variants, 2);
          assert.deepEqual(document.layers.map(({ name, id }) => [name, id === inserted.variants.layerIDs[2]]), [["Inpaint", true], ["Layer 1", false]]);
          assert.match(await pictureUrl({ width: 2, height: 1, channels: 4, depth: "u8", data: new Uint8Array(8) }), /^data:image\/(jpeg|png);base64,./);
          await record("inpaint", "Inpaint", {});
          leave();
        });
      });
});
