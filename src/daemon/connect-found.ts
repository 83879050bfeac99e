import { type ErrorCode, EsimdError, isEsimdError } from "../base/errors.js";
import type { ModemLine } from "../modem/exchange.js";
import { esimdName, portHolders } from "../serial/exclusive/holders.js";
import { realHost } from "../serial/host-roots.js";
import { connectModem, type SessionParts } from "./modem-session.js";
import type { Whereabouts } from "./whereabouts.js";

/** What another AT port of the same modem may help against. */
const givesWay: ReadonlySet<ErrorCode> = new Set(["wrong_port", "modem_silent", "port_busy", "port_managed"]);

const isGone: ReadonlySet<ErrorCode> = new Set(["serial_gone", "port_missing"]);

/**
 * Connects to the modem where it is. With `auto`, an AT port that another program holds, that is silent or no AT port after all gives way to
 * the modem's next one; all of them together are given no longer than one would be.
 * @throws EsimdError the first port's, where none does.
 */
export async function connectFound(
  whereabouts: Pick<Whereabouts, "candidates" | "settleOn">,
  parts: SessionParts,
  signal: AbortSignal,
): Promise<ModemLine> {
  const { clock, log, wakeMs, host = realHost } = parts;
  const ports = await whereabouts.candidates();
  const startMs = clock.monotonicMs();
  const failures: EsimdError[] = [];
  for (const [index, port] of ports.entries()) {
    const leftMs = Math.max(0, wakeMs - (clock.monotonicMs() - startMs));
    try {
      const line = await connectModem(port, { ...parts, wakeMs: leftMs / (ports.length - index) }, signal);
      await whereabouts.settleOn(port);
      return line;
    } catch (error) {
      if (signal.aborted || !isEsimdError(error)) throw error;
      // Behind the preferred port nothing is decisive but that the modem itself has gone.
      if (index === 0 ? !givesWay.has(error.code) : isGone.has(error.code)) throw error;
      // The modem is that one's, whichever of its ports we took.
      if (error.code === "port_busy" && (await isHeldByEsimd(port, host))) throw error;
      if (index + 1 < ports.length)
        log.info({ port, error }, "this AT port does not do; the modem's next one is tried");
      failures.push(error);
    }
  }
  const [first, ...others] = failures;
  if (first === undefined) throw new EsimdError("unexpected", "there was no port to connect to");
  if (others.length === 0) throw first;
  const rest = others.map(({ message }) => message).join("; ");
  throw new EsimdError(first.code, `${first.message}; nor did the modem's other AT ports do: ${rest}`, {
    cause: first,
    hint: first.hint,
  });
}

async function isHeldByEsimd(port: string, host: NonNullable<SessionParts["host"]>): Promise<boolean> {
  return (await portHolders(port, host)).holders.some(({ name }) => name === esimdName);
}
