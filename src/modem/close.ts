import type { Clock } from "../base/clock.js";
import { withDeadline } from "../base/deadline.js";

/** Longer than a modem takes to answer what was cut off, and short enough for who waits for a command to end. */
const closeTimeoutMs = 10_000;

/**
 * Closes a channel to the eUICC, or the LPA that has one, whatever became of the work on it: it is one of the card's few, so that the
 * caller's signal, which may be what ended the work, does not count here. Never rejects, since a failure to close must not hide what came
 * before; resolves with what went wrong, for who wants to tell.
 */
export async function closeAnyway(
  opened: { close(signal: AbortSignal): Promise<void> },
  clock: Clock,
): Promise<unknown> {
  const bound = { clock, timeoutMs: closeTimeoutMs, what: "closing the channel to the eUICC" };
  try {
    await withDeadline(bound, (bounded) => opened.close(bounded));
    return undefined;
  } catch (error) {
    return error;
  }
}
