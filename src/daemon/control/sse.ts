import type { Clock } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { EsimdError } from "../../base/errors.js";

/** Server-sent events as they come (WHATWG HTML, 9.2.6): the `data` of each; comments only show that the other side lives. */

/** An event is a report at most, which has 2 kB. */
const maxFrameBytes = 512 * 1024;

export interface FrameBound {
  readonly clock: Clock;
  /** Without a byte for so long, the other side is gone. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
}

/** Ends when the stream does, also when it breaks off. @throws EsimdError `deadline`, `bad_input`, or the signal's reason. */
export async function* readFrames(
  body: AsyncIterable<Uint8Array>,
  { clock, silenceMs, signal }: FrameBound,
): AsyncGenerator<string, void, void> {
  const chunks = body[Symbol.asyncIterator]();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const bound = { clock, timeoutMs: silenceMs, signal, what: "the daemon's next word" };
      const next = await withDeadline(bound, () => nextOf(chunks, signal));
      if (next === undefined) return;
      text += decoder.decode(next, { stream: true });
      const frames = text.split("\n\n");
      text = frames.pop() ?? "";
      if (text.length > maxFrameBytes)
        throw new EsimdError("bad_input", `an event of the daemon has more than ${maxFrameBytes} characters`);
      for (const frame of frames) {
        const data = frame.split("\n").flatMap((line) => (line.startsWith("data: ") ? [line.slice(6)] : []));
        if (data.length > 0) yield data.join("\n");
      }
    }
  } finally {
    // Not waited for: a stream that is silent does not answer to this either.
    void chunks.return?.().catch(() => undefined);
  }
}

/** Undefined at the end, and when the connection breaks off, which for a reader is the same. */
async function nextOf(chunks: AsyncIterator<Uint8Array>, signal: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    const next = await chunks.next();
    return next.done === true ? undefined : next.value;
  } catch {
    if (signal.aborted) throw signal.reason;
    return undefined;
  }
}
