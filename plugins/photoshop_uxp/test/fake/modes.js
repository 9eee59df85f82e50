/** What a document of a colour mode and depth can hold: nearest stored value, as RGB in 0..1 and back. */

/** The value that so many bits can hold, nearest to this one; 16 bits end at 32768. */
export function stored(value, bits) {
  if (bits === 32) return Math.fround(value);
  const steps = bits === 8 ? 255 : 32768;
  return Math.floor(Math.min(1, Math.max(0, value)) * steps + 0.5) / steps;
}

/** An RGBA pixel as it comes back after the document has kept it in its own mode. */
export function kept([r, g, b, alpha], mode, bits) {
  const at = (value) => stored(value, bits);
  if (mode === "grayscaleMode") {
    const grey = at(0.299 * r + 0.587 * g + 0.114 * b);
    return [grey, grey, grey, at(alpha)];
  }
  if (mode === "CMYKColorMode") {
    const key = at(1 - Math.max(r, g, b));
    const ink = (value) => at(key >= 1 ? 0 : (1 - value - key) / (1 - key));
    const light = (value) => (1 - ink(value)) * (1 - key);
    return [light(r), light(g), light(b), at(alpha)];
  }
  if (mode === "labColorMode") return [...fromLab(toLab([r, g, b]).map((value, i) => (i ? at((value + 128) / 255) * 255 - 128 : at(value / 100) * 100))), at(alpha)];
  return [at(r), at(g), at(b), at(alpha)];
}

const WHITE = [0.9505, 1, 1.089];
const TO_XYZ = [
  [0.4124, 0.3576, 0.1805],
  [0.2126, 0.7152, 0.0722],
  [0.0193, 0.1192, 0.9505],
];
const FROM_XYZ = [
  [3.2406, -1.5372, -0.4986],
  [-0.9689, 1.8758, 0.0415],
  [0.0557, -0.204, 1.057],
];
const times = (matrix, vector) => matrix.map((row) => row.reduce((sum, factor, i) => sum + factor * vector[i], 0));

function toLab(rgb) {
  const linear = rgb.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  const [x, y, z] = times(TO_XYZ, linear).map((v, i) => (v / WHITE[i] > 0.008856 ? Math.cbrt(v / WHITE[i]) : (7.787 * v) / WHITE[i] + 16 / 116));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function fromLab([l, a, b]) {
  const y = (l + 16) / 116;
  const xyz = [y + a / 500, y, y - b / 200].map((v, i) => (v ** 3 > 0.008856 ? v ** 3 : (v - 16 / 116) / 7.787) * WHITE[i]);
  return times(FROM_XYZ, xyz).map((v) => Math.min(1, Math.max(0, v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055)));
}
