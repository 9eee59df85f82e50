import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeLight, encodeLight, padded, planeOf, resizedMask, samplesOf, toDepth } from "../src/planes.js";
import { png } from "../src/panel/png.js";
import { progressWords } from "../src/panel/words.js";
import { beyond } from "../src/host/read.js";
import { layerName } from "../src/host/write.js";
import { ALL_SHOWN, cleaned, defaults, fieldOf, isHonoured, made, remembered } from "../src/settings.js";
import { fillSettings } from "../src/textmask.js";
import { RECORDS } from "../src/wire/schema.js";
import { inflateSync } from "node:zlib";

describe("settings", () => {
  test("start unset, but for what is the panel's own, and nothing is sent for what is unset", () => {
    assert.deepEqual(made(defaults()), { text_mask_combine: "replace", invert: false, preview: true, output: "masked" });
    assert.deepEqual(fillSettings(defaults(), false).settings, { preview: true, output: "masked" });
  });

  test("are sent when they are set, also to what they would be anyway", () => {
    const set = { steps: 30, strength: 1, infill: "original", output: "layer", preview: false };
    assert.deepEqual(fillSettings({ ...defaults(), ...set }, false).settings, set);
  });

  test("of the protocol are all shown, but for those that are left to large dialogs", () => {
    const expected = RECORDS.Settings.fields.filter(({ dialog_only }) => !dialog_only).map(({ name }) => name);
    assert.deepEqual(expected.filter((name) => !ALL_SHOWN.includes(name)), []);
    assert.deepEqual(ALL_SHOWN.filter((name) => fieldOf(name).dialog_only), []);
  });

  test("of the engine are honoured by the models that say so; an empty list is none", () => {
    assert.deepEqual(["prompt", "grow_pixels"].map((name) => isHonoured(name, { honours: [] })), [false, true]);
    assert.equal(isHonoured("prompt", { honours: ["prompt"] }), true);
  });

  test("are brought into range, and nonsense is not set", () => {
    assert.equal(cleaned("steps", "12.6"), 13);
    assert.equal(cleaned("steps", -5), 1);
    assert.equal(cleaned("strength", "0,25"), 0.25);
    assert.equal(cleaned("steps", "many"), null);
    assert.equal(cleaned("seed", ""), null);
    assert.equal(cleaned("seed", 2 ** 40), 2 ** 32 - 1);
    assert.equal(cleaned("infill", "magic"), null);
    assert.equal(cleaned("prompt", "x".repeat(99_999)).length, 16_000);
    assert.equal(cleaned("grow_pixels", "-4"), -4);
    assert.equal(cleaned("text_mask_threshold", 0), 0);
    assert.equal(cleaned("text_mask_threshold", "x"), null);
    assert.equal(cleaned("text_mask_combine", "union"), "replace");
  });

  test("of another version are taken as far as they make sense", () => {
    for (const stored of [null, 7, "x", [], { steps: {}, gone: 1 }]) assert.deepEqual(remembered(stored), defaults());
    assert.equal(remembered({ steps: 20, old: true }).steps, 20);
  });
});

describe("what Photoshop has trimmed from a mask is", () => {
  const canvas = [0, 0, 9, 9];
  const disc = (inside, outside) => Uint8Array.from({ length: 25 }, (_, i) => (Math.hypot((i % 5) - 2, Math.floor(i / 5) - 2) < 2.3 ? inside : outside));
  for (const [what, samples, expected] of [
    ["seen round a hidden rectangle", new Uint8Array(25), 255],
    ["hidden round a seen rectangle", new Uint8Array(25).fill(255), 0],
    ["hidden round faint greys", new Uint8Array(25).fill(3), 0],
    ["seen round a hidden disc", disc(0, 255), 255],
    ["hidden round a seen disc", disc(255, 0), 0],
  ])
    test(what, () => {
      if (what.endsWith("disc")) assert.ok(samples.some((value) => value !== samples[12]));
      assert.equal(beyond(samples, [2, 2, 5, 5], canvas), expected);
    });
});

describe("planes", () => {
  test("depths convert there and back", () => {
    const eight = Uint8Array.from({ length: 256 }, (_, i) => i);
    for (const depth of ["u16", "f32"]) assert.deepEqual(toDepth(toDepth(eight, depth), "u8"), eight);
    const sixteen = Uint16Array.from({ length: 65536 }, (_, i) => i);
    assert.deepEqual(toDepth(toDepth(sixteen, "f32"), "u16"), sixteen);
    assert.deepEqual([...toDepth(Float32Array.of(-1, 2, 0.5), "u8")], [0, 255, 128]);
  });

  test("light is encoded and decoded, below black and above white too, and alpha is left alone", () => {
    const values = Float32Array.of(0, 0.001, 0.18, 0.7, 1, 4, -0.2, 0.7);
    const copy = values.slice();
    encodeLight(copy, 4);
    assert.ok(Math.abs(copy[2] - 0.4613561) < 1e-5);
    assert.equal(copy[3], values[3]);
    decodeLight(copy, 4);
    copy.forEach((value, i) => assert.ok(Math.abs(value - values[i]) < 1e-5));
  });

  test("a part is laid into its place, whatever sticks out of it", () => {
    const part = Uint8Array.from([1, 2, 3, 4]);
    assert.deepEqual([...padded(part, [1, 1, 2, 2], [0, 0, 3, 3], 1, 9)], [9, 9, 9, 9, 1, 2, 9, 3, 4]);
    assert.deepEqual([...padded(part, [-1, -1, 2, 2], [0, 0, 2, 2], 1, 0)], [4, 0, 0, 0]);
    assert.deepEqual([...padded(part, [5, 5, 2, 2], [0, 0, 2, 1], 1, 0)], [0, 0]);
    assert.equal(padded(part, [0, 0, 2, 2], [0, 0, 2, 2], 1, 0), part);
  });

  test("a mask is resized in its place, with its greys or without any", () => {
    const small = planeOf(Uint8Array.of(0, 255, 0, 255), 2, 2, 1);
    assert.deepEqual([...samplesOf(resizedMask(small, 4, 2, true))], [0, 0, 255, 255, 0, 0, 255, 255]);
    assert.deepEqual([...samplesOf(resizedMask(small, 4, 1, false))], [0, 64, 191, 255]);
    assert.equal(resizedMask(small, 2, 2, false), small);
  });

  test("samples at an odd position in a message can be read", () => {
    const message = Uint8Array.from([0, 1, 2, 3, 4]);
    const plane = { width: 2, height: 1, channels: 1, depth: "u16", data: message.subarray(1) };
    assert.deepEqual([...samplesOf(plane)], [0x0201, 0x0403]);
  });
});

test("a PNG holds the picture", () => {
  for (const channels of [1, 3, 4]) {
    const [width, height] = [300, 90];
    const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 7) % 256);
    const bytes = Buffer.from(png({ width, height, channels, depth: "u8", data }));
    const start = bytes.indexOf("IDAT");
    const rows = inflateSync(bytes.subarray(start + 4, start + 4 + bytes.readUInt32BE(start - 4)));
    for (let y = 0; y < height; y++) {
      const row = rows.subarray(y * (width * channels + 1), (y + 1) * (width * channels + 1));
      assert.equal(row[0], 0);
      assert.deepEqual([...row.subarray(1)], [...data.subarray(y * width * channels, (y + 1) * width * channels)]);
    }
  }
});

test("progress in words", () => {
  const at = (fields, variants = 1) =>
    progressWords({ phase: "denoising", step: 3, steps: 30, variant: 0, position: 0, remaining_seconds: null, ...fields }, variants);
  assert.equal(at({}), "Step 3 of 30");
  assert.equal(at({ variant: 1, remaining_seconds: 12.3 }, 4), "Step 3 of 30, variant 2 of 4, 12 s left");
  assert.equal(at({ phase: "waiting", position: 2 }), "Waiting, place 2 in the queue");
  assert.equal(at({ phase: "something new", steps: 0, remaining_seconds: 200 }), "Working, 3 min left");
});

test("layers are named by the prompt, on one line and not too long", () => {
  assert.equal(layerName(" \n"), "Inpaint");
  assert.equal(layerName("a\n b"), "Inpaint: a b");
  assert.equal([...layerName("🙂".repeat(99))].length, "Inpaint: ".length + 40);
});
