import { withDeadline } from "../base/deadline.js";
import { errorRegistry } from "../base/error-registry.js";
import { EsimdError, toEsimdError } from "../base/errors.js";
import { closeAnyway } from "../modem/close.js";
import type { Policy } from "./policy.js";
import { type Facts, noFacts, type Run, type RunParts } from "./run.js";
import {
  type EventName,
  type FinalState,
  isFinal,
  nextState,
  type StateEntry,
  type StateName,
  states,
} from "./states.js";
import { awaitClock, reachNetwork } from "./steps/boot.js";
import { check } from "./steps/check.js";
import { confirm, register } from "./steps/confirm.js";
import { connect, identify } from "./steps/connect.js";
import { writeDefaultSmdp } from "./steps/default-smdp.js";
import { deliverInstallResult, deliverRest } from "./steps/deliver.js";
import { download, verify } from "./steps/download.js";
import { enable } from "./steps/enable.js";
import { refresh } from "./steps/refresh.js";
import { awaitAvailable, reserve, settle } from "./steps/reservation.js";
import { recover, revert } from "./steps/revert.js";
import { activate, simSettleMs } from "./steps/sim.js";
import { survey } from "./steps/survey.js";

type WorkingState = Exclude<StateName, FinalState>;
type Step = (run: Run, signal: AbortSignal) => Promise<EventName>;

/** What each state does. A state without a step does not compile. */
const steps: Readonly<Record<WorkingState, Step>> = {
  connecting: connect,
  identifying: identify,
  addressing: writeDefaultSmdp,
  clocking: awaitClock,
  reaching: reachNetwork,
  surveying: survey,
  reserving: reserve,
  settling: settle,
  awaiting: awaitAvailable,
  downloading: download,
  verifying: verify,
  delivering: deliverInstallResult,
  activating: activate,
  enabling: enable,
  refreshing: refresh,
  registering: register,
  checking: check,
  reverting: revert,
  recovering: recover,
  notifying: deliverRest,
  confirming: confirm,
};

export interface RunOutcome {
  readonly state: FinalState;
  readonly error: EsimdError | undefined;
  readonly facts: Readonly<Facts>;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  /** Milliseconds spent in each state that was entered. */
  readonly timings: Readonly<Partial<Record<StateName, number>>>;
}

/** Room for the step to end by its own clock before the state's deadline ends it. */
const graceMs = 60_000;
/** What one question may take at a provider that has many to serve. */
const crowdedMs = 300_000;
/** What a step that was cut off may take to leave modem and card in order: the channel, and the line's last words. */
const tidyMs = 15_000;

/**
 * Runs the table from `connecting` to a final state. The port is closed and the journal released in every case; never rejects for a
 * failure of the world, only `signal` or a defect of the program ends as an error in the outcome like any other.
 */
export async function runProvisioning(parts: RunParts, signal: AbortSignal): Promise<RunOutcome> {
  const run: Run = { parts, facts: noFacts() };
  const startedAtMs = parts.clock.nowMs();
  const timings: Partial<Record<StateName, number>> = {};
  let state: StateName = "connecting";
  let error: EsimdError | undefined;
  while (!isFinal(state)) {
    const working: WorkingState = state;
    const enteredMs = parts.clock.monotonicMs();
    const withinMs = deadlineMs(states[state], parts.policy) + tidyMs;
    parts.observe({ kind: "state", state, sentence: states[state].sentence, withinMs });
    try {
      await run.facts.store?.saveJournal({ state });
      state = await runStep(run, working, signal);
    } catch (thrown) {
      error = toEsimdError(thrown);
      state = error.entry.held ? "held" : "failed";
      parts.log.info({ error, in: working }, `the run ends ${state}`);
    }
    timings[working] = Math.round((timings[working] ?? 0) + parts.clock.monotonicMs() - enteredMs);
  }
  const final = state;
  error = await finish(run, final, error);
  const ended: FinalState = error === undefined || final !== "provisioned" ? final : "failed";
  parts.observe({ kind: "state", state: ended, sentence: states[ended].sentence, withinMs: null });
  return { state: ended, error, facts: run.facts, startedAtMs, finishedAtMs: parts.clock.nowMs(), timings };
}

async function runStep(run: Run, state: WorkingState, signal: AbortSignal): Promise<StateName> {
  const { clock, policy } = run.parts;
  const timeoutMs = deadlineMs(states[state], policy);
  const bound = { clock, timeoutMs, tidyMs, signal, what: `the state ${state}` };
  const event = await withDeadline(bound, (bounded) => steps[state](run, bounded));
  const next = nextState(state, event);
  if (next === undefined) throw new EsimdError("unexpected", `the state ${state} does not know the event ${event}`);
  return next;
}

function deadlineMs(entry: StateEntry, policy: Policy): number {
  switch (entry.deadline) {
    case "none":
      return graceMs;
    case "wakeWaitMs":
    case "clockWaitMs":
    case "networkWaitMs":
    case "confirmWaitMs":
    case "downloadTimeoutMs":
      return policy[entry.deadline] + graceMs;
    case "reserveSettleMs":
    case "availableWaitMs":
      // The last question may be one that the provider asks to put later (src/api/retries.ts).
      return policy[entry.deadline] + crowdedMs + graceMs;
    case "registrationWaitMs":
      // A change of the Sim that is under way has its own time before that.
      return policy.registrationWaitMs + simSettleMs + graceMs;
    case "connectivityWaitMs":
      // The last look begins within the time and takes its own: a hook, a request, the question for the Sim.
      return policy.connectivityWaitMs + 3 * graceMs;
    default:
      return entry.deadline;
  }
}

/** Writes the end into the journal and lets everything go; a failure to do so is the run's error if it has none. */
async function finish(run: Run, state: FinalState, error: EsimdError | undefined): Promise<EsimdError | undefined> {
  const { facts, parts } = run;
  let failure = error;
  const attempt = async (work: () => Promise<void> | undefined): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      parts.log.error({ error: thrown }, "the end of the run could not be completed");
      failure ??= toEsimdError(thrown);
    }
  };
  await facts.simRequest?.giveUp();
  const noted = error === undefined ? null : { code: error.code, message: error.message };
  await attempt(() =>
    facts.store?.saveJournal({
      state,
      error: noted,
      ...(state === "provisioned" ? { provisioned: true, installedIccid: facts.iccid ?? null } : {}),
    }),
  );
  await closeLpa(run, error);
  await attempt(() => facts.store?.close());
  await attempt(() => facts.line?.channel.close());
  return failure;
}

/** A line that is out of step, or gone, gives nothing back; that changes nothing about how the run ended. */
async function closeLpa(run: Run, error: EsimdError | undefined): Promise<void> {
  const { lpa } = run.facts;
  const { clock, log } = run.parts;
  if (lpa === undefined || error?.code === "serial_gone") return;
  const thrown = await closeAnyway(lpa, clock);
  if (thrown !== undefined) log.info({ error: thrown }, "the channel to the eUICC could not be closed");
}

/** The exit status of a run, after docs/errors.md. */
export function exitStatusOf(outcome: Pick<RunOutcome, "state" | "error" | "facts">): number {
  if (outcome.error !== undefined) return outcome.error.exitStatus;
  const { registration, service } = outcome.facts;
  return registration?.registered === false || service?.up === false ? registrationMissingExit : 0;
}

const registrationMissingExit = errorRegistry.registration_missing.exit;
