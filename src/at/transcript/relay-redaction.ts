import type { Blanking } from "./blanking.js";
import { redactText } from "./text-redaction.js";
import { redactTlvs } from "./tlv-redaction.js";

/** The redaction of ES9+ messages (SGP.22, 6.5) that cross the AT port in a relayed download. Each result is as long as its text. */

const member = /"((?:[^"\\]|\\.)*)"(\s*:)?/g;
/** Strings of ES9+ that are no payload: addresses, and the words of a server's status. */
const plainMembers: ReadonlySet<string> = new Set([
  "smdpAddress",
  "status",
  "subjectCode",
  "reasonCode",
  "subjectIdentifier",
  "message",
  "functionRequesterIdentifier",
  "functionCallIdentifier",
]);

/** A JSON body: base64 is decoded, redacted as TLV and encoded again; text that is no JSON is overwritten. */
export function redactJson(text: string, blanking: Blanking): string {
  if (!isJson(text)) return blanking.text(text);
  let name = "";
  const redacted = text.replace(member, (whole, value: string, colon: string | undefined) => {
    if (colon !== undefined) {
      name = value;
      return /^[A-Za-z0-9_-]{1,40}$/.test(value) ? whole : `${blanking.text(whole.slice(0, -colon.length))}${colon}`;
    }
    return `"${plainMembers.has(name) ? redactText(value, blanking) : redactPayload(value, blanking)}"`;
  });
  // What stands outside of strings: numbers.
  return redacted.replace(/(?<![0-9A-Za-z+/"])\d{10,}(?![0-9A-Za-z+/"=])/g, (digits) =>
    blanking.standIns.digits(digits),
  );
}

function redactPayload(value: string, blanking: Blanking): string {
  const bytes = Buffer.from(value, "base64");
  if (value === "" || bytes.toString("base64") !== value) return blanking.text(value);
  redactTlvs(bytes, blanking);
  return bytes.toString("base64");
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Headers that say nothing of anybody. */
const plainHeader = /^(HTTP\/1\.|content-type:|content-length:|x-admin-protocol:)/i;

/** An HTTP response as the host hands it to the modem. */
export function redactHttp(text: string, blanking: Blanking): string {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return blanking.text(text);
  const head = text
    .slice(0, end)
    .split("\r\n")
    .map((line) => (plainHeader.test(line) ? redactText(line, blanking) : blanking.text(line)))
    .join("\r\n");
  const body = text.slice(end + 4);
  return `${head}\r\n\r\n${body === "" ? "" : redactJson(body, blanking)}`;
}

interface Chunk {
  readonly hex: string;
  readonly done: (hex: string) => void;
}

/** Far beyond any bound profile package. */
const maxHttpHex = 8_000_000;

/** The response that the host's chunks make up: redacted when the last one is there, since an identifier may lie across a cut. */
export class RelayRedaction {
  readonly #blanking: Blanking;
  #chunks: Chunk[] = [];

  constructor(blanking: Blanking) {
    this.#blanking = blanking;
  }

  chunk(
    hex: string,
    part: { readonly isFirst: boolean; readonly moreFollow: boolean },
    done: (hex: string) => void,
  ): void {
    if (part.isFirst) this.settle();
    this.#chunks.push({ hex, done });
    if (this.#chunks.reduce((sum, chunk) => sum + chunk.hex.length, 0) > maxHttpHex) this.settle();
    if (part.moreFollow) return;
    const whole = this.#chunks.map((chunk) => chunk.hex).join("");
    const redacted = redactHttp(Buffer.from(whole, "hex").toString("latin1"), this.#blanking);
    const hex16 = Buffer.from(redacted, "latin1").toString("hex");
    let at = 0;
    for (const one of this.#chunks.splice(0)) {
      const slice = hex16.slice(at, at + one.hex.length);
      at += one.hex.length;
      one.done(/[a-f]/.test(one.hex) ? slice : slice.toUpperCase());
    }
  }

  /** What is not whole is overwritten. */
  settle(): void {
    for (const { hex, done } of this.#chunks.splice(0)) done(this.#blanking.hex(hex));
  }
}
