import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { parseConnection, proves, urlOf } from "../src/daemon/connection.js";
import { decode, encode } from "../src/wire/messages.js";
import { WebSocket } from "ws";
import { startDaemon } from "./daemon.js";
import { guardedWebSocket } from "./fake/uxp.js";
import { connectTo, enterPhotoshop, manifest } from "./session.js";

const { Dealer } = createRequire(import.meta.url)("jszmq");

describe("jszmq, a ZWS 2.0 that nobody here wrote", () => {
  let daemon, dealer, answers, connection;
  before(async () => {
    daemon = await startDaemon();
    connection = parseConnection(await daemon.connection());
    dealer = new Dealer();
    answers = [];
    dealer.on("message", (...frames) => {
      answers.push(decode(frames.map((frame) => new Uint8Array(frame))));
      arrived();
    });
    dealer.connect(urlOf(connection));
  });
  after(async () => {
    dealer.close();
    await daemon.stop();
  });

  let arrived = () => {};
  async function last(request) {
    answers.length = 0;
    dealer.send(encode(request).map((frame) => Buffer.from(frame)));
    const passing = ["accepted", "progress", "preview"];
    while (!answers.some(({ type }) => !passing.includes(type))) await new Promise((resolve) => (arrived = resolve));
    return answers.at(-1);
  }

  test("says hello", async () => {
    const nonce = new Uint8Array(32).fill(5);
    const welcome = await last({ type: "hello", request_id: "1", client: "jszmq", nonce });
    assert.ok(proves(connection, nonce, welcome.proof));
  });

  test("has a hole filled", async () => {
    const [width, height] = [600, 400];
    const data = new Uint8Array(width * height * 4).fill(255);
    for (let i = 0; i < data.length; i += 4) data[i] = (i / 4) % width % 256;
    const mask = new Uint8Array(width * height);
    for (let y = 100; y < 150; y++) mask.fill(255, y * width + 100, y * width + 160);
    const finished = await last({
      type: "inpaint",
      request_id: "2",
      layer: { width, height, channels: 4, depth: "u8", data },
      mask: { width, height, channels: 1, depth: "u8", data: mask },
      settings: { model: "identity" },
      offset: [0, 0],
    });
    assert.equal(finished.type, "finished");
    const [{ pixels, offset }] = finished.layers;
    const at = ((120 - offset[1]) * pixels.width + 130 - offset[0]) * 4;
    assert.deepEqual([...pixels.data.slice(at, at + 4)], [130, 255, 255, 255]);
  });
});

// Nothing is documented of the Origin that Photoshop sends (uxp-api/reference-js/global-members/data-transfers/web-socket).
describe("a daemon that Photoshop meets with the Origin", () => {
  let daemon;
  before(async () => {
    daemon = await startDaemon();
  });
  after(() => daemon.stop());

  for (const origin of [undefined, "null", "file://", "plugin://org.inpaintd.photoshop", "http://localhost:PORT"])
    test(`${origin}: lets it in`, async () => {
      enterPhotoshop(daemon);
      globalThis.WebSocket = guardedWebSocket(WebSocket, manifest, origin);
      (await connectTo(daemon)).close();
    });

  for (const origin of ["http://localhost", "https://evil.example"])
    test(`${origin}: does not`, async () => {
      enterPhotoshop(daemon);
      globalThis.WebSocket = guardedWebSocket(WebSocket, manifest, origin);
      await assert.rejects(connectTo(daemon), { code: "not_running" });
    });
});
