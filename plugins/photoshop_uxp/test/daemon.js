/** A real daemon for tests, in a process of its own, with the synthetic engines as models. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const MODELS = ["identity", "noise", "brisk", "slow", "reference", "crash", "bug"];

/** For the guide's pictures. */
const TITLES = { slow: "Stand-in for a diffusion model", reference: "Stand-in that takes references" };

const PYTHON = process.env.INPAINT_PYTHON ?? "python3";

/** Why words cannot be looked for here; false when they can. */
export const noWords =
  spawnSync(PYTHON, ["-c", "import sys; from importlib.util import find_spec; sys.exit(not (find_spec('torch') and find_spec('transformers')))"]).status !== 0 && "the extra `diffusion` is not installed";

/**
 * @param {string[]} names by which the model knows red, green and blue
 * @returns {string} its folder
 */
function clipseg(names) {
  const env = { ...process.env, PYTHONPATH: ROOT, HF_HUB_OFFLINE: "1" };
  return execFileSync(PYTHON, ["-m", "tests.textmask.clipseg", ...names], { cwd: ROOT, env, encoding: "utf-8" }).trim();
}

const HUB = `
import pathlib, sys
from tests.models import hollow
from tests.models.hub import hub_with
from tests.models.tiny import FILES, WEIGHTS
folder = pathlib.Path(sys.argv[1])
for name, text in FILES.items():
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
for number, name in enumerate(WEIGHTS, start=1):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    hollow.write(folder / name, {"weight": (number * 1000,)})
with hub_with(folder) as hub:
    hub.gated = sys.argv[2]
    print(hub.endpoint, flush=True)
    sys.stdin.read()
`;

/**
 * A small hub on this machine with one model, for `startDaemon({ hub })`.
 * @param {string} [gated] the token that alone opens it
 */
export async function startHub(gated = "") {
  const folder = await mkdtemp(join(tmpdir(), "inpaint-hub-"));
  const server = spawn(PYTHON, ["-c", HUB, folder, gated], { cwd: ROOT, env: { ...process.env, PYTHONPATH: ROOT }, stdio: ["pipe", "pipe", "inherit"] });
  const endpoint = await new Promise((resolve) => server.stdout.once("data", (chunk) => resolve(String(chunk).trim())));
  const stop = async () => {
    server.stdin.end();
    await new Promise((resolve) => server.once("exit", resolve));
    await rm(folder, { recursive: true, force: true });
  };
  return { endpoint, stop };
}

/**
 * @param {string[]} [options] of `inpaintd serve`
 * @param {{finds?: boolean | string[], card?: string, hub?: string}} [also] whether stand-ins find colours by their names and objects, or
 * CLIPSeg itself by its words for red, green and blue; and a graphics card as NVIDIA's tool tells of it, which torch cannot use; and
 * the address of a hub, which has the model `tiny`
 */
export async function startDaemon(options = [], { finds = false, card, hub } = {}) {
  const home = await mkdtemp(join(tmpdir(), "inpaint-photoshop-"));
  const tables = MODELS.map((name) => `[${name}]\ntitle = "${TITLES[name] ?? name}"\nengine = "tests.synthetic_engines:${name}"\nhonours = ["prompt", "seed", "steps", "infill"${name === "reference" ? ', "references"' : ""}]\n${name === "slow" ? "defaults = { steps = 50 }\n" : ""}`);
  if (Array.isArray(finds)) {
    const folder = clipseg(finds);
    tables.push(`[clipseg]\nsource = "${folder}"\n`);
    tables.push(`["sam-2.1"]\nsource = "${folder}"\nengine = "tests.synthetic_engines:OutlineFinder"\n`);
  } else if (finds) {
    const folder = join(home, "finder");
    await mkdir(folder);
    tables.push(`[clipseg]\nsource = "${folder}"\nengine = "tests.synthetic_engines:ColourFinder"\n`);
    tables.push(`["sam-2.1"]\nsource = "${folder}"\nengine = "tests.synthetic_engines:BoxFinder"\n`);
  }
  if (hub) tables.push('[tiny]\ntitle = "Tiny"\nengine = "diffusion"\nsource = "tiny/model"\nlicence = "MIT"\ncommercial = "yes"\n');
  await writeFile(join(home, "models.toml"), tables.join(""));
  if (card) {
    await writeFile(join(home, "nvidia-smi"), `#!/bin/sh\necho "${card}"\n`, { mode: 0o755 });
  }
  const daemon = { home, process: null, log: "" };
  daemon.start = async () => {
    const args = ["-m", "inpaintd", "serve", "--port", "0", "--websocket-port", "0", ...options];
    const env = { ...process.env, INPAINTD_HOME: home, PYTHONPATH: ROOT };
    if (hub) Object.assign(env, { HF_ENDPOINT: hub, HF_HOME: join(home, "hub"), HF_TOKEN: "", NO_PROXY: "127.0.0.1", HF_HUB_OFFLINE: "0" });
    if (card) env.PATH = `${home}${delimiter}${env.PATH}`;
    daemon.process = spawn(PYTHON, args, { cwd: ROOT, env, stdio: ["ignore", "ignore", "pipe"] });
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
