import type { AtCommand } from "../at/channel.js";
import { describeResult } from "../at/result-code.js";
import { formatMs } from "../base/deadline.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { findSpeed } from "./baud-search.js";
import type { ModemLine } from "./exchange.js";
import { describePortKind, judgePort } from "./wrong-port.js";

const attention: AtCommand = { text: "AT", answer: { kind: "none" }, timeoutMs: 3_000, numericResults: true };

/**
 * Wakes the modem and puts the line into the form that everything later relies on: no echo, words for results, error numbers.
 * Echo and words return after every reset of the modem, so this runs again whenever the modem may have restarted.
 * `wakeMs` is how long it may be silent: one that was just plugged in was seen to take 45 s (field notes on FM350).
 * On a real UART a silent modem is looked for at other speeds too: a run that was killed may have left it there.
 * @throws EsimdError `modem_silent`, `modem_protocol`; `wrong_port` when what came tells what the port is.
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
  // Once early, since a modem left at another speed would be waited for in vain, and once more before it is given up.
  let searches = 0;
  for (;;) {
    try {
      const { result } = await line.channel.execute(attention, signal);
      if (result.kind === "ok") return;
      throw notAnAtPort(line) ?? notOk(line, describeResult(result));
    } catch (error) {
      if (!isEsimdError(error, "modem_silent")) throw error;
      const elapsedMs = line.clock.monotonicMs() - startMs;
      const last = elapsedMs >= wakeMs;
      const wrongPort = last ? notAnAtPort(line) : undefined;
      const due = searches === 0 || (last && searches === 1);
      if (due && line.channel.isUart && wrongPort === undefined) {
        searches++;
        if ((await findSpeed(line, signal)) !== undefined) continue;
      }
      if (last) throw wrongPort ?? silentFor(line, elapsedMs, error);
    }
  }
}

function notAnAtPort(line: ModemLine): EsimdError | undefined {
  const { channel } = line;
  const kind = judgePort(channel.unclaimed(), channel.isUart);
  if (kind === undefined) return undefined;
  return new EsimdError("wrong_port", `${channel.portName} is not a modem's AT port: ${describePortKind(kind)}`);
}

function notOk(line: ModemLine, said: string): EsimdError {
  return new EsimdError("modem_protocol", `${line.channel.portName} answers AT with ${said}`, {
    hint: "Check that this is the modem's AT port (not its diagnostic or GNSS port).",
  });
}

function silentFor(line: ModemLine, elapsedMs: number, cause: unknown): EsimdError {
  return new EsimdError(
    "modem_silent",
    `the modem on ${line.channel.portName} did not answer AT for ${formatMs(elapsedMs)}`,
    { cause },
  );
}
