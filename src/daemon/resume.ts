import { type Clock, sleep } from "../base/clock.js";
import { formatMs } from "../base/deadline.js";
import { EsimdError } from "../base/errors.js";
import type { Log } from "../base/logging.js";
import type { Facts, Observation } from "../provision/run.js";
import type { RunOutcome } from "../provision/runner.js";
import type { Whereabouts } from "./whereabouts.js";

/**
 * A run outlives the modem's absence: pulled out and put back, or restarted by itself, the modem comes back under some name, and a new run
 * goes on where the old one stopped, since every run looks at the world first.
 */

export interface ResumeParts {
  /** One run from its start, with the port where the modem is now. */
  readonly run: (observe: (observation: Observation) => void) => Promise<RunOutcome>;
  readonly whereabouts: Pick<Whereabouts, "last" | "canBeSeen" | "hasAnswered" | "isBack">;
  readonly returnWaitMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly observe: (observation: Observation) => void;
}

/** A modem that goes away more often does not hold: each run may cost a session of the paid order. */
const maxReturns = 5;
/** How often a tty is looked for, and a socket tried. */
const pollMs = { tty: 500, socket: 5_000 } as const;

/** Runs, and runs again each time the modem went away and is back within the wait; `signal` bounds the whole. */
export async function runThroughAbsences(parts: ResumeParts, signal: AbortSignal): Promise<RunOutcome> {
  const progress = holdBackFailures(parts.observe);
  let outcome = await parts.run(progress.observe);
  for (let returns = 0; returns < maxReturns && parts.returnWaitMs > 0 && (await isLost(outcome, parts)); returns++) {
    const next = await awaitReturn(parts, outcome, () => parts.run(progress.observe), signal);
    outcome = next.outcome;
    if (!next.isBack) break;
  }
  progress.release();
  return outcome;
}

/** Whether the run ended because the modem is not there any more. */
async function isLost(outcome: RunOutcome, { whereabouts }: ResumeParts): Promise<boolean> {
  // Behind a socket from which no modem ever answered there may be anything.
  if (!whereabouts.canBeSeen && !whereabouts.hasAnswered) return false;
  switch (outcome.error?.code) {
    case "serial_gone":
      return true;
    case "port_missing":
      return whereabouts.hasAnswered;
    case "serial_io":
      // A write may meet the end of the port before a read does.
      return whereabouts.canBeSeen && !(await whereabouts.isBack());
    default:
      return false;
  }
}

interface Resumed {
  readonly outcome: RunOutcome;
  readonly isBack: boolean;
}

/** Looks for the modem until the wait is over, and runs as soon as it is there. */
async function awaitReturn(
  parts: ResumeParts,
  lost: RunOutcome,
  run: () => Promise<RunOutcome>,
  signal: AbortSignal,
): Promise<Resumed> {
  const { clock, log, whereabouts, returnWaitMs, observe } = parts;
  const [port, wait] = [whereabouts.last, formatMs(returnWaitMs)];
  log.warn({ port, returnWaitMs, error: lost.error }, "the modem went away; waiting for it to come back");
  const tell = (withinMs: number): void => {
    const sentence = `The modem went away; waiting up to ${wait} for it to come back.`;
    observe({ kind: "state", state: "connecting", sentence, withinMs });
  };
  tell(returnWaitMs);
  const startMs = clock.monotonicMs();
  let outcome = lost;
  for (;;) {
    const leftMs = returnWaitMs - (clock.monotonicMs() - startMs);
    if (leftMs <= 0) return { outcome: notBack(outcome, port, wait), isBack: false };
    // Not at once: the name of a port that was just lost may still stand there for a moment.
    const pauseMs = whereabouts.canBeSeen ? pollMs.tty : pollMs.socket;
    if (!(await rest(clock, Math.min(pauseMs, leftMs), signal))) return { outcome, isBack: false };
    if (!(await whereabouts.isBack())) continue;
    const next = await run();
    outcome = joined(outcome, next);
    if (next.facts.line !== undefined || !isComing(next.error)) {
      log.info({ port: whereabouts.last }, "the modem is back, and the run goes on");
      return { outcome, isBack: true };
    }
    // That run told of its own deadlines, and its end was held back: what lasts now is the wait again.
    tell(Math.max(0, returnWaitMs - (clock.monotonicMs() - startMs)));
  }
}

/** What a port answers while it comes: gone again, not ready, or looked at by ModemManager, which asks every new port what it is. */
function isComing(error: EsimdError | undefined): boolean {
  switch (error?.code) {
    case "port_missing":
    case "port_busy":
    case "port_forbidden":
    case "serial_gone":
    case "serial_io":
      return true;
    default:
      return false;
  }
}

/** The end of a run whose modem stayed away. Why a port that is there could not be opened says more than that it was away. */
function notBack(outcome: RunOutcome, port: string, wait: string): RunOutcome {
  const { error } = outcome;
  if (error?.code === "port_busy" || error?.code === "port_forbidden") return outcome;
  const message = `the modem on ${port} went away in the middle of the run and did not come back within ${wait}`;
  return { ...outcome, error: new EsimdError("serial_gone", message, { cause: error }) };
}

/** Two runs as one: the end is the later one's, and what it did not get to know again is known from the earlier one. Pure. */
export function joined(earlier: RunOutcome, later: RunOutcome): RunOutcome {
  const timings: Record<string, number> = { ...earlier.timings };
  for (const [state, ms] of Object.entries(later.timings)) timings[state] = (timings[state] ?? 0) + ms;
  return {
    ...later,
    facts: joinedFacts(earlier.facts, later.facts),
    startedAtMs: earlier.startedAtMs,
    timings,
  };
}

function joinedFacts(earlier: Readonly<Facts>, later: Readonly<Facts>): Readonly<Facts> {
  return {
    ...later,
    identity: later.identity ?? earlier.identity,
    dialect: later.dialect ?? earlier.dialect,
    lpa: later.lpa ?? earlier.lpa,
    eid: later.eid ?? earlier.eid,
    reservation: later.reservation ?? earlier.reservation,
    iccid: later.iccid ?? earlier.iccid,
    sim: later.sim ?? earlier.sim,
    registration: later.registration ?? earlier.registration,
    changed: earlier.changed || later.changed,
  };
}

/** A run that ends `failed` may not be the end: that is shown once it is. */
function holdBackFailures(observe: (observation: Observation) => void): {
  readonly observe: (observation: Observation) => void;
  readonly release: () => void;
} {
  let held: Observation | undefined;
  return {
    observe: (observation) => {
      held = observation.kind === "state" && observation.state === "failed" ? observation : undefined;
      if (held === undefined) observe(observation);
    },
    release: () => {
      if (held !== undefined) observe(held);
    },
  };
}

/** False when the wait was ended from outside: the run is over then, and ends as it did. */
async function rest(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(clock, ms, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
