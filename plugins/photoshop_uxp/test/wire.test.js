import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import * as oracle from "@msgpack/msgpack";
import { decode, encode } from "../src/wire/messages.js";
import { Float, pack, unpack } from "../src/wire/msgpack.js";
import { ANSWERS, REQUESTS } from "../src/wire/schema.js";
import { fromHex, hmacSha256, sha256, toHex } from "../src/wire/sha256.js";
import { decodeUtf8, encodeUtf8 } from "../src/wire/utf8.js";

const VECTORS = new URL("../../../protocol/vectors/", import.meta.url);
const names = readdirSync(VECTORS)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.replace(".json", ""));

const revived = (_key, value) => {
  if (value?.hex === undefined) return value;
  const { hex, ...rest } = value;
  const data = fromHex(hex);
  return "width" in value ? { ...rest, data } : data;
};

describe("the protocol's byte vectors", () => {
  test("are there", () => assert.ok(names.length > 20));
  for (const name of names) {
    const { message } = JSON.parse(readFileSync(new URL(`${name}.json`, VECTORS), "utf-8"), revived);
    const lines = readFileSync(new URL(`${name}.hex`, VECTORS), "utf-8").trimEnd().split("\n");
    test(`${name} decodes`, () => {
      assert.deepEqual(decode(lines.map(fromHex), { ...REQUESTS, ...ANSWERS }), message);
    });
    test(`${name} encodes`, () => assert.deepEqual(encode(message).map(toHex), lines));
  }
});

const TEXTS = ["", "a", "é", "漢字", "🙂", "a".repeat(31), "b".repeat(32), "c".repeat(300), "d".repeat(70_000), "\u0000", "\ud83d\ude42x"];
const NUMBERS = [0, 1, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -1, -32, -33, -128, -129, -32768, -32769, -(2 ** 31), 0.5, -1e300];

describe("MessagePack", () => {
  const values = [
    null,
    true,
    false,
    ...NUMBERS,
    ...TEXTS,
    new Uint8Array(0),
    new Uint8Array(300).fill(7),
    new Uint8Array(70_000),
    [],
    Array.from({ length: 20 }, (_, i) => i),
    Array.from({ length: 70_000 }, () => 0),
    {},
    Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key${i}`, [i, { nested: null }]])),
  ];
  test("is written as by @msgpack/msgpack", () => {
    for (const value of values) assert.equal(toHex(pack(value)), toHex(oracle.encode(value)));
  });
  test("is read as by @msgpack/msgpack", () => {
    for (const value of values) assert.deepEqual(unpack(oracle.encode(value)), value);
    assert.equal(unpack(oracle.encode(1.5, { forceFloat32: true })), 1.5);
    assert.equal(unpack(fromHex("d3ffffffffffffff85")), -123);
  });
  test("writes a whole number as a float where that is asked for", () => {
    assert.equal(toHex(pack(new Float(1))), "cb3ff0000000000000");
  });
  test("refuses what is cut short, goes on, nests, repeats a key or is an extension", () => {
    const whole = pack({ a: [1, "two", new Uint8Array(3)] });
    for (let length = 0; length < whole.length; length++) assert.throws(() => unpack(whole.slice(0, length)), RangeError);
    for (const bad of ["0000", "91".repeat(40) + "c0", "82a16100a16100", "d40100", "c1", "81a95f5f70726f746f5f5f00", "8100c0"])
      assert.throws(() => unpack(fromHex(bad)), RangeError, bad);
  });
});

test("UTF-8 is that of TextEncoder and TextDecoder", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (const text of [...TEXTS, "\ud800", "x\udfff", "\ufeffx"]) {
    assert.deepEqual(encodeUtf8(text), new TextEncoder().encode(text));
    assert.equal(decodeUtf8(new TextEncoder().encode(text)), strict.decode(new TextEncoder().encode(text)));
  }
  for (const bad of ["ff", "c0af", "e08080", "eda080", "f08080af", "f4908080", "c3", "80", "e28228"])
    assert.throws(() => decodeUtf8(fromHex(bad)), RangeError, bad);
});

test("SHA-256 and HMAC are those of OpenSSL", () => {
  for (let length = 0; length < 200; length++) {
    const message = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);
    const key = message.slice(0, length % 100);
    assert.equal(toHex(sha256(message)), createHash("sha256").update(message).digest("hex"));
    assert.equal(toHex(hmacSha256(key, message)), createHmac("sha256", key).update(message).digest("hex"));
  }
});

describe("an answer that is no answer", () => {
  const good = encode({ type: "planned", request_id: "1", rectangle: [0, 0, 1, 1] });
  test("is refused with a sentence", () => {
    for (const frames of [
      [new Uint8Array(0)],
      [pack([])],
      [pack({ type: "planned", request_id: "1" })],
      [pack({ type: "planned", request_id: "1", rectangle: [0, 0, 1] })],
      [pack({ type: "planned", request_id: "1", rectangle: [0, 0, 1, 1.5] })],
      [pack({ type: "preview", request_id: "1", variant: 0, offset: [0, 0], size: [1, 1], pixels: { width: 1, height: 1, channels: 4, depth: "u8", frame: 0 } })],
    ])
      assert.throws(() => decode(frames), { name: "InpaintError" });
  });
  test("of a newer daemon may say more", () => {
    const more = pack({ ...unpack(good[0]), mood: "good" });
    assert.deepEqual(decode([more]).rectangle, [0, 0, 1, 1]);
  });
});
