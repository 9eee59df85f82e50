/** A fake Photoshop with the plug-in's modules in it, connected to a real daemon. */
import manifest from "../manifest.json" with { type: "json" };
import { connect } from "../src/daemon/client.js";
import { parseConnection } from "../src/daemon/connection.js";
import { fill as inpaint } from "../src/inpaint.js";
import { Job } from "../src/job.js";
import { defaults } from "../src/settings.js";
import { FakePhotoshop } from "./fake/photoshop.js";
import { fakeStorage, fakeUxp, guardedWebSocket } from "./fake/uxp.js";
import { WebSocket } from "ws";

export { manifest };

/**
 * @param {{connection: () => Promise<string>}} daemon
 * @param {Record<string, string>} [readings] of what Adobe does not document; see fake/readings.js
 */
export function enterPhotoshop(daemon, readings = {}) {
  const photoshop = new FakePhotoshop(readings);
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
export const fill = (client, settings = {}, options = {}) =>
  press(inpaint, client, { preview: false, model: "noise", ...settings }, options);

/**
 * Press any button that works with the panel's settings.
 * @template T
 * @param {(job: Job, choices: any, surroundings: any) => Promise<T>} button
 * @param {import("../src/daemon/client.js").DaemonClient} client
 * @returns {Promise<T>}
 */
export function press(button, client, settings = {}, { watcher = {}, remember = () => {}, onBusy, connected, most, job = new Job() } = {}) {
  return button(job, { ...defaults(), source: "active", output: "layer", ...settings }, { connected: connected ?? (async () => client), watcher, remember, onBusy, ...(most ? { most } : {}) });
}
