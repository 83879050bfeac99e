import { afterPrefix, splitFields } from "../at/fields.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import type { Log } from "../base/logging.js";
import type { Exchange } from "./dialects/dialect.js";
import { ask, type ModemLine, runExchange } from "./exchange.js";

/** The modem's first packet context (TS 27.007 10.1.1): the one that modems attach with. */

export interface PacketContext {
  /** `IP`, `IPV6`, `IPV4V6`. */
  readonly type: string;
  readonly apn: string;
}

const read = { text: "AT+CGDCONT?", answer: { kind: "prefix", prefix: "+CGDCONT" }, timeoutMs: 10_000 } as const;

const write: Exchange = {
  send: 'AT+CGDCONT=1,"{type}","{apn}"',
  answer: { kind: "none" },
  timeoutMs: 10_000,
  repeatable: true,
};

const remove: Exchange = { send: "AT+CGDCONT=1", answer: { kind: "none" }, timeoutMs: 10_000, repeatable: true };

/** Undefined where no context 1 is defined. @throws EsimdError `modem_refused` where the modem does not tell. */
export async function readPacketContext(line: ModemLine, signal: AbortSignal): Promise<PacketContext | undefined> {
  const { lines, result } = await ask(line, read, signal);
  if (result.kind !== "ok")
    throw new EsimdError("modem_refused", "the modem does not tell its packet contexts (+CGDCONT)");
  return parsePacketContext(lines);
}

/** `+CGDCONT: 1,"IPV4V6","super","0.0.0.0",0,0`. Pure. */
export function parsePacketContext(lines: readonly string[]): PacketContext | undefined {
  for (const text of lines) {
    const [id, type = "", apn = ""] = splitFields(afterPrefix(text, "+CGDCONT") ?? "");
    if (id === "1") return { type, apn };
  }
  return undefined;
}

/** What stood there before, where it was replaced; `untouched` where the wanted APN stood there already. */
export type ApnChange =
  | { readonly kind: "untouched" }
  | { readonly kind: "replaced"; readonly previous: PacketContext | undefined };

/**
 * Writes the APN where another one stands, and reads it back. `note` is told what stands there before it is replaced, so that it can be
 * put back even by another run.
 * @throws EsimdError `modem_refused` for a modem that refuses it, or takes it and shows another.
 */
export async function ensureApn(
  line: ModemLine,
  apn: string,
  note: (previous: PacketContext | undefined) => Promise<void>,
  signal: AbortSignal,
): Promise<ApnChange> {
  const previous = await readPacketContext(line, signal);
  // APNs are names of the DNS, which do not know case (TS 23.003 9.1).
  if (previous?.apn.toLowerCase() === apn.toLowerCase()) return { kind: "untouched" };
  await note(previous);
  const type = previous === undefined || !/^[A-Z0-9]{2,8}$/i.test(previous.type) ? "IPV4V6" : previous.type;
  await runExchange(line, write, { type, apn }, signal);
  const now = await readPacketContext(line, signal);
  if (now?.apn.toLowerCase() === apn.toLowerCase()) return { kind: "replaced", previous };
  throw new EsimdError("modem_refused", `the modem accepted the APN ${apn} and shows ${now?.apn ?? "none"}`);
}

/** Puts back what stood there. Resolves with false for a modem that refuses: the profile that comes back may work all the same. */
export async function restoreApn(
  line: ModemLine,
  previous: PacketContext | undefined,
  log: Log,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    if (previous === undefined) await runExchange(line, remove, {}, signal);
    else await runExchange(line, write, { ...previous }, signal);
    return true;
  } catch (error) {
    if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
    log.warn({ error, apn: previous?.apn }, "the APN of before could not be put back");
    return false;
  }
}
