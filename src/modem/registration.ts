import { afterPrefix, splitFields } from "../at/fields.js";
import { isEsimdError } from "../base/errors.js";
import type { Log } from "../base/logging.js";
import { answersOk, ask, linesOrGap, type ModemLine } from "./exchange.js";
import { urcWait } from "./urc-wait.js";

export type RegistrationState = "home" | "roaming" | "searching" | "denied" | "not-registered" | "unknown";

export interface Registration {
  readonly state: RegistrationState;
  readonly registered: boolean;
  /** The operator as `AT+COPS?` names it, when registered. */
  readonly operator: string | undefined;
}

const pollMs = 2_000;
/** A modem that says so when it registers, whatever the service. */
const changed = /^\+C(E|G|5G)?REG\s*:/i;

/**
 * Waits for registration, up to `patienceMs`, and looks at once when the modem says that something changed; it is asked to say so, and
 * left as it was. Resolves with what was read last, undefined where nothing could be. @throws EsimdError `serial_gone`; the signal's reason.
 */
export async function awaitRegistration(
  line: ModemLine,
  patienceMs: number,
  log: Log,
  signal: AbortSignal,
): Promise<Registration | undefined> {
  const startMs = line.clock.monotonicMs();
  const urcs = urcWait(line, changed);
  let last: Registration | undefined;
  let silence: (() => Promise<void>) | undefined;
  try {
    for (;;) {
      try {
        last = await readRegistration(line, signal);
      } catch (error) {
        if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
        log.info({ error }, "the registration cannot be read");
      }
      if (last?.registered || line.clock.monotonicMs() - startMs >= patienceMs) return last;
      silence ??= await askForReports(line, signal);
      await urcs.orAfter(pollMs, signal);
    }
  } finally {
    urcs.stop();
    await silence?.();
  }
}

/** `AT+CEREG=1` where reports are off (TS 27.007 10.1.22); resolves with the way back. */
async function askForReports(line: ModemLine, signal: AbortSignal): Promise<() => Promise<void>> {
  const untouched = (): Promise<void> => Promise.resolve();
  const answer = { kind: "prefix", prefix: "+CEREG", accepts: isReadAnswer } as const;
  const [text = ""] = await linesOrGap(line, { text: "AT+CEREG?", answer, timeoutMs: 5_000 }, signal);
  if (splitFields(afterPrefix(text, "+CEREG") ?? "")[0] !== "0") return untouched;
  const set = (reports: 0 | 1) =>
    ({ text: `AT+CEREG=${reports}`, answer: { kind: "none" }, timeoutMs: reportsMs }) as const;
  if (!(await answersOk(line, set(1), signal))) return untouched;
  return async () => {
    // Also where the run was called off; bounded by its own time, and a modem that is gone has forgotten it anyway.
    await line.channel.execute(set(0)).catch(() => undefined);
  };
}

const reportsMs = 2_000;

const commands = ["+CEREG", "+CGREG", "+CREG", "+C5GREG"] as const;

/** An answer has `<n>,<stat>`, a URC `<stat>` alone or with a quoted area behind it: two leading numbers make it an answer. */
const isReadAnswer = (fields: string): boolean => /^\s*\d+\s*,\s*\d+\s*(,|$)/.test(fields);

/**
 * The best of the modem's registrations; a network that knows us for one service is enough to report it.
 * @throws EsimdError `modem_silent` and others, where the modem answers none of the questions.
 */
export async function readRegistration(line: ModemLine, signal: AbortSignal): Promise<Registration> {
  let best: RegistrationState = "unknown";
  let answered = false;
  let failure: unknown;
  for (const prefix of commands) {
    try {
      const state = await readState(line, prefix, signal);
      answered = true;
      if (rank(state) > rank(best)) best = state;
    } catch (error) {
      // A modem without 5G may leave the question for it unanswered; what the others said holds all the same.
      if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
      failure ??= error;
    }
    if (best === "home" || best === "roaming") break;
  }
  if (!answered && failure !== undefined) throw failure;
  const registered = best === "home" || best === "roaming";
  return { state: best, registered, operator: registered ? await readOperator(line, signal) : undefined };
}

async function readState(line: ModemLine, prefix: string, signal: AbortSignal): Promise<RegistrationState> {
  const answer = { kind: "prefix", prefix, accepts: isReadAnswer } as const;
  const { lines, result } = await ask(line, { text: `AT${prefix}?`, answer, timeoutMs: 5_000 }, signal);
  const [text] = lines;
  return result.kind !== "ok" || text === undefined ? "unknown" : parseRegistration(text, prefix);
}

/**
 * TS 27.007 10.1.22: 1 home, 5 roaming, 9 and 10 the same where the network does without circuit-switched fallback (6 and 7: SMS only, no
 * data), 2 searching, 3 denied. Pure.
 */
export function parseRegistration(line: string, prefix: string): RegistrationState {
  const stat = splitFields(afterPrefix(line, prefix) ?? "")[1];
  switch (stat) {
    case "1":
    case "9":
      return "home";
    case "5":
    case "10":
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

/** A gap where the modem does not tell: the name of the network is no reason to call a registered modem unregistered. */
async function readOperator(line: ModemLine, signal: AbortSignal): Promise<string | undefined> {
  const command = { text: "AT+COPS?", answer: { kind: "prefix", prefix: "+COPS" }, timeoutMs: 10_000 } as const;
  return parseOperator(await linesOrGap(line, command, signal));
}

/** `+COPS: 0,0,"Operator",7`: undefined while there is none. Pure. */
export function parseOperator(lines: readonly string[]): string | undefined {
  const name = splitFields(afterPrefix(lines[0] ?? "", "+COPS") ?? "")[2];
  return name === undefined || name === "" ? undefined : name.slice(0, 64);
}
