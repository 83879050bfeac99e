import type { AtCommand } from "../at/channel.js";
import { describeResult } from "../at/result-code.js";
import { formatMs } from "../base/deadline.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import type { ModemLine } from "./exchange.js";

const attention: AtCommand = { text: "AT", answer: { kind: "none" }, timeoutMs: 3_000, numericResults: true };

/**
 * Wakes the modem and puts the line into the form that everything later relies on: no echo, words for results, error numbers.
 * Echo and words return after every reset of the modem, so this runs again whenever the modem may have restarted.
 * `wakeMs` is how long it may be silent: one that was just plugged in was seen to take 45 s (field notes on FM350).
 * @throws EsimdError `modem_silent`, `modem_protocol`.
 */
export async function bringUp(line: ModemLine, wakeMs: number, signal: AbortSignal): Promise<void> {
  await wake(line, wakeMs, signal);
  // An old modem that lacks one of these still works: echoes are recognised, and errors are understood in words too.
  for (const text of ["ATV1", "ATE0", "AT+CMEE=1"]) {
    await line.channel.execute({ ...attention, text }, signal);
  }
}

async function wake(line: ModemLine, wakeMs: number, signal: AbortSignal): Promise<void> {
  const startMs = line.clock.monotonicMs();
  for (;;) {
    try {
      const { result } = await line.channel.execute(attention, signal);
      if (result.kind === "ok") return;
      throw new EsimdError("modem_protocol", `${line.channel.portName} answers AT with ${describeResult(result)}`, {
        hint: "Check that this is the modem's AT port (not its diagnostic or GNSS port).",
      });
    } catch (error) {
      if (!isEsimdError(error, "modem_silent")) throw error;
      const elapsedMs = line.clock.monotonicMs() - startMs;
      if (elapsedMs < wakeMs) continue;
      throw new EsimdError(
        "modem_silent",
        `the modem on ${line.channel.portName} did not answer AT for ${formatMs(elapsedMs)}`,
        {
          cause: error,
        },
      );
    }
  }
}
