import { type Blanking, swapNibbles } from "./blanking.js";
import { redactSwappedIccid } from "./text-redaction.js";
import { redactTlvs } from "./tlv-redaction.js";

/**
 * The redaction of what goes to the card and comes from it. A command of several STORE DATA segments and an answer fetched in pieces are
 * redacted as one, since an identifier may lie across the cut; until the last piece is there, all of it is held back.
 */

/** ISO/IEC 7816-4 and ETSI TS 102 221, 10.1.2. */
const ins = {
  manageChannel: 0x70,
  select: 0xa4,
  terminalCapability: 0xaa,
  readBinary: 0xb0,
  readRecord: 0xb2,
  getResponse: 0xc0,
  storeData: 0xe2,
  status: 0xf2,
} as const;
const headerBytes = 5;
const maxPieces = 4_096;

/** Bytes that wait for the rest of their message, and who gets them then, as hex of the same length. */
interface Piece {
  readonly bytes: Uint8Array;
  /** The part of `bytes` that belongs to the message; the rest is header, trailer or status word. */
  readonly from: number;
  readonly to: number;
  readonly done: (hex: string) => void;
}

interface Conversation {
  ins: number;
  command: Piece[];
  answer: Piece[];
}

export class CardRedaction {
  readonly #blanking: Blanking;
  readonly #conversations = new Map<string, Conversation>();
  #latest: Conversation | undefined;

  constructor(blanking: Blanking) {
    this.#blanking = blanking;
  }

  /** `session` tells channels apart. */
  command(session: string, hex: string, done: (hex: string) => void): void {
    const bytes = bytesOf(hex);
    const talk = this.#conversationOf(session);
    this.#latest = talk;
    if (bytes === undefined || bytes.length < 4) {
      done(this.#blanking.hex(hex));
      return;
    }
    const [, code = 0, p1 = 0, p2 = 0, length = 0] = bytes;
    const piece: Piece = {
      bytes,
      from: Math.min(headerBytes, bytes.length),
      to: Math.min(headerBytes + length, bytes.length),
      done: sameCase(hex, done),
    };
    if (code === ins.getResponse) {
      this.#settle([piece], (data) => this.#blanking.bytes(data));
      return;
    }
    this.#settleAnswer(talk);
    talk.ins = code;
    if (code !== ins.storeData || p2 === 0) this.#settle(talk.command, (data) => this.#blanking.bytes(data));
    if (code !== ins.storeData) {
      this.#settle([piece], (data) => this.#redactCommand(code, data));
      return;
    }
    talk.command.push(piece);
    // P1 bit 8: the last block (GlobalPlatform Card Specification 2.3, 11.11.2.1).
    if ((p1 & 0x80) !== 0) this.#settle(talk.command, (data) => this.#redactEs10(data));
    else if (talk.command.length > maxPieces) this.#settle(talk.command, (data) => this.#blanking.bytes(data));
  }

  /** The answer to the latest command, with its status word. */
  answer(hex: string, done: (hex: string) => void): void {
    const talk = this.#latest;
    const bytes = bytesOf(hex);
    if (talk === undefined || bytes === undefined || bytes.length < 2) {
      done(
        bytes === undefined || bytes.length < 2
          ? this.#blanking.hex(hex)
          : this.#blanking.hex(hex.slice(0, -4)) + hex.slice(-4),
      );
      return;
    }
    if (bytes.length === 2) done(hex);
    else talk.answer.push({ bytes, from: 0, to: bytes.length - 2, done: sameCase(hex, done) });
    const moreToFetch = bytes.at(-2) === 0x61;
    if (!moreToFetch || talk.answer.length > maxPieces) this.#settleAnswer(talk);
  }

  /** Nothing more comes: half a message is overwritten, since nobody knows what it was to be. */
  settle(): void {
    for (const talk of this.#conversations.values()) {
      for (const pieces of [talk.command, talk.answer]) this.#settle(pieces, (data) => this.#blanking.bytes(data));
    }
  }

  #conversationOf(session: string): Conversation {
    const known = this.#conversations.get(session);
    if (known !== undefined) return known;
    const fresh: Conversation = { ins: 0, command: [], answer: [] };
    this.#conversations.set(session, fresh);
    return fresh;
  }

  #settleAnswer(talk: Conversation): void {
    this.#settle(talk.answer, (data) => this.#redactAnswer(talk.ins, data));
  }

  #settle(pieces: Piece[], redact: (data: Uint8Array) => void): void {
    const whole = Buffer.concat(pieces.map(({ bytes, from, to }) => bytes.subarray(from, to)));
    redact(whole);
    let at = 0;
    for (const { bytes, from, to, done } of pieces.splice(0)) {
      bytes.set(whole.subarray(at, at + to - from), from);
      at += to - from;
      // What stands behind the data is Le, one byte; more than that is no APDU that we know.
      if (to < bytes.length - 2) this.#blanking.bytes(bytes.subarray(to));
      done(Buffer.from(bytes).toString("hex"));
    }
  }

  #redactCommand(code: number, data: Uint8Array): void {
    switch (code) {
      case ins.select:
        // A file id or an AID.
        if (data.length > 2 && data[0] !== 0xa0) this.#blanking.bytes(data);
        return;
      case ins.terminalCapability:
        redactTlvs(data, this.#blanking);
        return;
      default:
        this.#blanking.bytes(data);
    }
  }

  #redactAnswer(code: number, data: Uint8Array): void {
    switch (code) {
      case ins.storeData:
        this.#redactEs10(data);
        return;
      case ins.select:
      case ins.status:
        redactTlvs(data, this.#blanking);
        return;
      case ins.manageChannel:
        if (data.length > 1) this.#blanking.bytes(data);
        return;
      case ins.readBinary:
      case ins.readRecord:
        data.set(Buffer.from(redactFileContent(Buffer.from(data).toString("hex"), this.#blanking), "hex"));
        return;
      default:
        this.#blanking.bytes(data);
    }
  }

  /** Every message of ES10 has a tag BFxx; the pieces of a bound profile package have others, and are of no use to anybody. */
  #redactEs10(data: Uint8Array): void {
    if (data[0] === 0xbf) redactTlvs(data, this.#blanking);
    else this.#blanking.bytes(data);
  }
}

/** The content of an elementary file as hex: EF-ICCID and EF-IMSI get stand-ins (TS 31.102, 4.2.2), any other reads as never written. */
export function redactFileContent(hex: string, blanking: Blanking): string {
  const iccid = redactSwappedIccid(hex, blanking);
  if (iccid !== undefined) return iccid;
  // Length, then parity and digits: `08 29 62 …` is 262….
  const imsi = /^08([0-9a-f]{16})$/i.exec(hex);
  const nibbles = imsi?.[1] === undefined ? "" : swapNibbles(imsi[1]);
  if (/^9\d{15}$/.test(nibbles)) return `08${swapNibbles(`9${blanking.standIns.digits(nibbles.slice(1))}`)}`;
  blanking.hex(hex);
  return "F".repeat(hex.length);
}

function bytesOf(hex: string): Uint8Array | undefined {
  return hex.length % 2 === 0 && /^[0-9A-Fa-f]*$/.test(hex) ? new Uint8Array(Buffer.from(hex, "hex")) : undefined;
}

function sameCase(hex: string, done: (hex: string) => void): (redacted: string) => void {
  return /[a-f]/.test(hex) ? done : (redacted) => done(redacted.toUpperCase());
}
