import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { afterEach, beforeEach, describe, test } from "node:test";
import { WebSocketServer } from "ws";
import { connect } from "../src/daemon/client.js";
import { findConnection, parseConnection, pasteConnection, urlOf } from "../src/daemon/connection.js";
import { decode, encode } from "../src/wire/messages.js";
import { PROTOCOL_VERSION, REQUESTS } from "../src/wire/schema.js";
import { openZws } from "../src/wire/zws.js";
import { enterPhotoshop } from "./session.js";

const secret = "ab".repeat(32);
const hmac = (...parts) => parts.reduce((mac, part) => mac.update(part), createHmac("sha256", Buffer.from(secret, "hex"))).digest();

/** As much of a page as elements need. */
function fakeDocument() {
  const made = () => ({
    classList: { add() {}, remove() {} },
    textContent: "",
    setAttribute() {},
    addEventListener() {},
    appendChild() {},
  });
  return { createElement: made, createTextNode: made };
}

describe("a client that meets", () => {
  let server, connection, said;
  /** What the pretended daemon answers to each request. */
  let answer;

  beforeEach(async () => {
    enterPhotoshop(null);
    said = [];
    answer = () => [];
    server = new WebSocketServer({ port: 0, host: "localhost", handleProtocols: () => "ZWS2.0" });
    server.on("connection", (socket, request) => {
      said.push(request.url);
      socket.send(Buffer.of(0));
      socket.on("message", (data) => {
        if (data.length < 2) return;
        const message = decode([new Uint8Array(data).slice(1)], REQUESTS);
        said.push(message.type);
        for (const bytes of answer(message, socket)) socket.send(bytes);
      });
    });
    await once(server, "listening");
    connection = { websocket: `ws://localhost:${server.address().port}`, secret };
  });
  afterEach(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });

  const welcome = ({ request_id, nonce }, fields = {}) => {
    const proof = new Uint8Array(hmac("inpaintd hello", nonce));
    const message = { type: "welcome", request_id, daemon: "1.2.3", protocol: PROTOCOL_VERSION, proof, capabilities: [], ...fields };
    return [Buffer.concat([Buffer.of(0), encode(message)[0]])];
  };

  test("the daemon shows the token in the URL and checks the proof", async () => {
    answer = (message) => welcome(message);
    const client = await connect(connection);
    assert.equal(client.version, "1.2.3");
    assert.deepEqual(said, [`/?token=${hmac("inpaintd websocket token").toString("hex")}`, "hello"]);
    client.close();
  });

  test("a model is installed: its licence is asked for first, and how far it is is shown", async () => {
    const { ModelInstall } = await import("../src/panel/model_install.js");
    globalThis.document = fakeDocument();
    let installed = 0;
    answer = (message) => {
      if (message.type === "hello") return welcome(message);
      const said = (fields) => Buffer.concat([Buffer.of(0), encode({ request_id: message.request_id, ...fields })[0]]);
      if (!message.accept_licence) return [said({ type: "failed", code: "licence", message: "It has a licence.", hint: "Accept it." })];
      return [
        said({ type: "model_progress", model: "big", done_bytes: 1e9, total_bytes: 4e9, bytes_per_second: 2e6 }),
        said({ type: "model_done", model: "big", state: "installed" }),
      ];
    };
    const client = await connect(connection);
    const view = new ModelInstall(async () => client, () => installed++);
    const words = [];
    view.say = (sentences) => words.push(sentences.filter(Boolean).join(" "));
    view.set({ name: "big", title: "Big", installed: false, licence: "RAIL-M", commercial: "limited" });
    await view.press();
    assert.equal(view.button.textContent, "Accept and install");
    await view.press();
    assert.deepEqual(words, [
      "Big is not installed. Licence: RAIL-M. Its licence restricts selling its results.",
      "Installing Big…",
      "It has a licence.",
      "Installing Big…",
      "big: 1.0 GB of 4.0 GB, 2.0 MB/s",
      "Big is installed.",
    ]);
    assert.equal(installed, 1);
    client.close();
    delete globalThis.document;
  });

  test("data as a view of a buffer is read as well", async () => {
    const { bytesOf } = await import("../src/wire/zws.js");
    const view = new DataView(Uint8Array.of(9, 1, 2, 3).buffer, 1, 2);
    assert.deepEqual([...bytesOf(view)], [1, 2]);
    assert.deepEqual([...bytesOf(Uint8Array.of(7).buffer)], [7]);
    assert.equal(bytesOf("text"), null);
  });

  test("somebody without the secret tells nothing more", async () => {
    answer = (message) => welcome(message, { proof: new Uint8Array(32) });
    await assert.rejects(connect(connection), { code: "refused" });
    assert.equal(said.at(-1), "hello");
  });

  test("a newer daemon says which side to update", async () => {
    answer = (message) => welcome(message, { protocol: [2, 0] });
    await assert.rejects(connect(connection), { code: "wrong_version", hint: /Update the panel with: inpaintd install photoshop/ });
  });

  test("an older daemon says which side to update", async () => {
    answer = (message) => welcome(message, { protocol: [0, 9] });
    await assert.rejects(connect(connection), { code: "wrong_version", hint: /Update inpaintd\./ });
  });

  test("words that it does not know goes on", async () => {
    const song = Buffer.concat([Buffer.of(0), Buffer.from("82a474797065a4736f6e67aa726571756573745f6964a131", "hex")]);
    answer = (message) => [song, Buffer.of(2, 4), ...welcome(message)];
    (await connect(connection)).close();
  });

  for (const [what, bytes] of [
    ["an empty message", Buffer.alloc(0)],
    ["a text", "hello"],
    ["an unknown flag", Buffer.of(9, 1)],
  ])
    test(`${what} hangs up`, async () => {
      answer = () => [bytes];
      await assert.rejects(connect(connection), { code: "disconnected" });
    });

  test("silence gives up in time", async () => {
    await assert.rejects(openZws("ws://localhost:1/", 200), { code: "not_running" });
    answer = (message) => welcome(message);
    const client = await connect(connection);
    answer = () => [];
    await assert.rejects(client.follow({ type: "status", request_id: "1" }, {}, 100), { code: "timed_out" });
    client.close();
  });

  test("an address that the manifest does not allow says what to do", async () => {
    await assert.rejects(openZws("ws://127.0.0.1:47702/", 200), { code: "not_allowed", hint: /47701/ });
  });
});

describe("the connection file", () => {
  const good = JSON.stringify({ websocket: "ws://localhost:47701", secret, endpoint: "tcp://127.0.0.1:1", pid: 1 });

  test("is found in the home folder", async () => {
    enterPhotoshop({ connection: async () => good });
    assert.deepEqual(await findConnection(), { websocket: "ws://localhost:47701", secret });
    assert.match(urlOf(await findConnection()), /^ws:\/\/localhost:47701\/\?token=[0-9a-f]{64}$/);
  });

  test("that is not there means that no daemon runs; a pasted one is taken instead", async () => {
    enterPhotoshop({ connection: async () => Promise.reject(new Error("ENOENT")) });
    await assert.rejects(findConnection(), { code: "not_running" });
    await pasteConnection(`\n${good} `);
    assert.equal((await findConnection()).secret, secret);
  });

  test("without the door says how to open it", () => {
    const closed = JSON.stringify({ websocket: "", secret });
    assert.throws(() => parseConnection(closed), { code: "no_websocket" });
    assert.throws(() => parseConnection(JSON.stringify({ websocket: "ws://evil.example:1", secret })), { code: "no_websocket" });
    assert.throws(() => parseConnection("{}"), { code: "bad_connection" });
  });
});
