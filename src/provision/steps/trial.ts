import { EsimdError, isEsimdError } from "../../base/errors.js";
import { type Iccid, maskIdentifiers, parseIccid } from "../../base/identifiers.js";
import type { InstalledProfile } from "../../lpa/lpa.js";
import { awaitRegistration } from "../../modem/registration.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";
import {
  agesAt,
  foundOf,
  isAsked,
  isCounted,
  type Moment,
  type Trial,
  untilSwitchMs,
  writtenSwitches,
} from "../trial.js";

/** The trial of a new profile as the steps keep it: begun before the switch, durable at each of its phases, found again by every run. */

/** How long the profile that is to be left may take to show that it works, as after a start of the modem. */
const beforeWaitMs = 60_000;

export function momentOf({ parts: { clock, process } }: Run): Moment {
  return { process, monotonicMs: clock.monotonicMs(), nowMs: clock.nowMs() };
}

/** The list as it is now; undefined while the card restarts (REFRESH) and the modem refuses it or sees no SIM: that is "not yet". */
export async function listNow(run: Run, signal: AbortSignal): Promise<readonly InstalledProfile[] | undefined> {
  try {
    return await need(run, "lpa").listProfiles(signal);
  } catch (error) {
    const passing =
      isEsimdError(error) &&
      ["modem_refused", "no_euicc", "modem_protocol", "modem_busy", "modem_silent"].includes(error.code);
    if (signal.aborted || !passing) throw error;
    return undefined;
  }
}

/**
 * At the start of a run: a trial that an earlier one left open comes before anything that wants a network, since there may be none until the
 * device is back on the profile that it had.
 */
export async function resumeTrial(run: Run, signal: AbortSignal): Promise<EventName> {
  const { facts, parts } = run;
  const { trial } = need(run, "store").journal;
  await ageSwitches(run);
  if (trial === null) return "identified";
  const found = foundOf(trial, await need(run, "lpa").listProfiles(signal), parts.policy);
  if (found === "nothing") return "identified";
  facts.iccid = parseIccid(trial.wanted, "the journal's trial");
  if (found === "on-trial") return "on-trial";
  facts.setback = new EsimdError("enable_failed", "the eUICC had no profile enabled, and it came with one");
  return "stranded";
}

/** Counts them on from now, by this process's clocks: a date that was wrong, and is set right, is wrong for one process only. */
async function ageSwitches(run: Run): Promise<void> {
  const store = need(run, "store");
  const { switches } = store.journal;
  if (switches === null) return;
  const moment = momentOf(run);
  await store.saveJournal({ switches: writtenSwitches(agesAt(switches, moment), moment) });
}

/**
 * Before `iccid` is enabled: notes durably which profile is left for it, and whether that one works.
 * @throws EsimdError `profile_no_service` while the device is to stay on the profile that works.
 */
export async function beginTrial(run: Run, iccid: Iccid, signal: AbortSignal): Promise<void> {
  const { facts, parts } = run;
  const store = need(run, "store");
  const { trial } = store.journal;
  const enabled = facts.onEuicc.filter((profile) => profile.enabled);
  const left = enabled.find((profile) => profile.iccid !== iccid)?.iccid;
  // It is enabled already, or there never was another one.
  if (left === undefined) return;
  if (isCounted(trial, iccid, left)) return;
  const isKnown = trial?.wanted === iccid && trial.before === left;
  const next = { wanted: iccid, before: left, registered: null, phase: "uncounted" } as const satisfies Trial;
  if (!isAsked(parts.policy)) {
    if (!isKnown) await store.saveJournal({ trial: next });
    return;
  }
  const registered = isKnown && trial.registered === true ? true : await worksNow(run, signal);
  if (registered === false) {
    parts.log.info(
      { before: left },
      "the profile that is enabled has no network either, so that there is nothing to go back to",
    );
    await store.saveJournal({ trial: { ...next, registered } });
    return;
  }
  if (allowedInMs(run) > 0) {
    facts.registration = await awaitRegistration(need(run, "line"), 0, parts.log, signal);
    facts.fallback = left;
    throw resting(run, left);
  }
  const moment = momentOf(run);
  await store.saveJournal({
    trial: { ...next, registered, phase: "begun" },
    switches: writtenSwitches([...agesAt(store.journal.switches, moment), 0], moment),
  });
}

/** Null where the modem does not tell. */
async function worksNow(run: Run, signal: AbortSignal): Promise<boolean | null> {
  const { parts } = run;
  const patienceMs = Math.min(beforeWaitMs, parts.policy.registrationWaitMs);
  const registration = await awaitRegistration(need(run, "line"), patienceMs, parts.log, signal);
  return registration === undefined || registration.state === "unknown" ? null : registration.registered;
}

function allowedInMs(run: Run): number {
  const { journal } = need(run, "store");
  return untilSwitchMs(agesAt(journal.switches, momentOf(run)), run.parts.policy.connectivity.switchesPerDay);
}

function resting(run: Run, before: Iccid): EsimdError {
  const { switchesPerDay } = run.parts.policy.connectivity;
  const waitMs = allowedInMs(run);
  return new EsimdError(
    "profile_no_service",
    `the new profile ${maskIdentifiers(need(run, "iccid"))} had no service at ${switchesPerDay} ${switchesPerDay === 1 ? "try" : "tries"} within a day; the device stays on ${maskIdentifiers(before)}, and the next one is in ${Math.ceil(waitMs / 3_600_000)} h`,
    { retryAfterMs: waitMs },
  );
}

/** The list shows it: from now on an enabled profile of before would mean that somebody else switched. */
export async function noteEnabled(run: Run, iccid: Iccid): Promise<void> {
  const store = need(run, "store");
  const { trial } = store.journal;
  if (trial?.wanted === iccid && trial.phase === "begun")
    await store.saveJournal({ trial: { ...trial, phase: "enabled" } });
}

/** Nothing is enabled any more, and the device came with a profile. */
export async function isStranded(run: Run, signal: AbortSignal): Promise<boolean> {
  const { trial } = need(run, "store").journal;
  const list = await listNow(run, signal);
  if (trial === null || list === undefined || list.some(({ enabled }) => enabled)) return false;
  return list.some(({ iccid }) => iccid === trial.before);
}
