import { bareValue } from "../at/fields.js";
import { isEsimdError } from "../base/errors.js";
import { type Imei, parseImei } from "../base/identifiers.js";
import { ask, type ModemLine } from "./exchange.js";

/** Who the modem says it is; what it does not say is undefined. */
export interface ModemIdentity {
  readonly vendor: string | undefined;
  readonly model: string | undefined;
  readonly revision: string | undefined;
  readonly imei: Imei | undefined;
}

/** TS 27.007 5.1 to 5.4. None of these is needed to work, so a refusal only leaves a gap in the report. */
export async function readIdentity(line: ModemLine, signal: AbortSignal): Promise<ModemIdentity> {
  const vendor = await read(line, "+CGMI", signal);
  const model = await read(line, "+CGMM", signal);
  const revision = await read(line, "+CGMR", signal);
  const imeiText = await read(line, "+CGSN", signal);
  return { vendor, model, revision, imei: readImei(imeiText) };
}

async function read(line: ModemLine, name: string, signal: AbortSignal): Promise<string | undefined> {
  const reply = await ask(line, { text: `AT${name}`, answer: { kind: "free" }, timeoutMs: 5_000 }, signal);
  return reply.result.kind === "ok" ? identityIn(reply.lines, name) : undefined;
}

/**
 * The value in an answer: its first line, as bare text. Where noise of the line stands among the lines, the last readable one, for noise
 * comes before an answer or behind its OK, and any piece of it may look like text. Pure.
 */
export function identityIn(lines: readonly string[], name: string): string | undefined {
  const readable = lines.filter((text) => /^[\x20-\x7e]+$/.test(text));
  const values = readable.map((text) => bareValue(text, name)).filter((text) => text !== "");
  const value = readable.length === lines.length ? values[0] : values.at(-1);
  return value?.slice(0, 100);
}

function readImei(text: string | undefined): Imei | undefined {
  if (text === undefined) return undefined;
  try {
    return parseImei(text, "the modem's IMEI");
  } catch (error) {
    if (isEsimdError(error)) return undefined;
    throw error;
  }
}
