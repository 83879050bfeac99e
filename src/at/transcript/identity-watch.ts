import { bareValue } from "../fields.js";
import type { TranscriptEntry, TranscriptHeader } from "./format.js";

type Identity = Pick<TranscriptHeader, "vendor" | "model" | "revision">;

const questions = { "AT+CGMI": "vendor", "AT+CGMM": "model", "AT+CGMR": "revision" } as const;

/** Reads off a recording which modem it is of, where somebody asks the modem (TS 27.007, 5.1 to 5.3). */
export class IdentityWatch {
  readonly #found: { [Key in keyof Identity]: string } = {};
  readonly #rest = { host: "", modem: "" };
  #asked = "";

  get identity(): Identity {
    return this.#found;
  }

  /** Takes a redacted entry. */
  see(entry: TranscriptEntry): void {
    if (!("text" in entry)) return;
    const lines = (this.#rest[entry.from] + entry.text).split(/[\r\n]/);
    this.#rest[entry.from] = (lines.pop() ?? "").slice(-1_000);
    for (const line of lines.map((text) => text.trim())) {
      if (line === "") continue;
      if (entry.from === "host") this.#asked = line.toUpperCase();
      else this.#hear(line);
    }
  }

  #hear(line: string): void {
    const key = Object.entries(questions).find(([question]) => question === this.#asked)?.[1];
    if (key === undefined || line.toUpperCase() === this.#asked) return;
    this.#asked = "";
    if (/^(OK|ERROR|\+CM[ES] ERROR.*)$/.test(line)) return;
    const value = bareValue(line, `+${key === "vendor" ? "CGMI" : key === "model" ? "CGMM" : "CGMR"}`);
    if (/^[\x20-\x7e]{1,100}$/.test(value)) this.#found[key] = value;
  }
}
