/**
 * Takes the echo of one command out of what comes: the command itself; its tail, for echoes arrive cut when the modem wakes up
 * (`T+CCHC=1` was seen); or its head and then the rest, where a URC came while the modem was still echoing.
 */
export class EchoFilter {
  readonly #text: string;
  /** What of the echo is still to come. */
  #rest: string;

  constructor(text: string) {
    this.#text = text.trim();
    this.#rest = this.#text;
  }

  /** Whether `line` is of the echo. `mayBeTail`: no line of the answer can look like the end of the command here. */
  takes(line: string, mayBeTail: boolean): boolean {
    if (this.#rest === "") return false;
    const begun = this.#rest.length < this.#text.length;
    if (line === this.#rest || (!begun && mayBeTail && line.length >= shortestTail && this.#text.endsWith(line))) {
      this.#rest = "";
      return true;
    }
    if (begun || line.length < 2 || !this.#text.startsWith(line)) return false;
    this.#rest = this.#text.slice(line.length).trim();
    return true;
  }
}

/** A shorter one may be an answer: `1`, to a command that ends with 1. */
const shortestTail = 4;
