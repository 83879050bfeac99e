import { formatMs } from "../../base/deadline.js";
import { EsimdError } from "../../base/errors.js";
import type { ModemLine } from "../../modem/exchange.js";

/** Lines of interest that the modem sends by itself, in order, whether they come before or after the OK of a command. */
export interface LineQueue<Item> {
  /** @throws EsimdError `modem_silent` when none comes in time; the signal's reason. */
  next(timeoutMs: number, signal: AbortSignal): Promise<Item>;
  stop(): void;
}

/** More lines than this unread mean that the modem talks to itself. */
const maxWaiting = 100;

export function createLineQueue<Item>(line: ModemLine, read: (text: string) => Item | undefined): LineQueue<Item> {
  const waiting: Item[] = [];
  let wake: (() => void) | undefined;
  const stop = line.channel.onUrc((text) => {
    const item = read(text);
    if (item === undefined || waiting.length >= maxWaiting) return;
    waiting.push(item);
    wake?.();
  });
  return {
    stop,
    next: (timeoutMs, signal) =>
      new Promise((resolve, reject) => {
        const finish = (settle: () => void): void => {
          cancelTimer();
          signal.removeEventListener("abort", onAbort);
          wake = undefined;
          settle();
        };
        const onAbort = (): void => finish(() => reject(signal.reason));
        const cancelTimer = line.clock.setTimer(timeoutMs, () =>
          finish(() =>
            reject(
              new EsimdError(
                "modem_silent",
                `the modem on ${line.channel.portName} said nothing more of its download for ${formatMs(timeoutMs)}`,
              ),
            ),
          ),
        );
        wake = () => {
          const item = waiting.shift();
          if (item !== undefined) finish(() => resolve(item));
        };
        signal.addEventListener("abort", onAbort, { once: true });
        if (signal.aborted) onAbort();
        else wake();
      }),
  };
}
