import { afterPrefix } from "../at/fields.js";
import type { FinalResult } from "../at/result-code.js";
import { isEsimdError } from "../base/errors.js";
import { type Iccid, iccidFromBcd } from "../base/identifiers.js";
import type { Dialect, Query, SlotRow } from "./dialects/dialect.js";
import { ask, type ModemLine } from "./exchange.js";

/** What the modem sees of the SIM in its active slot. Every read is tolerant: what a modem does not tell is a gap, not a failure. */

/** `empty-euicc`: an eUICC is there, and no profile is enabled (MediaTek). */
export type PinState = "ready" | "pin" | "puk" | "empty-euicc" | "absent" | "busy" | "failure" | "unknown";

/** AT+CPIN? (TS 27.007 8.3). Quectel's manuals state 5 s as the longest. */
export async function readPinState(line: ModemLine, signal: AbortSignal): Promise<PinState> {
  const command = { text: "AT+CPIN?", answer: { kind: "prefix", prefix: "+CPIN" }, timeoutMs: 5_000 } as const;
  const { lines, result } = await ask(line, command, signal);
  return pinStateOf(lines, result);
}

/** Pure. */
export function pinStateOf(lines: readonly string[], result: FinalResult): PinState {
  for (const text of lines) {
    const word = afterPrefix(text, "+CPIN")?.trim().toUpperCase();
    if (word === "READY") return "ready";
    if (word === "EMPTY_EUICC") return "empty-euicc";
    if (word?.startsWith("SIM PIN") === true) return "pin";
    if (word?.startsWith("SIM PUK") === true) return "puk";
    if (word?.startsWith("NOT READY") === true) return "busy";
    if (word?.startsWith("NOT INSERTED") === true) return "absent";
  }
  // TS 27.007 9.2.1: 10 not inserted, 11 PIN, 12 PUK, 13 failure, 14 busy.
  if (result.kind !== "cme") return "unknown";
  switch (result.number) {
    case 10:
      return "absent";
    case 11:
      return "pin";
    case 12:
      return "puk";
    case 13:
      return "failure";
    case 14:
      return "busy";
    default:
      return "unknown";
  }
}

/**
 * The ICCID of the profile that the modem works with, which after a switch may be another than the eUICC's enabled one; undefined when
 * it does not tell. The dialect's commands first, then the card's own file, EF ICCID (TS 27.007 8.18; ETSI TS 102 221 13.2).
 */
export async function readIccidInUse(
  line: ModemLine,
  dialect: Pick<Dialect, "iccid"> | undefined,
  signal: AbortSignal,
): Promise<Iccid | undefined> {
  for (const query of dialect?.iccid ?? []) {
    const iccid = await readGently(line, query, signal);
    if (iccid !== undefined) return iccid;
  }
  const command = {
    text: "AT+CRSM=176,12258,0,0,10",
    answer: { kind: "prefix", prefix: "+CRSM" },
    timeoutMs: 5_000,
  } as const;
  const { lines, result } = await ask(line, command, signal);
  return result.kind === "ok" ? iccidOfCrsm(lines) : undefined;
}

/** `+CRSM: 144,0,"9889…"`: two digits a byte, the low one first. Pure. */
export function iccidOfCrsm(lines: readonly string[]): Iccid | undefined {
  for (const text of lines) {
    const hex = /^\+CRSM\s*:\s*144\s*,\s*0\s*,\s*"?([0-9A-F]{20})"?\s*$/i.exec(text)?.[1];
    if (hex === undefined) continue;
    try {
      return iccidFromBcd(Buffer.from(hex, "hex"), "EF ICCID");
    } catch (error) {
      if (!isEsimdError(error)) throw error;
    }
  }
  return undefined;
}

/** The same profile: modems drop or keep the check digit and the filler nibble of an ICCID. */
export function isSameIccid(one: Iccid, other: Iccid): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  return long === short || (long.length === short.length + 1 && long.startsWith(short));
}

/** The active slot as the modem counts it; undefined where it has but one, or does not tell. */
export async function readActiveSlot(
  line: ModemLine,
  dialect: Pick<Dialect, "slot"> | undefined,
  signal: AbortSignal,
): Promise<number | undefined> {
  return dialect?.slot === undefined ? undefined : readGently(line, dialect.slot.query, signal);
}

/** Every slot and whether an eUICC is in it, from the few modems that tell. */
export async function readSlots(
  line: ModemLine,
  dialect: Pick<Dialect, "slots"> | undefined,
  signal: AbortSignal,
): Promise<readonly SlotRow[] | undefined> {
  return dialect?.slots === undefined ? undefined : readGently(line, dialect.slots, signal);
}

/** The value of a query; undefined for a refusal, and for an answer that cannot be read. */
async function readGently<Value>(
  line: ModemLine,
  query: Query<Value>,
  signal: AbortSignal,
): Promise<Value | undefined> {
  const { send: text, answer, timeoutMs, parse } = query;
  const { lines, result } = await ask(line, { text, answer, timeoutMs }, signal);
  if (result.kind !== "ok") return undefined;
  try {
    return parse(lines);
  } catch (error) {
    if (isEsimdError(error)) return undefined;
    throw error;
  }
}
