/** The fake's imaging API (ps-reference/media/imaging), as strict as its page. */
import { HostError } from "./error.js";
import { boundsOf, MARGIN } from "./layer.js";
import { stored } from "./modes.js";

/** A grey pixel. */
const TINY_JPEG =
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCAABAAEDASIAAhEBAxEB/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMRAD8AAA//2Q==";

const ARRAYS = { 8: Uint8Array, 16: Uint16Array, 32: Float32Array };

export class FakeImaging {
  constructor(host) {
    this.host = host;
    this.alive = 0; // image data that nobody has disposed of
    this.made = 0;
    this.hiccups = 0; // that many calls of getPixels fail with -1
    this.underTransparency = null; // the colour that getPixels finds there; it means nothing
    this.aliveBytes = 0; // of JavaScript's copies, until they are disposed of
    this.peakBytes = 0;
    this.puts = [];
  }

  #document(documentID) {
    const document = this.host.documents.find(({ id }) => id === documentID);
    if (!document) throw new HostError("the document does not exist");
    return document;
  }

  #layer(document, layerID) {
    const layer = document.allLayers().find(({ id }) => id === layerID);
    if (!layer) throw new HostError("the layer does not exist");
    return layer;
  }

  async getPixels({ documentID, layerID, sourceBounds, colorSpace, colorProfile, componentSize, applyAlpha, targetSize }) {
    this.host.requireModal("getPixels");
    if (this.hiccups > 0) {
      this.hiccups--;
      throw new HostError("unknown error", -1);
    }
    if (targetSize) {
      const whole = await this.getPixels({ documentID, layerID, sourceBounds, colorSpace, colorProfile, componentSize, applyAlpha });
      return this.#scaled(whole, targetSize);
    }
    const document = this.#document(documentID);
    if (layerID === undefined) return this.#composite(document, integers(sourceBounds), componentSize);
    const layer = this.#layer(document, layerID);
    if (layer.kind !== "pixel") throw new HostError("the layer has no pixels");
    if (colorSpace !== "RGB" || colorProfile !== "sRGB IEC61966-2.1") throw new HostError("the test reads sRGB only");
    if (componentSize !== document.bits && componentSize !== -1)
      throw new HostError(`componentSize ${componentSize} in a document of ${document.bits} bits`);
    const wanted = integers(sourceBounds);
    const b = layer.boundsNoEffects;
    const bounds = {
      left: Math.max(wanted.left, b.left),
      top: Math.max(wanted.top, b.top),
      right: Math.min(wanted.right, b.right),
      bottom: Math.min(wanted.bottom, b.bottom),
    };
    if (bounds.right <= bounds.left || bounds.bottom <= bounds.top) throw new HostError("the area is empty");
    const opaque = layer.background || layer.transparentPixelsLocked || applyAlpha;
    const components = opaque ? 3 : 4;
    const [width, height] = [bounds.right - bounds.left, bounds.bottom - bounds.top];
    const values = new Float64Array(width * height * components);
    let to = 0;
    for (let y = bounds.top; y < bounds.bottom; y++)
      for (let x = bounds.left; x < bounds.right; x++) {
        const [r, g, bl, alpha] = layer.at(x, y);
        const scrambled = alpha === 0 && !opaque;
        const chance = this.underTransparency ?? [((x * 7 + y * 13) % 11) / 11, ((x * 5 + y * 3) % 7) / 7, ((x + y) % 5) / 5];
        [r, g, bl].forEach((value, i) => (values[to++] = scrambled ? chance[i] : value));
        if (components === 4) values[to++] = alpha;
      }
    return { imageData: this.#make(values, width, height, components, document.bits), sourceBounds: bounds, level: 0 };
  }

  /**
   * "The returned sourceBounds are relative to the bounds of the source cache level": half the size for each level.
   */
  #scaled({ imageData, sourceBounds }, { width, height }) {
    const level = Math.max(0, Math.floor(Math.log2(imageData.width / width)));
    const values = new Float64Array(width * height * imageData.components);
    let to = 0;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const row = Math.floor(((y + 0.5) * imageData.height) / height);
        const column = Math.floor(((x + 0.5) * imageData.width) / width);
        for (let c = 0; c < imageData.components; c++) values[to++] = imageData.values()[(row * imageData.width + column) * imageData.components + c];
      }
    const bounds = Object.fromEntries(Object.entries(sourceBounds).map(([side, at]) => [side, Math.round(at / 2 ** level)]));
    const scaled = this.#make(values, width, height, imageData.components, imageData.componentSize);
    imageData.dispose();
    return { imageData: scaled, sourceBounds: bounds, level };
  }

  /** The document as it is seen. Its origin is (0, 0): nothing beyond the canvas can be asked for. */
  #composite(document, wanted, componentSize) {
    if (componentSize !== document.bits && componentSize !== -1) throw new HostError("a composite of another depth");
    const { width, height } = document;
    if (wanted.left < 0 || wanted.top < 0 || wanted.right > width || wanted.bottom > height)
      throw new HostError("the composite ends at the canvas");
    const opaque = document.layers.some(({ background, visible }) => background && visible);
    const there = opaque ? { left: 0, top: 0, right: width, bottom: height } : boundsOf(width, height, (i) => document.seen(i % width, Math.floor(i / width))[3] > 0);
    const bounds = this.host.readings.composite === "whole" ? wanted : overlap(wanted, there);
    const components = opaque ? 3 : 4;
    const values = [];
    for (let y = bounds.top; y < bounds.bottom; y++)
      for (let x = bounds.left; x < bounds.right; x++) {
        const seen = document.seen(x, y);
        if (seen[3] === 0) seen.splice(0, 3, ((x * 7) % 11) / 11, ((y * 5) % 7) / 7, 0.5);
        values.push(...seen.slice(0, components));
      }
    const imageData = this.#make(Float64Array.from(values), bounds.right - bounds.left, bounds.bottom - bounds.top, components, document.bits);
    return { imageData, sourceBounds: bounds, level: 0 };
  }

  async getSelection({ documentID, sourceBounds }) {
    this.host.requireModal("getSelection");
    const document = this.#document(documentID);
    const selected = document.boundsOfSelection();
    if (!selected) throw new HostError("nothing is selected");
    const wanted = integers(sourceBounds);
    const bounds = {
      left: Math.max(wanted.left, selected.left),
      top: Math.max(wanted.top, selected.top),
      right: Math.min(wanted.right, selected.right),
      bottom: Math.min(wanted.bottom, selected.bottom),
    };
    if (bounds.right <= bounds.left || bounds.bottom <= bounds.top) throw new HostError("the area is empty");
    return this.#grey(document, document.selected, bounds);
  }

  async getLayerMask({ documentID, layerID, kind, sourceBounds }) {
    this.host.requireModal("getLayerMask");
    const document = this.#document(documentID);
    const layer = this.#layer(document, layerID);
    if (kind !== "user" || !layer.mask) throw new HostError("the layer has no mask");
    const wanted = integers(sourceBounds);
    const { width, height } = document;
    const differs = boundsOf(width, height, (i) => layer.mask[i] !== layer.maskBeyond);
    const whole = this.host.readings.maskBounds === "whole" || layer.maskBeyond === null || !differs;
    return this.#grey(document, layer.mask, whole ? wanted : overlap(wanted, differs));
  }

  #grey(document, weights, bounds) {
    const [width, height] = [bounds.right - bounds.left, bounds.bottom - bounds.top];
    const values = new Float64Array(width * height);
    let to = 0;
    for (let y = bounds.top; y < bounds.bottom; y++)
      for (let x = bounds.left; x < bounds.right; x++) values[to++] = weights[y * document.width + x];
    return { imageData: this.#make(values, width, height, 1, document.bits === 32 ? 8 : document.bits), sourceBounds: bounds };
  }

  #make(values, width, height, components, componentSize) {
    this.alive++;
    this.made++;
    const bytes = (values.length * componentSize) / 8;
    this.aliveBytes += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.aliveBytes);
    // "Plugin exceeds memory limit. Currently used memory 600."
    if (this.aliveBytes > 600e6) throw new HostError("Plugin exceeds memory limit");
    const imaging = this;
    let disposed = false;
    return {
      width,
      height,
      components,
      componentSize,
      colorSpace: components === 1 ? "Grayscale" : "RGB",
      hasAlpha: components === 4,
      values() {
        if (disposed) throw new HostError("the image data was disposed of");
        return values;
      },
      async getData({ chunky = true, fullRange = false } = {}) {
        if (disposed) throw new HostError("the image data was disposed of");
        if (!chunky) throw new HostError("the test reads chunky only");
        const full = componentSize === 8 ? 255 : componentSize === 32 ? 1 : fullRange ? 65535 : 32768;
        const samples = new ARRAYS[componentSize](values.length); // a loop: from() takes ten times as long
        for (let i = 0; i < values.length; i++) samples[i] = componentSize === 32 ? values[i] : Math.floor(values[i] * full + 0.5);
        return samples;
      },
      dispose() {
        if (disposed) throw new HostError("the image data was disposed of already");
        disposed = true;
        imaging.alive--;
        imaging.aliveBytes -= bytes;
      },
    };
  }

  async createImageDataFromBuffer(array, { width, height, components, colorSpace, colorProfile, fullRange = false }) {
    if (array.length !== width * height * components) throw new HostError("the array has a wrong length");
    const bits = array instanceof Uint8Array ? 8 : array instanceof Uint16Array ? 16 : array instanceof Float32Array ? 32 : 0;
    if (!bits) throw new HostError("not an array of samples");
    const expected = components === 1 ? ["Grayscale", "Gray Gamma 2.2"] : ["RGB", "sRGB IEC61966-2.1"];
    if (colorSpace !== expected[0] || colorProfile !== expected[1]) throw new HostError("a wrong colour space");
    const full = bits === 8 ? 255 : bits === 32 ? 1 : fullRange ? 65535 : 32768;
    if (bits === 16 && !fullRange && array.some((value) => value > 32768)) throw new HostError("16 bits end at 32768");
    const values = new Float64Array(array.length);
    for (let i = 0; i < array.length; i++) values[i] = array[i] / full;
    return this.#make(values, width, height, components, bits);
  }

  /** A JPEG, from RGB alone. The stand-in hands back an address of 1x1 pixels. */
  async encodeImageData({ imageData, base64 }) {
    const { encode } = this.host.readings;
    if (encode === "missing") throw new TypeError("imaging.encodeImageData is not a function");
    if (encode === "modal") this.host.requireModal("encodeImageData");
    if (imageData.components !== 3 || imageData.componentSize !== 8 || !base64) throw new HostError("only RGB can be encoded");
    imageData.values();
    return TINY_JPEG;
  }

  async putPixels({ documentID, layerID, imageData, replace, targetBounds }) {
    this.host.requireModal("putPixels");
    const document = this.#document(documentID);
    const layer = this.#layer(document, layerID);
    if (layer.kind !== "pixel" || layer.allLocked) throw new HostError("the layer cannot be changed");
    if (imageData.componentSize !== document.bits) throw new HostError("image data of another depth");
    const { left, top, right, bottom } = integers(targetBounds);
    if (right - left !== imageData.width || bottom - top !== imageData.height)
      throw new HostError("putPixels never scales");
    if (replace) layer.samples.fill(0);
    const values = imageData.values();
    const { components } = imageData;
    for (let y = top, from = 0; y < bottom; y++)
      for (let x = left; x < right; x++, from += components) {
        if (x < -MARGIN || y < -MARGIN || x >= document.width + MARGIN || y >= document.height + MARGIN) continue;
        const rgba = Array.from(values.subarray(from, from + components));
        layer.put(x, y, components === 3 ? [...rgba, 1] : rgba);
      }
    this.puts.push({ layerID, bounds: { left, top, right, bottom } });
    document.changed("Put Pixels");
  }

  async putLayerMask({ documentID, layerID, kind, imageData, replace = true, targetBounds }) {
    this.host.requireModal("putLayerMask");
    const document = this.#document(documentID);
    const layer = this.#layer(document, layerID);
    if (layer.background || kind !== "user") throw new HostError("the layer can have no mask");
    if (layer.allLocked) throw new HostError("the layer is locked");
    if (!replace && !layer.mask) throw new HostError("the layer has no mask to change");
    if (replace) {
      // "The existing mask in the layer is discarded before creating a new mask."
      layer.mask = new Float64Array(document.width * document.height).fill(this.host.readings.beyondReplacedMask === "shown" ? 1 : 0);
      layer.maskBeyond = undefined;
    }
    this.#place(document, imageData, targetBounds, (i, value) => (layer.mask[i] = value));
    document.changed("Put Layer Mask");
  }

  async putSelection({ documentID, imageData, replace = true, targetBounds, commandName = "Put Selection" }) {
    this.host.requireModal("putSelection");
    const document = this.#document(documentID);
    const { width, height } = document;
    const { left, top, right, bottom } = integers(targetBounds);
    if (left < 0 || top < 0 || right > width || bottom > height) throw new HostError("a selection beyond the canvas");
    const selected = replace || !document.selected ? new Float64Array(width * height) : document.selected.slice();
    // Without replace, what is put is added to what is selected.
    this.#place(document, imageData, targetBounds, (i, value) => (selected[i] = Math.max(selected[i], value)));
    document.selected = selected;
    document.selectionBounds = undefined;
    document.changed(commandName);
  }

  /** Greys onto the canvas, without scaling. */
  #place(document, imageData, targetBounds, set) {
    if (imageData.components !== 1 || imageData.colorSpace !== "Grayscale") throw new HostError("not a single grey component");
    const { greyDepths } = this.host.readings;
    if (greyDepths !== "any" && imageData.componentSize !== (greyDepths === "8" ? 8 : document.bits))
      throw new HostError("image data of another depth");
    const { left, top, right, bottom } = integers(targetBounds);
    if (right - left !== imageData.width || bottom - top !== imageData.height) throw new HostError("nothing is scaled");
    const values = imageData.values();
    for (let y = top, from = 0; y < bottom; y++)
      for (let x = left; x < right; x++, from++)
        if (x >= 0 && y >= 0 && x < document.width && y < document.height)
          set(y * document.width + x, stored(values[from], document.bits));
  }
}

function overlap(a, b) {
  const bounds = b && {
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  };
  if (!bounds || bounds.right <= bounds.left || bounds.bottom <= bounds.top) throw new HostError("the area is empty");
  return bounds;
}

function integers(bounds) {
  for (const side of ["left", "top", "right", "bottom"])
    if (!Number.isInteger(bounds?.[side])) throw new HostError(`bounds without a whole ${side}`);
  return bounds;
}
