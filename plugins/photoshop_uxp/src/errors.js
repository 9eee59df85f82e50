/** Everything that can go wrong, as one error with a code; the codes are listed in PROTOCOL.md. */
export class InpaintError extends Error {
  /**
   * @param {string} code for programs
   * @param {string} message a sentence that states the problem
   * @param {string} [hint] a sentence that says what to do about it
   */
  constructor(code, message, hint = "") {
    super(message);
    this.name = "InpaintError";
    this.code = code;
    this.hint = hint;
  }
}

/**
 * Any thrown value as an InpaintError. Photoshop throws numbers, strings and plain objects too.
 * @param {unknown} thrown
 * @returns {InpaintError}
 */
export function asInpaintError(thrown) {
  if (thrown instanceof InpaintError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new InpaintError(
    "host_failed",
    `Photoshop reported an error: ${text || "unknown"}.`,
    "Try again; if it keeps happening, please report it with this text.",
  );
}
