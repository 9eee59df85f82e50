import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";

const root = fileURLToPath(new URL("..", import.meta.url));

describe("the package", () => {
  let folder;
  const read = (name) => readFileSync(join(folder, name), "utf-8");
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "inpaint-package-"));
    execFileSync("node", [join(root, "scripts/build.js"), folder]);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("has a manifest that names files which are there", () => {
    const manifest = JSON.parse(read("manifest.json"));
    assert.equal(manifest.manifestVersion, 5);
    assert.ok(!Array.isArray(manifest.host));
    assert.match(manifest.version, /^\d+\.\d+\.\d+$/);
    const icons = [...manifest.icons, ...manifest.entrypoints.flatMap((entry) => entry.icons ?? [])];
    for (const { path, scale, width } of icons)
      for (const factor of scale) {
        const file = join(folder, factor === 1 ? path : path.replace(".png", `@${factor}x.png`));
        assert.ok(existsSync(file), file);
        assert.equal(readFileSync(file).readUInt32BE(16), width * factor);
      }
    assert.ok(existsSync(join(folder, manifest.main)));
    assert.deepEqual(manifest.requiredPermissions.network.domains, ["ws://localhost/", "ws://localhost:47701"]);
  });

  test("has the daemon's version", () => {
    const init = readFileSync(join(root, "../../daemon/inpaintd/__init__.py"), "utf-8");
    const version = /__version__ = "(\d+\.\d+\.\d+)/.exec(init)[1];
    assert.equal(JSON.parse(read("manifest.json")).version, version);
    assert.equal(JSON.parse(readFileSync(join(root, "package.json"), "utf-8")).version, version);
  });

  test("uses nothing that Photoshop's JavaScript or styles lack", () => {
    const script = read("index.js");
    const required = [...script.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(required)].sort(), ["fs", "os", "photoshop", "uxp"]);
    assert.doesNotMatch(script, /^\s*(import|export)\s/m);
    assert.doesNotMatch(script, /\?\?=|\|\|=|&&=|\.at\(|replaceAll|static \{|structuredClone/, "nothing younger than ES2020");
    assert.doesNotMatch(script.replace(/^ *(\*|\/\/|\/\*\*).*$/gm, ""), /TextEncoder\(|TextDecoder\(|crypto\.subtle|\bprocess\.|\bBuffer\./);
    assert.doesNotMatch(read("panel.css").replace(/\/\*.*?\*\//gs, ""), /grid|\bgap:|float|transition|object-fit|\bfont:/);
    assert.doesNotMatch(read("index.html"), /type="module"|<label/);
  });
});
