import { withDeadline } from "../../base/deadline.js";
import type { ErrorCode } from "../../base/error-registry.js";
import { type Actor, EsimdError, isEsimdError, toEsimdError } from "../../base/errors.js";
import { type Check, type CheckName, type Examination, found, type Outcome, type Severity, skipped } from "./check.js";
import { checks } from "./checks.js";
import type { Surroundings } from "./surroundings.js";

/** One thing that is wrong, with its next step. */
export interface Finding {
  readonly check: CheckName;
  readonly severity: Severity;
  readonly code: ErrorCode;
  readonly actor: Actor;
  readonly message: string;
  readonly hint: string;
}

export interface Examined {
  readonly name: CheckName;
  readonly outcome: Outcome;
}

export interface Diagnosis {
  /** In the order of the table: what blocks first, first. */
  readonly checks: readonly Examined[];
  readonly findings: readonly Finding[];
  /** That of the first error; 0 for none. */
  readonly exitStatus: number;
}

/** What a check that was cut off may take to close what it opened: a channel on the card, and the port with its lock file. */
const tidyMs = 15_000;

/**
 * Runs every check: those that need nothing of each other side by side, those on the modem one after another on one line. What one check
 * throws is its finding, and so is a deadline; when `signal` aborts with a deadline, what was not looked at is skipped.
 * Rejects only with another reason of `signal`.
 */
export async function examine(
  surroundings: Surroundings,
  observe: (check: Check) => void,
  signal: AbortSignal,
  table: readonly Check[] = checks,
): Promise<Diagnosis> {
  const examination: Examination = { surroundings, facts: {} };
  const started = new Map<CheckName, Promise<Examined>>();
  const start = (name: CheckName): Promise<Examined> => {
    const check = table.find((one) => one.name === name);
    if (check === undefined) throw new EsimdError("unexpected", `the doctor has no check ${name}`);
    const running = started.get(name) ?? look(check);
    started.set(name, running);
    return running;
  };
  const look = async (check: Check): Promise<Examined> => {
    const atOnce = check.atOnce?.(surroundings);
    if (atOnce !== undefined) {
      observe(check);
      return { name: check.name, outcome: atOnce };
    }
    const needed = await Promise.all(check.needs.map(start));
    await Promise.all(check.after.map(start));
    const missing = needed.find(({ outcome }) => !isGood(outcome));
    const outcome =
      missing === undefined ? await outcomeOf(check, examination, observe, signal) : skipped(because(missing));
    return { name: check.name, outcome };
  };
  try {
    const examined = await Promise.all(table.map(({ name }) => start(name)));
    return diagnosisOf(examined);
  } finally {
    await examination.facts.line?.channel.close();
  }
}

function isGood(outcome: Outcome): boolean {
  if (outcome.kind === "skipped") return false;
  return outcome.kind === "well" || outcome.troubles.every(({ severity }) => severity === "warning");
}

function because({ name, outcome }: Examined): string {
  return outcome.kind === "skipped" ? outcome.why : `it needs what the check ${name} found wrong`;
}

async function outcomeOf(
  check: Check,
  examination: Examination,
  observe: (check: Check) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const { clock } = examination.surroundings;
  if (signal.aborted) {
    if (isEsimdError(signal.reason, "deadline")) return skipped("the time that was given is over");
    throw signal.reason;
  }
  observe(check);
  try {
    const timeoutMs = typeof check.timeoutMs === "number" ? check.timeoutMs : check.timeoutMs(examination.surroundings);
    const bound = { clock, timeoutMs, tidyMs, signal, what: `the check ${check.name}` };
    return await withDeadline(bound, (bounded) => check.run(examination, bounded));
  } catch (error) {
    if (signal.aborted && !isEsimdError(signal.reason, "deadline")) throw error;
    return found(isEsimdError(error, "deadline") ? inItsTime(error, check) : toEsimdError(error));
  }
}

function inItsTime(error: EsimdError, { name, asks }: Check): EsimdError {
  const hint = `Give more time with --deadline, or look at it by hand. It was asked: ${asks}`;
  return new EsimdError("deadline", `${error.message}, and the check ${name} was under way`, { cause: error, hint });
}

export function diagnosisOf(examined: readonly Examined[]): Diagnosis {
  const troubles = examined.flatMap(({ name, outcome }) =>
    outcome.kind === "found" ? outcome.troubles.map((trouble) => ({ name, ...trouble })) : [],
  );
  const findings = troubles.map(({ name, severity, error }): Finding => {
    const { code, message, hint } = error;
    return { check: name, severity, code, actor: error.entry.actor, message, hint };
  });
  const first = troubles.find(({ severity }) => severity === "error");
  return { checks: examined, findings, exitStatus: first?.error.exitStatus ?? 0 };
}
