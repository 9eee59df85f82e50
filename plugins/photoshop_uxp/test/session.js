/** A fake Photoshop with the plug-in's modules in it, connected to a real daemon. */
import manifest from "../manifest.json" with { type: "json" };
import { connect } from "../src/daemon/client.js";
import { parseConnection } from "../src/daemon/connection.js";
import { Fill } from "../src/inpaint.js";
import { defaults } from "../src/settings.js";
import { FakePhotoshop } from "./fake/photoshop.js";
import { fakeStorage, fakeUxp, guardedWebSocket } from "./fake/uxp.js";
import { WebSocket } from "ws";

export { manifest };

/** @param {{connection: () => Promise<string>}} daemon */
export function enterPhotoshop(daemon) {
  const photoshop = new FakePhotoshop();
  const { state, modules } = fakeUxp({ connection: daemon?.connection, manifest });
  globalThis.require = (name) => (name === "photoshop" ? photoshop.module : modules[name]);
  globalThis.WebSocket = guardedWebSocket(WebSocket, manifest);
  globalThis.localStorage = fakeStorage();
  return { photoshop, uxp: state };
}

export const connectTo = async (daemon) => connect(parseConnection(await daemon.connection()));

/**
 * Press the button: run a fill to its end.
 * @param {import("../src/daemon/client.js").DaemonClient} client
 */
export async function fill(client, settings = {}, { watcher = {}, remember = () => {}, connected, run = new Fill() } = {}) {
  const all = { ...defaults(), preview: false, model: "noise", ...settings };
  return run.run(all, { connected: connected ?? (async () => client), watcher, remember });
}
