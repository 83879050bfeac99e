/**
 * A download whose HTTPS the host carries: the modem's LPA asks, the AT port shows the request, and the host's chunks put the response
 * together. One request is open at a time.
 */

import { type Clock, sleep } from "../../../base/clock.js";
import { EsimdError } from "../../../base/errors.js";
import { type HttpResponse, parseHttpResponse } from "./http-text.js";

/** The host cuts a response at this many hex characters; a longer chunk does not fit the modem's buffer. */
export const maxChunkHex = 1400;
/** Far beyond any bound profile package; a total above it is refused. */
const maxTotalHex = 4_000_000;

export type RelayEvent =
  | { readonly kind: "request"; readonly functionName: string; readonly body: string }
  | { readonly kind: "finished"; readonly succeeded: boolean };

export interface Chunk {
  readonly totalHex: number;
  readonly moreFollow: boolean;
  readonly sequence: number;
  readonly lengthHex: number;
  readonly hex: string;
}

export type ChunkResult = "more" | "complete" | "refused";

interface OpenRequest {
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (error: EsimdError) => void;
  received: string;
  totalHex: number | undefined;
  nextSequence: number;
}

export class Relay {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #events: RelayEvent[] = [];
  #awaitEvent: ((event: RelayEvent) => void) | undefined;
  #open: OpenRequest | undefined;
  #over = new AbortController();

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** True while a request waits for the host's chunks. */
  get isWaiting(): boolean {
    return this.#open !== undefined;
  }

  /** True while the AT side waits in {@link next}. */
  get isAwaited(): boolean {
    return this.#awaitEvent !== undefined;
  }

  /** The LPA's side: shows a request to the host and waits for the whole response. @throws EsimdError when it never comes or is no HTTP. */
  async post(functionName: string, body: string): Promise<HttpResponse> {
    const answered = new AbortController();
    const response = new Promise<HttpResponse>((resolve, reject) => {
      this.#open = { resolve, reject, received: "", totalHex: undefined, nextSequence: 0 };
    });
    this.#push({ kind: "request", functionName, body });
    const timedOut = sleep(this.#clock, this.#timeoutMs, AbortSignal.any([answered.signal, this.#over.signal])).then(
      () => {
        throw new EsimdError("deadline", `the host did not answer ${functionName}`);
      },
    );
    timedOut.catch(() => undefined);
    try {
      return await Promise.race([response, timedOut]);
    } finally {
      answered.abort();
      this.#open = undefined;
    }
  }

  /** The LPA's side: the download is over. */
  finish(succeeded: boolean): void {
    this.#push({ kind: "finished", succeeded });
  }

  /** The AT side: the next thing to tell the host. */
  next(): Promise<RelayEvent> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve(event);
    return new Promise((resolve) => {
      this.#awaitEvent = resolve;
    });
  }

  /** The AT side: takes a chunk if it is the next one of the open response and its lengths are right; a refused chunk changes nothing. */
  take(chunk: Chunk): ChunkResult {
    const open = this.#open;
    if (open === undefined || !isSound(chunk, open)) return "refused";
    open.received += chunk.hex;
    open.totalHex = chunk.totalHex;
    open.nextSequence++;
    if (chunk.moreFollow) return "more";
    this.#open = undefined;
    const parsed = parseHttpResponse(Buffer.from(open.received, "hex"));
    if (parsed.ok) open.resolve(parsed.response);
    else open.reject(new EsimdError("smdp_protocol", `the response that the host relayed ${parsed.reason}`));
    return "complete";
  }

  /** Power is gone, or the host gave up: the open request fails. */
  abort(): void {
    const gone = new EsimdError("cancelled", "the modem lost its power during the download");
    this.#open?.reject(gone);
    this.#over.abort(gone);
  }

  #push(event: RelayEvent): void {
    const waiting = this.#awaitEvent;
    this.#awaitEvent = undefined;
    if (waiting === undefined) this.#events.push(event);
    else waiting(event);
  }
}

function isSound(chunk: Chunk, open: OpenRequest): boolean {
  const { totalHex, moreFollow, sequence, lengthHex, hex } = chunk;
  const sum = open.received.length + hex.length;
  return (
    sequence === open.nextSequence &&
    (open.totalHex === undefined || totalHex === open.totalHex) &&
    totalHex <= maxTotalHex &&
    totalHex % 2 === 0 &&
    hex.length === lengthHex &&
    lengthHex >= 2 &&
    lengthHex <= maxChunkHex &&
    /^(?:[0-9A-Fa-f]{2})+$/.test(hex) &&
    // "More" means that more is due, and the last chunk completes the total.
    (moreFollow ? sum < totalHex : sum === totalHex)
  );
}
