/** A real daemon for tests, in a process of its own, with the synthetic engines as models. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const MODELS = ["identity", "noise", "slow", "crash", "bug"];

/** @param {string[]} [options] of `inpaintd serve` */
export async function startDaemon(options = []) {
  const home = await mkdtemp(join(tmpdir(), "inpaint-photoshop-"));
  const tables = MODELS.map((name) => `[${name}]\ntitle = "${name === "slow" ? "Stand-in for a diffusion model" : name}"\nengine = "tests.synthetic_engines:${name}"\n`);
  await writeFile(join(home, "models.toml"), tables.join(""));
  const daemon = { home, process: null, log: "" };
  daemon.start = async () => {
    const python = process.env.INPAINT_PYTHON ?? "python3";
    const args = ["-m", "inpaintd", "serve", "--port", "0", "--websocket-port", "0", ...options];
    const env = { ...process.env, INPAINTD_HOME: home, PYTHONPATH: ROOT };
    daemon.process = spawn(python, args, { cwd: ROOT, env, stdio: ["ignore", "ignore", "pipe"] });
    daemon.process.stderr.on("data", (chunk) => (daemon.log += chunk));
    const { pid } = daemon.process;
    await eventually(async () => JSON.parse(await daemon.connection()).pid === pid, () => daemon.log);
  };
  daemon.connection = () => readFile(join(home, "connection.json"), "utf-8");
  daemon.kill = async (signal = "SIGTERM") => {
    if (daemon.process.exitCode !== null || daemon.process.signalCode !== null) return;
    const ended = new Promise((resolve) => daemon.process.once("exit", resolve));
    daemon.process.kill(signal);
    await ended;
  };
  daemon.stop = async () => {
    await daemon.kill();
    await rm(home, { recursive: true, force: true });
  };
  await daemon.start();
  return daemon;
}

/**
 * Waits until something holds; generous, because a busy machine is not a broken daemon.
 * @param {() => boolean | Promise<boolean>} holds errors count as no
 */
export async function eventually(holds, explain = () => "") {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      if (await holds()) return;
    } catch {
      // not yet
    }
    if (Date.now() > deadline) throw new Error(`it never came about: ${holds} ${explain()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
