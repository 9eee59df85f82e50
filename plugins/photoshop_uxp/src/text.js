/** Words for names of layers and of steps in the history. */

const CHARACTERS = 40;

/**
 * On one line and not too long.
 * @param {string} text
 */
export function shortened(text) {
  const letters = [...text.trim().replace(/\s+/g, " ")];
  return letters.length > CHARACTERS ? `${letters.slice(0, CHARACTERS - 1).join("")}…` : letters.join("");
}
