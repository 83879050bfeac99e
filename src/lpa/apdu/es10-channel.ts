import { EsimdError, isEsimdError } from "../../base/errors.js";
import { CardAway, type CardChannel } from "../../modem/uicc-access.js";
import { largestSegment } from "./segment-size.js";

/** How long one exchange may take: 10 s as host LPAs give, and 240 s while a profile installs (field measurements at the last segments). */
const timeoutMs = { ordinary: 10_000, installing: 240_000 } as const;
export type ExchangeKind = keyof typeof timeoutMs;

const maxAnswerBytes = 256 * 1024;

/** The card answered with a status word that is an error; what was sent did reach it. */
export class StatusWordError extends Error {
  override readonly name = "StatusWordError";
  readonly statusWord: number;

  constructor(statusWord: number) {
    super(`status word ${statusWord.toString(16).toUpperCase().padStart(4, "0")}`);
    this.statusWord = statusWord;
  }
}

/** ES10 commands over one open channel to the ISD-R. No exchange is ever repeated here: what is safe to repeat, the caller knows. */
export class Es10Channel {
  /** Data bytes of one STORE DATA. */
  segmentBytes = largestSegment;
  /** Command APDUs sent so far. */
  exchanges = 0;
  readonly #card: CardChannel;

  constructor(card: CardChannel) {
    this.#card = card;
  }

  get way(): CardChannel["way"] {
    return this.#card.way;
  }

  /**
   * One ES10 command by STORE DATA: P1 11 while more blocks follow and 91 for the last, P2 counts from 0 (SGP.22 5.7.2).
   * Resolves with the whole answer, empty for a command that has none.
   * @throws EsimdError `modem_refused` when the modem refused an APDU, `modem_protocol` with a {@link StatusWordError} as its cause when
   *   the card refused one.
   */
  command(bytes: Uint8Array, signal: AbortSignal, kind: ExchangeKind = "ordinary"): Promise<Uint8Array> {
    return this.#chain(bytes, true, signal, kind);
  }

  /**
   * As {@link command}, for one whose answer nobody needs: what the card keeps ready is not fetched, and it drops that with the next
   * command (ISO 7816-4). The status word is judged all the same.
   */
  async tell(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#chain(bytes, false, signal, "ordinary");
  }

  async #chain(bytes: Uint8Array, fetches: boolean, signal: AbortSignal, kind: ExchangeKind): Promise<Uint8Array> {
    let answer: Uint8Array = new Uint8Array();
    for (let at = 0, block = 0; at < bytes.length; at += this.segmentBytes, block++) {
      const data = bytes.subarray(at, at + this.segmentBytes);
      const isLast = at + this.segmentBytes >= bytes.length;
      const head = Uint8Array.of(0x80, 0xe2, isLast ? 0x91 : 0x11, block & 0xff, data.length);
      answer = await this.#whole(Buffer.concat([head, data]), fetches, signal, kind);
    }
    return answer;
  }

  close(signal: AbortSignal): Promise<void> {
    return this.#card.close(signal);
  }

  /** Collects an answer that comes in pieces: `61xx` means that xx bytes wait, `6Cxx` that Le should have been xx (ISO 7816-4 5.6). */
  async #whole(apdu: Uint8Array, fetches: boolean, signal: AbortSignal, kind: ExchangeKind): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    let next = apdu;
    for (let corrected = false; ; ) {
      this.exchanges++;
      const response = await this.#card.transmit(next, timeoutMs[kind], signal);
      const sw1 = response.at(-2) ?? 0;
      const sw2 = response.at(-1) ?? 0;
      if (sw1 === 0x6c && !corrected) {
        corrected = true;
        next = Uint8Array.of(...next.subarray(0, 4), sw2);
        continue;
      }
      parts.push(response.subarray(0, response.length - 2));
      bytes += response.length - 2;
      if (bytes > maxAnswerBytes) throw new EsimdError("modem_protocol", "the eUICC's answer does not end");
      // The first may announce alone; after that 6100 with nothing in front of it could go on until the run's own deadline.
      if (sw1 === 0x61 && parts.length > 1 && response.length === 2) {
        throw new EsimdError("modem_protocol", "the eUICC announces more of its answer and does not give it");
      }
      if (sw1 === 0x61 && !fetches) return Buffer.concat(parts);
      if (sw1 === 0x61) {
        next = Uint8Array.of(0x80, 0xc0, 0x00, 0x00, sw2);
        continue;
      }
      // 91xx: done, and a proactive command waits (the REFRESH after a switch), which is the modem's to fetch.
      if ((sw1 === 0x90 && sw2 === 0x00) || sw1 === 0x91) return Buffer.concat(parts);
      throw cardRefusal((sw1 << 8) | sw2);
    }
  }
}

function cardRefusal(statusWord: number): EsimdError {
  const cause = new StatusWordError(statusWord);
  const meaning = statusWord === 0x6985 ? " (an M2M eUICC of SGP.02, a locked one, or one that restarts)" : "";
  return new EsimdError("modem_protocol", `the eUICC refuses with ${cause.message}${meaning}`, { cause });
}

/** The modem, not the card, would not have this APDU: too long for it, or its channel is gone. */
export function isTransportRefusal(error: unknown): boolean {
  return (
    (isEsimdError(error, "modem_refused") && !(error.cause instanceof CardAway)) ||
    (isEsimdError(error, "modem_protocol") && !(error.cause instanceof StatusWordError))
  );
}
