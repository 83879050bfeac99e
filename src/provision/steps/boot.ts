import { backoffMs } from "../../base/backoff.js";
import { sleep } from "../../base/clock.js";
import { formatMs, withDeadline } from "../../base/deadline.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { readModemClock } from "../../modem/surroundings.js";
import { type ClockEvidence, type ClockJudgement, clockHint, judgeHostClock } from "../host-clock.js";
import { pauses } from "../pauses.js";
import type { ReachTarget } from "../reach.js";
import { need, type Run } from "../run.js";
import type { EventName, StateName, states } from "../states.js";
import { smdpWithoutReservation } from "./download.js";

/**
 * What a device that has just started may lack: the time, and a network. A run waits for both before it asks anything of the provider. A
 * device that is provisioned, or whose modem does everything by itself, waits for neither.
 */

/** How often the clock is looked at for a jump, which is NTP or a person; and how often everybody is asked without one. */
const lookMs = 1_000;
const askMs = 10_000;
/** NTP slews by less; what jumps by more was set. */
const jumpMs = 10_000;

export async function awaitClock(run: Run, signal: AbortSignal): Promise<EventName> {
  const { clock, log, policy } = run.parts;
  if (!(await needsNetwork(run, signal))) return "network-unneeded";
  const startMs = clock.monotonicMs();
  for (;;) {
    const judgement = await judgeNow(run, signal);
    if (judgement.sane) {
      log.debug({ by: judgement.by }, "the host's clock can be trusted");
      return "clock-known";
    }
    const leftMs = policy.clockWaitMs - (clock.monotonicMs() - startMs);
    if (leftMs <= 0) throw new EsimdError("clock_insane", judgement.why, { hint: clockHint });
    tell(run, "clocking", `Waiting for the right time, for ${formatMs(leftMs)} at most: ${judgement.why}.`, leftMs);
    await untilJump(run, Math.min(leftMs, askMs), signal);
  }
}

/** Cheapest first: the mark, then the modem, then a program that asks the kernel. */
async function judgeNow(run: Run, signal: AbortSignal): Promise<ClockJudgement> {
  const { clock, hostClock, policy } = run.parts;
  const judge = (witness: Pick<ClockEvidence, "isSynchronised" | "modem">): ClockJudgement =>
    judgeHostClock({ nowMs: clock.nowMs(), builtAtMs: hostClock.builtAtMs, ...witness }, policy.clockTrust);
  const isMarked = await hostClock.isMarked();
  const modem = "unasked";
  const alone = judge({ isSynchronised: isMarked ? true : undefined, modem });
  // Before the build date nobody's word counts.
  if (alone.sane || clock.nowMs() < hostClock.builtAtMs) return alone;
  const modemMs = (await readModemClock(need(run, "line"), signal)) ?? "unset";
  const byModem = judge({ isSynchronised: undefined, modem: modemMs });
  if (byModem.sane) return byModem;
  return judge({ isSynchronised: await hostClock.isSynchronised(signal), modem: modemMs });
}

/** Sleeps so long, or until somebody has set the clock. */
async function untilJump(run: Run, ms: number, signal: AbortSignal): Promise<void> {
  const { clock } = run.parts;
  const startMs = clock.monotonicMs();
  const offsetMs = clock.nowMs() - startMs;
  for (;;) {
    const leftMs = ms - (clock.monotonicMs() - startMs);
    if (leftMs <= 0 || Math.abs(clock.nowMs() - clock.monotonicMs() - offsetMs) > jumpMs) return;
    await sleep(clock, Math.min(leftMs, lookMs), signal);
  }
}

const oneReachMs = 15_000;

/** Waits until every server that the run cannot do without takes a connection. Costs no request. */
export async function reachNetwork(run: Run, signal: AbortSignal): Promise<EventName> {
  const { clock, random, policy } = run.parts;
  const startMs = clock.monotonicMs();
  const open = [...(await targetsOf(run, signal))];
  for (let attempt = 1; ; attempt++) {
    const error = await reachAll(run, open, signal);
    if (error === undefined) return "reached";
    const leftMs = policy.networkWaitMs - (clock.monotonicMs() - startMs);
    if (leftMs <= 0) throw error;
    tell(run, "reaching", `Waiting for the network, for ${formatMs(leftMs)} at most: ${error.message}.`, leftMs);
    await sleep(clock, Math.min(leftMs, backoffMs(pauses.reach, attempt, random)), signal);
  }
}

async function targetsOf(run: Run, signal: AbortSignal): Promise<readonly ReachTarget[]> {
  const { parts } = run;
  if (parts.api !== undefined) return parts.apiUrls.map((url) => ({ kind: "api", url }));
  const address = await smdpWithoutReservation(run, signal);
  // Nobody names one: the SM-DS does, once it is asked.
  return address === undefined ? [] : [{ kind: "smdp", address }];
}

/** Those that were reached are taken out of `open`. Gives why the first of the others was not. */
async function reachAll(run: Run, open: ReachTarget[], signal: AbortSignal): Promise<EsimdError | undefined> {
  const { clock, reach } = run.parts;
  for (let target = open[0]; target !== undefined; target = open[0]) {
    const server = target;
    const what = `the connection to ${server.kind === "api" ? new URL(server.url).host : server.address}`;
    try {
      await withDeadline({ clock, timeoutMs: oneReachMs, signal, what }, (bounded) => reach(server, bounded));
    } catch (error) {
      if (signal.aborted || !isEsimdError(error)) throw error;
      if (error.code !== "deadline") return error;
      const code = server.kind === "api" ? "api_unreachable" : "smdp_unreachable";
      return new EsimdError(code, error.message, { cause: error });
    }
    open.shift();
  }
  return undefined;
}

/** Told once for each thing that is waited for; the time that is left goes on by itself. */
function tell(run: Run, state: StateName & keyof typeof states, sentence: string, leftMs: number): void {
  const what = sentence.replace(/for [\d.]+ (ms|s|min) at most/, "");
  if (run.facts.waitsFor === what) return;
  run.facts.waitsFor = what;
  run.parts.observe({ kind: "state", state, sentence, withinMs: leftMs + stepEndMs });
}

/** What a step needs to end once its wait is over. */
const stepEndMs = 75_000;

/** A provisioned device needs nothing more, and a modem that downloads by itself for provider `none` has a network of its own. */
async function needsNetwork(run: Run, signal: AbortSignal): Promise<boolean> {
  const { kind } = need(run, "lpa");
  if (run.parts.api === undefined && (kind === "modem-network" || kind === "modem-only")) return false;
  const { journal } = need(run, "store");
  if (!journal.provisioned) return true;
  const onEuicc = await need(run, "lpa").listProfiles(signal);
  return !onEuicc.some(({ iccid, enabled }) => enabled && iccid === journal.installedIccid);
}
