/**
 * The Photoshop plug-in in Node, on a canvas of 12 megapixels with a hole of 384 x 384, which needs
 * a crop of 768 x 768. Each line on stdin is a press of the button; its answer is a line of
 * milliseconds, from the press to the end of putPixels, without the engine's own time.
 */
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { connect } from "../plugins/photoshop_uxp/src/daemon/client.js";
import { parseConnection } from "../plugins/photoshop_uxp/src/daemon/connection.js";
import { enterPhotoshop, fill } from "../plugins/photoshop_uxp/test/session.js";

const [file, model] = process.argv.slice(2);
const [WIDTH, HEIGHT, HOLE] = [4000, 3000, { left: 1800, top: 1300, right: 2184, bottom: 1684 }];

const { photoshop } = enterPhotoshop(null);
const document = photoshop.open({ width: 8, height: 8, paint: () => [1, 1, 1, 1] });
Object.assign(document, { width: WIDTH, height: HEIGHT, selectionBounds: HOLE, snapshot: () => ({}) });
const [layer] = document.layers;
Object.defineProperty(layer, "boundsNoEffects", { value: { left: 0, top: 0, right: WIDTH, bottom: HEIGHT } });
document.createPixelLayer = async () => ({ id: 999, move() {} });

// Photoshop's own time to copy pixels is not the plug-in's: these cost next to nothing.
const pixels = new Map();
function imageData(width, height, components) {
  const size = width * height * components;
  if (!pixels.has(size)) pixels.set(size, new Uint8Array(size).map((_, i) => (components === 1 ? 255 : (i * 31) & 255)));
  return { width, height, components, componentSize: 8, getData: async () => pixels.get(size), dispose() {} };
}
let written = 0;
Object.assign(photoshop.imaging, {
  getPixels: async ({ sourceBounds: b }) => ({ imageData: imageData(b.right - b.left, b.bottom - b.top, 4), sourceBounds: b }),
  getSelection: async () => ({ imageData: imageData(384, 384, 1), sourceBounds: HOLE }),
  createImageDataFromBuffer: async (array) => ((written = array.length), { dispose() {} }),
  putPixels: async () => {},
});

const client = await connect(parseConnection(await readFile(file, "utf-8")));
for await (const _ of createInterface({ input: process.stdin })) {
  const started = performance.now();
  const { finished } = await fill(client, { model });
  const elapsed = performance.now() - started;
  if (written < 384 * 384 * 4) throw new Error("the fill was not written");
  console.log(elapsed - 1000 * finished.engine_seconds);
}
client.close();
