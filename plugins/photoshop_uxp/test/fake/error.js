/** What Photoshop throws: an error with a number. */
export class HostError extends Error {
  constructor(message, number = -25920) {
    super(message);
    this.number = number;
  }
}
