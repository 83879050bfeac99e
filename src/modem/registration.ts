import { afterPrefix, splitFields } from "../at/fields.js";
import { ask, type ModemLine } from "./exchange.js";

export type RegistrationState = "home" | "roaming" | "searching" | "denied" | "not-registered" | "unknown";

export interface Registration {
  readonly state: RegistrationState;
  readonly registered: boolean;
  /** The operator as `AT+COPS?` names it, when registered. */
  readonly operator: string | undefined;
}

const commands = ["+CEREG", "+CGREG", "+CREG", "+C5GREG"] as const;

/** An answer has `<n>,<stat>`, a URC `<stat>` alone or with a quoted area behind it: two leading numbers make it an answer. */
const isReadAnswer = (fields: string): boolean => /^\s*\d+\s*,\s*\d+\s*(,|$)/.test(fields);

/** The best of the modem's registrations; a network that knows us for one service is enough to report it. */
export async function readRegistration(line: ModemLine, signal: AbortSignal): Promise<Registration> {
  let best: RegistrationState = "unknown";
  for (const prefix of commands) {
    const reply = await ask(
      line,
      { text: `AT${prefix}?`, answer: { kind: "prefix", prefix, accepts: isReadAnswer }, timeoutMs: 5_000 },
      signal,
    );
    const text = reply.lines[0];
    if (reply.result.kind !== "ok" || text === undefined) continue;
    const state = parseRegistration(text, prefix);
    if (rank(state) > rank(best)) best = state;
    if (best === "home" || best === "roaming") break;
  }
  const registered = best === "home" || best === "roaming";
  return { state: best, registered, operator: registered ? await readOperator(line, signal) : undefined };
}

/** TS 27.007 10.1.22: 1 home, 5 roaming (6 and 7: SMS only, no data), 2 searching, 3 denied. Pure. */
export function parseRegistration(line: string, prefix: string): RegistrationState {
  const stat = splitFields(afterPrefix(line, prefix) ?? "")[1];
  switch (stat) {
    case "1":
      return "home";
    case "5":
      return "roaming";
    case "2":
      return "searching";
    case "3":
      return "denied";
    case "0":
      return "not-registered";
    default:
      return "unknown";
  }
}

function rank(state: RegistrationState): number {
  return ["unknown", "not-registered", "denied", "searching", "roaming", "home"].indexOf(state);
}

async function readOperator(line: ModemLine, signal: AbortSignal): Promise<string | undefined> {
  const reply = await line.channel.execute(
    { text: "AT+COPS?", answer: { kind: "prefix", prefix: "+COPS" }, timeoutMs: 10_000 },
    signal,
  );
  const name = splitFields(afterPrefix(reply.lines[0] ?? "", "+COPS") ?? "")[2];
  return name === undefined || name === "" ? undefined : name.slice(0, 64);
}
