import { EsimdError } from "../../base/errors.js";
import { maskIdentifiers, parseIccid } from "../../base/identifiers.js";
import { awaitRegistration } from "../../modem/registration.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";
import { agesAt, pauseAfterMs } from "../trial.js";
import { bringAbout } from "./enable.js";
import { takeUpAgain } from "./refresh.js";
import { momentOf } from "./trial.js";

/** The way back to the profile that the device had. It is never counted and never refused: without it there may be no other way home. */

/** What is left of the state's time once the modem has taken the profile up. */
const recoveryWaitMs = 240_000;

export async function revert(run: Run, signal: AbortSignal): Promise<EventName> {
  const { facts, parts } = run;
  const store = need(run, "store");
  const { trial } = store.journal;
  if (trial === null) throw new Error("there is no trial to end");
  const before = parseIccid(trial.before, "the journal's trial");
  parts.log.warn({ error: facts.setback, before }, "the device goes back to the profile that it had");
  // Before the switch: a run that finds the new profile enabled all the same judges it anew, and one that finds the old one knows why.
  const phase = trial.phase === "uncounted" ? "uncounted" : "back";
  await store.saveJournal({ provisioned: false, trial: { ...trial, phase } });
  await bringAbout(run, before, false, signal);
  facts.fallback = before;
  return "reverted";
}

/** The modem is to use it and to be registered with it; whatever it does, the profile is enabled, and the run ends with what led here. */
export async function recover(run: Run, signal: AbortSignal): Promise<EventName> {
  const { facts, parts } = run;
  const before = need(run, "fallback");
  await takeUpAgain(run, before, signal);
  const waitMs = Math.min(recoveryWaitMs, Math.max(60_000, parts.policy.registrationWaitMs));
  facts.registration = await awaitRegistration(need(run, "line"), waitMs, parts.log, signal);
  facts.setback = withEnd(run, need(run, "setback"));
  return "recovered";
}

/** Which profile the device is on now belongs into the one sentence that a person reads. */
function withEnd(run: Run, setback: EsimdError): EsimdError {
  const { facts, parts } = run;
  const { state, registered } = facts.registration ?? { state: "unknown", registered: false };
  const on = registered ? `registered (${state})` : `not registered (${state})`;
  const before = maskIdentifiers(need(run, "fallback"));
  const ages = agesAt(need(run, "store").journal.switches, momentOf(run));
  const retryAfterMs = setback.retryAfterMs ?? pauseAfterMs(ages, parts.policy.connectivity.switchesPerDay);
  return new EsimdError(setback.code, `${setback.message}; the device is back on ${before}, ${on}`, {
    cause: setback,
    hint: setback.hint,
    retryAfterMs,
  });
}
