import type { ESimProfile, ProviderApi } from "../../api/resources.js";
import { withDeadline } from "../../base/deadline.js";
import { isEsimdError } from "../../base/errors.js";
import { awaitRegistration } from "../../modem/registration.js";
import { pauseForHint } from "../hints.js";
import { availablePolls, pollPauseMs } from "../polling.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";
import { deliverBeside } from "./deliver.js";
import { settleSim } from "./sim.js";

/**
 * Waits for registration, within its time; a device without coverage is provisioned all the same. That time begins once the Sim is as it is
 * to be: before, no network takes it.
 */
export async function register(run: Run, signal: AbortSignal): Promise<EventName> {
  const { parts, facts } = run;
  const telling = deliverBeside(run, signal);
  try {
    await settleSim(run, signal);
    facts.registration =
      (await awaitRegistration(need(run, "line"), parts.policy.registrationWaitMs, parts.log, signal)) ??
      facts.registration;
    facts.restAsked = (await telling?.end()) ?? false;
  } finally {
    // The card is asked for one thing at a time, and the next state may ask it.
    await telling?.giveUp();
  }
  return "registration-read";
}

/** What is asked within the time may be answered after it. */
const lastQuestionMs = 15_000;

/**
 * Polls for `downloaded` or `installed`, within its time: whoever has many to serve is not asked for longer. Neither is promised, so that
 * their absence is no failure: the eUICC is the truth.
 */
export async function confirm(run: Run, signal: AbortSignal): Promise<EventName> {
  const { parts, facts } = run;
  const { api, clock, log, policy } = parts;
  const { reservation } = facts;
  if (api === undefined || reservation === undefined || facts.nothingToDo) return "confirmed";
  const timeoutMs = policy.confirmWaitMs + lastQuestionMs;
  const bound = { clock, timeoutMs, signal, what: "the provider's word of the installation" };
  try {
    await withDeadline(bound, (bounded) => pollUntilInstalled(run, api, reservation, bounded));
  } catch (error) {
    if (signal.aborted || !isEsimdError(error, "deadline")) throw error;
  }
  const status = facts.reservation?.status;
  if (status !== "installed")
    log.info({ status }, "the provider does not show the installation; the eUICC does, and that is enough");
  return "confirmed";
}

async function pollUntilInstalled(
  run: Run,
  api: ProviderApi,
  { sid }: ESimProfile,
  signal: AbortSignal,
): Promise<void> {
  const { parts, facts } = run;
  const startMs = parts.clock.monotonicMs();
  for (;;) {
    try {
      facts.reservation = await api.getESimProfile(sid, signal);
    } catch (error) {
      if (signal.aborted || !isEsimdError(error)) throw error;
      parts.log.info({ error }, "the provider could not be asked whether it heard of the installation");
    }
    if (facts.reservation?.status === "installed") return;
    const waitedMs = parts.clock.monotonicMs() - startMs;
    const pauseMs = pollPauseMs(availablePolls, waitedMs, parts.random);
    if (waitedMs + pauseMs >= parts.policy.confirmWaitMs) return;
    await pauseForHint(parts.clock, parts.hints, { sid, eid: facts.eid }, pauseMs, signal);
  }
}
