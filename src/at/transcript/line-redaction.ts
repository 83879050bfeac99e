import type { Blanking } from "./blanking.js";
import { CardRedaction, redactFileContent } from "./card-redaction.js";
import { LeakCheck } from "./leaks.js";
import { RelayRedaction, redactJson } from "./relay-redaction.js";
import { redactText } from "./text-redaction.js";

/**
 * The redaction of AT lines: each is handed in without its end, in the order of the wire, and its redacted form of the same length comes
 * back by `done`, at once or when the message that it belongs to is whole.
 */

export type Done = (redacted: string) => void;

const hostApdu = /^(AT\+(?:CGLA|CSIM)\s*=\s*(?:("?[0-9A-Fa-f]+"?)\s*,\s*)?\d+\s*,\s*"?)([0-9A-Fa-f]+)("?\s*)$/i;
const modemApdu = /^(\+(?:CGLA|CSIM)\s*:\s*\d+\s*,\s*"?)([0-9A-Fa-f]+)("?\s*)$/i;
/** The file's id and three numbers, then what is to be written (TS 27.007, 8.18). */
const hostFile = /^(AT\+CRSM\s*=\s*\d+\s*(?:,\s*\d*\s*){4},\s*"?)([0-9A-Fa-f]+)("?.*)$/i;
const modemFile = /^(\+CRSM\s*:\s*\d+\s*,\s*\d+\s*,\s*"?)([0-9A-Fa-f]+)("?\s*)$/i;
/** Fields: total, more, sequence, length, hex. */
const hostChunk =
  /^(AT\+QESIM\s*=\s*"trans"\s*,\s*\d+\s*,\s*(\d)\s*,\s*(\d+)\s*,\s*\d+\s*,\s*"?)((?:[0-9A-Fa-f]{2})+)("?\s*)$/i;
const modemRequest = /^(\+QESIM\s*:\s*"trans"\s*,\s*\d+\s*,\s*"[^"]{0,200}"\s*,\s*\d+\s*,\s*"?)(\{.*\})("?\s*)$/;
const openChannel = /^AT\+CCHO\s*=\s*"?A0[0-9A-F]{8,30}"?\s*$/i;
/** The next line is the text of a short message. */
const messageHead = /^\+(CMT|CDS|CMGL|CMGR)\s*:/i;
const command = /^[^0-9A-Za-z]*AT|^A\/$/i;

export class LineRedaction {
  readonly #blanking: Blanking;
  readonly #card: CardRedaction;
  readonly #relay: RelayRedaction;
  readonly #leaks: LeakCheck;
  #messageFollows = false;

  constructor(blanking: Blanking) {
    this.#blanking = blanking;
    this.#leaks = new LeakCheck(blanking.standIns);
    this.#card = new CardRedaction(blanking);
    this.#relay = new RelayRedaction(blanking);
  }

  host(line: string, done: Done): void {
    const deliver = this.#checked(line, done);
    if (line.trim() === "") {
      deliver(line);
      return;
    }
    // Text behind a prompt, or noise of another program: nothing in it is of use.
    if (!command.test(line)) {
      deliver(this.#blanking.text(line));
      return;
    }
    const apdu = hostApdu.exec(line);
    if (apdu !== null) {
      const [, head = "", session, hex = "", tail = ""] = apdu;
      const plainHead = redactText(head, this.#blanking);
      this.#card.command(session ?? `CSIM ${channelOf(hex)}`, hex, (redacted) => deliver(plainHead + redacted + tail));
      return;
    }
    const chunk = hostChunk.exec(line);
    if (chunk !== null) {
      const [, head = "", more, sequence, hex = "", tail = ""] = chunk;
      const part = { isFirst: Number(sequence) === 0, moreFollow: more === "1" };
      this.#relay.chunk(hex, part, (redacted) => deliver(head + redacted + tail));
      return;
    }
    const file = hostFile.exec(line);
    if (file !== null) {
      const [, head = "", hex = "", tail = ""] = file;
      deliver(head + this.#blanking.hex(hex) + redactText(tail, this.#blanking));
      return;
    }
    deliver(openChannel.test(line) ? line : redactText(line, this.#blanking));
  }

  modem(line: string, done: Done): void {
    const deliver = this.#checked(line, done);
    if (line.trim() === "") {
      deliver(line);
      return;
    }
    if (this.#messageFollows) {
      this.#messageFollows = false;
      deliver(this.#blanking.text(line));
      return;
    }
    this.#messageFollows = messageHead.test(line);
    const apdu = modemApdu.exec(line);
    if (apdu !== null) {
      const [, head = "", hex = "", tail = ""] = apdu;
      this.#card.answer(hex, (redacted) => deliver(head + redacted + tail));
      return;
    }
    const file = modemFile.exec(line);
    if (file !== null) {
      const [, head = "", hex = "", tail = ""] = file;
      deliver(head + redactFileContent(hex, this.#blanking) + tail);
      return;
    }
    const request = modemRequest.exec(line);
    if (request !== null) {
      const [, head = "", body = "", tail = ""] = request;
      deliver(head + redactJson(body, this.#blanking) + tail);
      return;
    }
    deliver(redactText(line, this.#blanking));
  }

  /** A line that was cut off: an identifier may be cut with it, so that no digits are left. */
  cut(line: string): string {
    return this.#blanking.text(line);
  }

  /** Nothing more comes. */
  settle(): void {
    this.#card.settle();
    this.#relay.settle();
  }

  /** The last look: what still holds an identifier that is known by now, or has changed its length, is overwritten whole. */
  #checked(line: string, done: Done): Done {
    return (redacted) => {
      const isGood = redacted.length === line.length && !this.#leaks.isIn(redacted);
      done(isGood ? redacted : this.#blanking.text(line));
    };
  }
}

/** With CSIM the channel is in CLA (ETSI TS 102 221, 10.1.1). */
function channelOf(hex: string): number {
  return Number.parseInt(hex.slice(0, 2), 16) & 0x03;
}
