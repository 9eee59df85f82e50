/** Checks in the scratch document: 64 x 48 pixels, 8 bits, one white Background. They run in order, in a modal scope. */
import { addMask } from "../host/mask.js";
import { readNote, writeNote } from "../host/notes.js";
import { layerById } from "../host/canvas.js";
import { play } from "../host/play.js";

/** @typedef {import("./run.js").Check} Check */

const SRGB = { colorSpace: "RGB", colorProfile: "sRGB IEC61966-2.1" };
const GREY = { colorSpace: "Grayscale", colorProfile: "Gray Gamma 2.2" };
const PART = { left: 8, top: 4, right: 24, bottom: 12 };
const ALL = { left: 0, top: 0, right: 64, bottom: 48 };

/** @param {any} bounds */
const told = ({ left, top, right, bottom }) => [left, top, right, bottom].join(",");
const imaging = () => /** @type {any} */ (require("photoshop").imaging);

/**
 * @param {any} samples
 * @param {any} options
 * @param {(imageData: any) => Promise<any>} use
 */
async function withImage(samples, options, use) {
  const imageData = await imaging().createImageDataFromBuffer(samples, { width: 16, height: 8, chunky: true, ...options });
  try {
    return await use(imageData);
  } finally {
    imageData.dispose();
  }
}

/** @param {Promise<any>} call */
async function read(call) {
  const { imageData, sourceBounds } = await call;
  try {
    return { samples: await imageData.getData({ fullRange: true }), bounds: told(sourceBounds), components: imageData.components, bits: imageData.componentSize };
  } finally {
    imageData.dispose();
  }
}

/**
 * @param {any} document
 * @param {any} Samples the kind of array
 * @param {number} value
 */
const putGreys = (document, Samples, value) =>
  withImage(new Samples(128).fill(value), { components: 1, fullRange: true, ...GREY }, (imageData) =>
    imaging().putSelection({ documentID: document.id, imageData, replace: true, targetBounds: PART }),
  );

/** @type {Check[]} */
export const CHECKS = [
  { call: "document.selection.bounds of nothing", expected: "null", run: ({ document }) => document.selection.bounds },
  {
    call: "getPixels of the composite: bounds, components, bits",
    expected: "0,0,64,48 3 8",
    run: async ({ document }) => {
      const { bounds, components, bits } = await read(imaging().getPixels({ documentID: document.id, sourceBounds: ALL, ...SRGB, componentSize: 8 }));
      return `${bounds} ${components} ${bits}`;
    },
  },
  {
    call: "createPixelLayer, putPixels, getPixels: bounds, components, first pixel",
    expected: "8,4,24,12 4 10,20,30,255",
    run: async (scratch) => {
      const { document } = scratch;
      const layer = await document.createPixelLayer({ name: "First" });
      scratch.layer = layer.id;
      const pixels = Uint8Array.from({ length: 16 * 8 * 4 }, (_, i) => [10, 20, 30, 255][i % 4]);
      await withImage(pixels, { components: 4, ...SRGB }, (imageData) =>
        imaging().putPixels({ documentID: document.id, layerID: layer.id, imageData, replace: true, targetBounds: PART }),
      );
      const { bounds, components, samples } = await read(
        imaging().getPixels({ documentID: document.id, layerID: layer.id, sourceBounds: ALL, ...SRGB, componentSize: 8 }),
      );
      return `${bounds} ${components} ${Array.from(samples.slice(0, 4)).join(",")}`;
    },
  },
  {
    call: "getLayerMask of a layer without one",
    expected: "an error",
    run: async ({ document }) => {
      const layer = document.activeLayers[0];
      return read(imaging().getLayerMask({ documentID: document.id, layerID: layer.id, kind: "user", sourceBounds: ALL })).then(
        ({ bounds }) => bounds,
        () => "an error",
      );
    },
  },
  {
    call: "make mask (hide all), putLayerMask (replace: false, 8 bits), getLayerMask: bounds, first, last",
    expected: "8,4,24,12 255 255",
    run: async ({ document }) => {
      const layer = document.activeLayers[0];
      await addMask(layer, "hideAll");
      await withImage(new Uint8Array(128).fill(255), { components: 1, ...GREY }, (imageData) =>
        imaging().putLayerMask({ documentID: document.id, layerID: layer.id, kind: "user", imageData, replace: false, targetBounds: PART }),
      );
      const { bounds, samples } = await read(imaging().getLayerMask({ documentID: document.id, layerID: layer.id, kind: "user", sourceBounds: ALL }));
      return `${bounds} ${samples[0]} ${samples[samples.length - 1]}`;
    },
  },
  {
    call: "putSelection keeps greys, getSelection: bounds, first",
    expected: "8,4,24,12 100",
    run: async ({ document }) => {
      await putGreys(document, Uint8Array, 100);
      const { bounds, samples } = await read(imaging().getSelection({ documentID: document.id, sourceBounds: ALL }));
      return `${bounds} ${samples[0]}`;
    },
  },
  {
    call: "selection.save makes one channel, deselect leaves nothing selected",
    expected: "1 null",
    run: async ({ document }) => {
      const before = document.channels.length;
      await document.selection.save("Object");
      const made = document.channels.length - before;
      await document.selection.deselect();
      return `${made} ${document.selection.bounds}`;
    },
  },
  {
    call: "generatorSettings are kept on a layer",
    expected: "7",
    run: async ({ document }) => {
      const { id } = document.activeLayers[0];
      const kept = await writeNote(document.id, id, { version: 1, source: null, settings: {}, seed: 7, model: "" });
      return kept ? (await readNote(document.id, id))?.seed : "not kept";
    },
  },
  {
    call: "batchPlay of an unavailable command",
    expected: "reported in the result",
    run: async () => {
      const target = [{ _ref: "layer", _id: 999_999 }];
      const results = await require("photoshop").action.batchPlay([{ _obj: "select", _target: target }], {});
      return results[0]?._obj === "error" ? "reported in the result" : `told as ${results[0]?._obj}`;
    },
  },
  {
    call: "get artboard of a layer that is none",
    expected: "none",
    run: async ({ document }) => {
      const target = [{ _property: "artboard" }, { _ref: "layer", _id: document.activeLayers[0].id }, { _ref: "document", _id: document.id }];
      const [result] = await play([{ _obj: "get", _target: target }]);
      return result.artboard ? "one" : "none";
    },
  },
  {
    call: "a second document in front: createPixelLayer of the first lands",
    expected: "in the document in front",
    run: async ({ document }) => {
      const { app } = require("photoshop");
      const other = await app.createDocument(/** @type {any} */ ({ width: 16, height: 16, resolution: 72, mode: "RGBColorMode", fill: "white" }));
      try {
        const count = document.layers.length;
        await document.createPixelLayer({ name: "Where?" });
        return document.layers.length > count ? "in its own document" : "in the document in front";
      } finally {
        await other?.closeWithoutSaving();
        app.activeDocument = document;
      }
    },
  },
  {
    call: "createLayerGroup and move keep the order",
    expected: "Group > A, B",
    run: async ({ document }) => {
      const { constants } = require("photoshop");
      const below = await document.createPixelLayer({ name: "B" });
      const above = await document.createPixelLayer({ name: "A" });
      await above.move(below, constants.ElementPlacement.PLACEBEFORE);
      const group = await document.createLayerGroup({ name: "Group", fromLayers: [above, below] });
      const names = [...group.layers].map(({ name }) => name).join(", ");
      return `${layerById(document.layers, group.id)?.name} > ${names}`;
    },
  },
  {
    call: "16 bits: getPixels, fullRange, of white",
    expected: "16 65535",
    run: async ({ document }) => {
      document.bitsPerChannel = "bitDepth16";
      const white = { left: 40, top: 40, right: 48, bottom: 44 };
      const { bits, samples } = await read(imaging().getPixels({ documentID: document.id, sourceBounds: white, ...SRGB, componentSize: 16 }));
      return `${bits} ${samples[0]}`;
    },
  },
  { call: "16 bits: putSelection of 8-bit greys", expected: "taken", run: ({ document }) => putGreys(document, Uint8Array, 100).then(() => "taken") },
  { call: "16 bits: putSelection of 16-bit greys", expected: "taken", run: ({ document }) => putGreys(document, Uint16Array, 25_700).then(() => "taken") },
];
