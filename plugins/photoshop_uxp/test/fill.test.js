import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { startDaemon } from "./daemon.js";
import { connectTo, enterPhotoshop, fill } from "./session.js";

const SIZE = { width: 200, height: 160 };
const gradient = (x, y) => [((x + 300) % 256) / 255, ((y * 3 + 300) % 256) / 255, ((x + y + 400) % 256) / 255, 1];
const box = (left, top, right, bottom) => (x, y) => (x >= left && x < right && y >= top && y < bottom ? 1 : 0);
const hole = box(80, 60, 110, 90);

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
});
