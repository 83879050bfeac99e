import { AtChannel } from "../at/channel.js";
import { type Clock, sleep } from "../base/clock.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import type { Log } from "../base/logging.js";
import type { Random } from "../base/random.js";
import { type BaudWish, settleSpeed } from "../modem/baud.js";
import { bringUp } from "../modem/bring-up.js";
import type { ModemLine } from "../modem/exchange.js";
import { parsePortAddress } from "../serial/address.js";
import { modemManagerName, portHolders, udevRuleHint } from "../serial/exclusive/holders.js";
import { refuseBesideEsimd } from "../serial/exclusive/sibling-ports.js";
import { type HostRoots, realHost } from "../serial/host-roots.js";
import { managementOfPort } from "../serial/modem-manager.js";
import { portOpener } from "../serial/open.js";
import type { BytePort, OpenPort } from "../serial/port.js";
import { type Inhibition, inhibitDevice } from "./modem-manager-inhibition.js";

export interface SessionParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly wakeMs: number;
  /** The speed of a real UART; `keep` unless told otherwise. */
  readonly baud?: BaudWish;
  /** How the port is opened, for who wants to see what crosses it. */
  readonly open?: OpenPort;
  readonly host?: HostRoots;
  /** For a raw terminal, which asks nothing of the card by itself: another esimd may work with the modem by another port. */
  readonly besideEsimd?: true;
  /** How ModemManager is met; left out, it is not asked for anything. */
  readonly modemManager?: ModemManagerManners;
}

export interface ModemManagerManners {
  readonly inhibit: "auto" | "never";
  /** PATH and the system bus, for mmcli; the system's own places when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** After its word that it leaves the modem alone, ModemManager may take a moment to close the last port. */
const letGoMs = 3000;
const tryAgainMs = 100;

/**
 * Opens a port and wakes the modem on it, which may be silent for `wakeMs`; on failure the port is closed again. ModemManager is asked
 * to leave the modem alone until the line is closed, where it works with it.
 */
export async function connectModem(port: string, parts: SessionParts, signal: AbortSignal): Promise<ModemLine> {
  const { clock, random, log, wakeMs, host = realHost } = parts;
  const inhibition = await inhibitionFor(port, parts, signal);
  const letGo = async (): Promise<void> => {
    if (inhibition?.kind === "inhibited") await inhibition.end();
  };
  let bytes: BytePort;
  try {
    bytes = await opened(port, parts, inhibition, signal);
  } catch (error) {
    await letGo();
    throw await explained(error, port, inhibition, host);
  }
  const ours = inhibition?.kind === "inhibited" ? closingAlso(bytes, letGo) : bytes;
  const { baud = "keep" } = parts;
  const named = typeof baud === "number" ? { namedBaud: baud } : {};
  const line: ModemLine = { channel: new AtChannel(ours, clock, log), clock, random, ...named };
  try {
    // Not before the port is ours: of two that begin at once, one at least sees the other.
    if (!parts.besideEsimd && parsePortAddress(port).kind === "tty") await refuseBesideEsimd(port, host);
    await bringUp(line, wakeMs, signal);
    await settleSpeed(line, baud, log, signal);
    return line;
  } catch (error) {
    await line.channel.close();
    throw error;
  }
}

async function inhibitionFor(port: string, parts: SessionParts, signal: AbortSignal): Promise<Inhibition | undefined> {
  const { clock, log, modemManager, host = realHost } = parts;
  const address = parsePortAddress(port);
  if (modemManager === undefined || modemManager.inhibit === "never" || address.kind !== "tty") return undefined;
  const management = await managementOfPort(address.path, host, "perhaps");
  if (management.kind === "left-alone")
    log.debug({ port, why: management.why }, "ModemManager runs, and leaves the port alone");
  if (management.kind !== "managed") return undefined;
  const { uid, pid } = management;
  const inhibition = await inhibitDevice(uid, { clock, log, env: modemManager.env ?? {} }, signal);
  // Where nothing shows that there is a ModemManager, its tool is not missed.
  if (inhibition.kind === "no-mmcli" && pid === undefined) return undefined;
  if (inhibition.kind === "inhibited") log.info({ port, uid }, "ModemManager leaves the modem alone while esimd works");
  else if (inhibition.kind === "unneeded")
    log.debug({ port, uid, why: inhibition.why }, "ModemManager need not be asked");
  else log.warn({ port, uid, why: inhibition.why }, "ModemManager did not agree to leave the modem alone");
  return inhibition;
}

async function opened(
  port: string,
  parts: SessionParts,
  inhibition: Inhibition | undefined,
  signal: AbortSignal,
): Promise<BytePort> {
  const { clock, log, host = realHost } = parts;
  const open = parts.open ?? portOpener({ clock, log, host });
  const startMs = clock.monotonicMs();
  for (;;) {
    try {
      return await open(port, signal);
    } catch (error) {
      const mayPass = inhibition?.kind === "inhibited" && isEsimdError(error, "port_busy");
      if (!mayPass || clock.monotonicMs() - startMs >= letGoMs) throw error;
      await sleep(clock, tryAgainMs, signal);
    }
  }
}

/** Where ModemManager holds the port, or may be the one who does, what it answered belongs to the explanation. */
async function explained(
  error: unknown,
  port: string,
  inhibition: Inhibition | undefined,
  host: HostRoots,
): Promise<unknown> {
  const isRefused = inhibition?.kind === "refused" || inhibition?.kind === "no-mmcli";
  if (!isRefused || !isEsimdError(error, "port_busy")) return error;
  const { holders } = await portHolders(port, host);
  if (holders.length > 0 && !holders.some(({ name }) => name === modemManagerName)) return error;
  const message = `${error.message}, and ModemManager, which works with this modem, did not agree to leave it alone: ${inhibition.why}`;
  return new EsimdError("port_managed", message, { cause: error, hint: udevRuleHint });
}

/** The same port, whose closing ends something else too. */
function closingAlso(port: BytePort, then: () => Promise<void>): BytePort {
  const setBaud = port.setBaud?.bind(port);
  return {
    name: port.name,
    write: (bytes) => port.write(bytes),
    onData: (listener) => port.onData(listener),
    onGone: (listener) => port.onGone(listener),
    ...(port.isUart === undefined ? {} : { isUart: port.isUart }),
    ...(setBaud === undefined ? {} : { setBaud }),
    close: async () => {
      try {
        await port.close();
      } finally {
        await then();
      }
    },
  };
}
