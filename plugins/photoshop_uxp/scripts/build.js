/** Bundles the plug-in into build/, the folder that Adobe's UXP Developer Tool loads. */
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = process.argv[2] ?? `${root}build`;

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  entryPoints: [`${root}src/main.js`],
  outfile: `${out}/index.js`,
  bundle: true,
  format: "cjs", // Photoshop's `require` stays as it is
  target: "es2020",
  external: ["photoshop", "uxp", "fs", "os"],
  charset: "utf8",
  legalComments: "none",
});
for (const name of ["index.html", "panel.css", "icons"]) await cp(`${root}${name}`, `${out}/${name}`, { recursive: true });
const manifest = JSON.parse(await readFile(`${root}manifest.json`, "utf-8"));
await writeFile(`${out}/manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
