import { StandIns } from "./stand-ins.js";

/** What one recording has replaced and overwritten so far; every rule of the redaction works on it. */
export class Blanking {
  readonly standIns = new StandIns();
  #blanked = 0;

  get blanked(): number {
    return this.#blanked;
  }

  /** Zeros in place of bytes that nobody can vouch for. */
  bytes(bytes: Uint8Array): void {
    if (bytes.every((byte) => byte === 0)) return;
    this.#blanked++;
    bytes.fill(0);
  }

  /** Characters of the same class, so that framing, quotes and lengths stay. */
  text(text: string): string {
    const blank = text.replace(/[A-Za-z]/g, "x").replace(/\d/g, "0");
    if (blank !== text) this.#blanked++;
    return blank;
  }

  hex(hex: string): string {
    if (!/^0*$/.test(hex)) this.#blanked++;
    return "0".repeat(hex.length);
  }
}

/** Each pair of characters turned round, as ICCID and IMSI stand on a card (ETSI TS 102 221, 13.2; TS 31.102, 4.2.2). */
export function swapNibbles(hex: string): string {
  return hex.replace(/(.)(.)/g, "$2$1");
}
