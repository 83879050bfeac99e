import { bareValue } from "../at/fields.js";
import { isEsimdError } from "../base/errors.js";
import { type Imei, parseImei } from "../base/identifiers.js";
import type { ModemLine } from "./exchange.js";

/** Who the modem says it is; what it does not say is undefined. */
export interface ModemIdentity {
  readonly vendor: string | undefined;
  readonly model: string | undefined;
  readonly revision: string | undefined;
  readonly imei: Imei | undefined;
}

/** TS 27.007 5.1 to 5.4. None of these is needed to work, so a refusal only leaves a gap in the report. */
export async function readIdentity(line: ModemLine, signal: AbortSignal): Promise<ModemIdentity> {
  const vendor = await ask(line, "+CGMI", signal);
  const model = await ask(line, "+CGMM", signal);
  const revision = await ask(line, "+CGMR", signal);
  const imeiText = await ask(line, "+CGSN", signal);
  return { vendor, model, revision, imei: readImei(imeiText) };
}

async function ask(line: ModemLine, name: string, signal: AbortSignal): Promise<string | undefined> {
  const reply = await line.channel.execute({ text: `AT${name}`, answer: { kind: "free" }, timeoutMs: 5_000 }, signal);
  if (reply.result.kind !== "ok") return undefined;
  const value = reply.lines.map((text) => bareValue(text, name)).find((text) => text !== "");
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
