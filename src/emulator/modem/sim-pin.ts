/** The PIN of a SIM application (TS 27.007 8.3): asked for after each start, three tries, then only the PUK would help. */

const pin = "1234";
const maxTries = 3;

export class SimPin {
  /** Kept on the card: a restart gives no tries back. */
  #triesLeft = maxTries;
  #isVerified = false;

  get wanted(): "SIM PIN" | "SIM PUK" | undefined {
    if (this.#isVerified) return undefined;
    return this.#triesLeft > 0 ? "SIM PIN" : "SIM PUK";
  }

  enter(text: string): boolean {
    if (this.#triesLeft === 0) return false;
    if (text !== pin) {
      this.#triesLeft--;
      return false;
    }
    this.#triesLeft = maxTries;
    this.#isVerified = true;
    return true;
  }

  restart(): void {
    this.#isVerified = false;
  }
}
