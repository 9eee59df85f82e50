/** Rectangles on the canvas: [x, y, width, height] as on the wire, edges as in Photoshop. */

/** @typedef {[number, number, number, number]} Rectangle */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Edges */

/** @param {Rectangle} rectangle @returns {Edges} */
export const edgesOf = ([x, y, width, height]) => ({ left: x, top: y, right: x + width, bottom: y + height });

/**
 * Whole pixels that cover the edges.
 * @param {Edges} edges
 * @returns {Rectangle}
 */
export function rectangleOf({ left, top, right, bottom }) {
  const [x, y] = [Math.floor(left), Math.floor(top)];
  return [x, y, Math.ceil(right) - x, Math.ceil(bottom) - y];
}

/**
 * The pixels in both; width or height is 0 when there are none.
 * @param {Rectangle} a
 * @param {Rectangle} b
 * @returns {Rectangle}
 */
export function intersection(a, b) {
  const [x, y] = [Math.max(a[0], b[0]), Math.max(a[1], b[1])];
  const width = Math.max(0, Math.min(a[0] + a[2], b[0] + b[2]) - x);
  const height = Math.max(0, Math.min(a[1] + a[3], b[1] + b[3]) - y);
  return [x, y, width, height];
}

/**
 * The smallest rectangle that holds both.
 * @param {Rectangle} a
 * @param {Rectangle} b
 * @returns {Rectangle}
 */
export function union(a, b) {
  const [x, y] = [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
  return [x, y, Math.max(a[0] + a[2], b[0] + b[2]) - x, Math.max(a[1] + a[3], b[1] + b[3]) - y];
}

/** @param {Rectangle} rectangle */
export const isEmpty = ([, , width, height]) => width <= 0 || height <= 0;

/**
 * @param {Rectangle} a
 * @param {Rectangle} b
 */
export const isSame = (a, b) => a.every((value, i) => value === b[i]);
