/** Packs build/ into inpaint-photoshop.ccx: a zip archive with manifest.json at its root. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { zip } from "./zip.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const build = process.argv[2] ?? `${root}build`;

const entries = await readdir(build, { recursive: true, withFileTypes: true });
const paths = entries
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`)
  .sort();
const files = await Promise.all(
  paths.map(async (path) => ({ name: relative(build, path).replaceAll("\\", "/"), data: await readFile(path) })),
);
const out = process.argv[3] ?? `${root}inpaint-photoshop.ccx`;
await writeFile(out, zip(files));
console.log(`${out}: ${files.map(({ name }) => name).join(", ")}`);
