import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import { formatMs } from "../base/deadline.js";
import { type ErrorCode, type EsimdError, isEsimdError } from "../base/errors.js";
import type { Log } from "../base/logging.js";
import type { Random } from "../base/random.js";
import type { ProvisionResult } from "./provisioner.js";
import { isCrowded, restAfterFailure, retryPause, seldom } from "./rest-after-run.js";
import type { Presence } from "./whereabouts.js";

export interface ServiceParts {
  readonly port: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** One run; it rejects for what comes before a run, such as a clock that is not set yet. */
  readonly provision: (signal: AbortSignal) => Promise<ProvisionResult>;
  readonly onResult: (result: ProvisionResult) => void;
  /** Whether there is a modem to work with, under whatever name; asked while it is missing. */
  readonly isPresent: () => Promise<boolean>;
  /** The longest pause between two questions whether an SM-DP+ has a profile by now; a day when left out. */
  readonly pollLongestMs?: number;
  /** Who is where the modem was; asked while nothing is due on it. */
  readonly presence: () => Promise<Presence>;
  readonly rest: TakeRest;
  /** The host tells when a device comes or goes, which ends a rest that waits for one: then a look by the clock is seldom needed. */
  readonly hearsDevices?: boolean;
}

/** A time in which nothing is done on a modem. */
export interface Rest {
  readonly forMs: number;
  /** What is waited for. */
  readonly sentence: string;
  /** For a modem that comes, or another in its place; no run follows until then, however often the time is over. */
  readonly forDevices?: true;
}

/**
 * Waits the rest out. `asked`: somebody wants a run now. `over`: the time is, or a device came or went, or `signal` aborted, at which the
 * service looks by itself. Rejects never.
 */
export type TakeRest = (rest: Rest, signal: AbortSignal) => Promise<"over" | "asked">;

const presencePollMs = 5_000;
/** The same, where the host tells by itself when one comes: the look is for an event that was lost. */
const heardPollMs = 60_000;
/** How often a daemon that is done looks whether its modem was replaced: at sysfs, and not at the modem. */
const replacedPollMs = 180_000;
/** Longer than a modem is away that restarts by itself: for that nobody takes it from ModemManager, and the connection with it. */
const longestRestartMs = 60_000;

/**
 * The daemon's life with one modem: provision it, try again what is worth it, and rest when the goal is reached or a person must act, until
 * another modem is in its place.
 * Resolves when `signal` aborts.
 * @throws EsimdError when no run can begin and no later one could, as under a configuration that cannot work.
 */
export async function serve(parts: ServiceParts, signal: AbortSignal): Promise<void> {
  const { random, clock } = parts;
  let crowdedSinceMs: number | undefined;
  const poll = { firstMs: 30_000, maxMs: parts.pollLongestMs ?? seldom.maxMs };
  for (let failures = 0, costly = 0, polls = 0; !signal.aborted; ) {
    const beganMs = clock.monotonicMs();
    const { error, owes, unjudged, spentSession } = await runOnce(parts, signal);
    if (signal.aborted) return;
    if (error === undefined) crowdedSinceMs = undefined;
    if (error === undefined && (owes || unjudged)) {
      failures++;
      const forMs = Math.round(backoffMs(retryPause, failures, random));
      const sentence = owes
        ? `Provisioned; the SM-DP+ is told in ${formatMs(forMs)} what the eUICC still has to tell it.`
        : `Provisioned; whether the new profile works is looked at again in ${formatMs(forMs)}.`;
      if ((await parts.rest({ forMs, sentence }, signal)) === "asked") failures = 0;
      continue;
    }
    if (error === undefined || isForGood(error)) {
      await untilReplaced(parts, error, signal);
      failures = 0;
      costly = 0;
      polls = 0;
      continue;
    }
    if (error.code === "port_missing") {
      failures = 0;
      await waitForPort(parts, signal);
      continue;
    }
    if (error.code === "no_profile_waiting") {
      // No failure: whoever orders does so in minutes, or in months. Troubles in between leave this schedule as it is.
      failures = 0;
      const forMs = Math.round(backoffMs(poll, ++polls, random, error.retryAfterMs));
      const sentence = `No profile waits for this eUICC at its SM-DP+ yet; it is asked again in ${formatMs(forMs)}.`;
      // Whoever asks for a run now has just ordered, and the order may take a moment to arrive.
      if ((await parts.rest({ forMs, sentence }, signal)) === "asked") polls = 0;
      continue;
    }
    if (isCrowded(error)) crowdedSinceMs ??= beganMs;
    else failures++;
    if (error.code === "serial_gone") {
      if ((await waitForPort(parts, signal)) === "asked") failures = 1;
      // Once is a modem that was replugged. Again and again is one that flaps, and each run may cost a session of the paid order.
      if (failures === 1) continue;
    }
    if (spentSession) costly++;
    const crowdedMs = clock.monotonicMs() - (crowdedSinceMs ?? clock.monotonicMs());
    const forMs = restAfterFailure(error, { failures, costly, spentSession, crowdedMs }, random);
    const sentence = `The run failed (${error.code}) and is tried again in ${formatMs(forMs)}.`;
    // What spent a session counts on: whoever asks for a run now does not make the order last longer.
    if ((await parts.rest({ forMs, sentence }, signal)) === "asked") {
      failures = 0;
      crowdedSinceMs = undefined;
    }
  }
}

/**
 * For a person at a terminal these end the same way the next time; at boot they may pass: udev gives a node its group only after it made
 * it, a certificate is not valid yet by a clock that is not set yet, and a SIM that is still starting looks like one that is held.
 */
const passesAtBoot: ReadonlySet<ErrorCode> = new Set(["port_forbidden", "smdp_untrusted", "lpa_holds_isdr"]);

/** A person must act before anything else is worth a try. */
function isForGood({ code, entry }: EsimdError): boolean {
  return entry.retry === "never" && !passesAtBoot.has(code);
}

interface Ended {
  readonly error: EsimdError | undefined;
  /** The eUICC keeps notifications that its SM-DP+ did not take. */
  readonly owes: boolean;
  /** Whether the new profile works could not be told, and the one of before is kept in mind. */
  readonly unjudged: boolean;
  /**
   * The SM-DP+ let it through to a package, which did not arrive. It counts such sessions, and gives an order that was paid for up after a few: a
   * network that loses large answers for a day must not cost them all.
   */
  readonly spentSession: boolean;
}

/** How a run ended. A run that could not begin ends with an error too, if a later one may begin. */
async function runOnce(parts: ServiceParts, signal: AbortSignal): Promise<Ended> {
  try {
    const result = await parts.provision(signal);
    // Told even when esimd is being stopped: what the run reached is reached.
    parts.onResult(result);
    const { error, facts } = result.outcome;
    const spentSession = facts.session?.offer !== undefined && facts.arrived === undefined;
    return { error, owes: facts.owedNotifications > 0, unjudged: facts.unjudged, spentSession };
  } catch (error) {
    // Stopped before it began, as in the middle of a wait for its turn: the loop looks at the signal.
    if (signal.aborted) return { error: undefined, owes: false, unjudged: false, spentSession: false };
    if (!isEsimdError(error) || isForGood(error)) throw error;
    parts.log.warn({ port: parts.port, error }, "a run could not begin");
    return { error, owes: false, unjudged: false, spentSession: false };
  }
}

/** Waits until the modem is there again; a run that lost it has waited a while by itself, and looked more often. */
async function waitForPort(parts: ServiceParts, signal: AbortSignal): Promise<"there" | "asked"> {
  const rest: Rest = {
    forMs: absentPollMs(parts),
    sentence: "The modem is not there; waiting for it.",
    forDevices: true,
  };
  do {
    if ((await parts.rest(rest, signal)) === "asked") return "asked";
  } while (!signal.aborted && !(await parts.isPresent()));
  return "there";
}

function absentPollMs({ hearsDevices = false }: ServiceParts): number {
  return hearsDevices ? heardPollMs : presencePollMs;
}

/**
 * Rests until another modem is in the old one's place, or may be: one that nothing tells from it, and that came after a long absence. Or
 * until somebody asks for a run.
 */
async function untilReplaced(parts: ServiceParts, error: EsimdError | undefined, signal: AbortSignal): Promise<void> {
  const { clock, port, log, presence } = parts;
  const why = error === undefined ? "Provisioned: nothing more is due" : `A person must act first (${error.code})`;
  const sentence = `${why} until another modem comes, or a run is asked for.`;
  let goneAtMs: number | undefined;
  for (;;) {
    const forMs = goneAtMs === undefined ? replacedPollMs : absentPollMs(parts);
    if ((await parts.rest({ forMs, sentence, forDevices: true }, signal)) === "asked" || signal.aborted) return;
    const who = await presence();
    if (who === "absent") {
      goneAtMs ??= clock.monotonicMs();
      continue;
    }
    const awayMs = goneAtMs === undefined ? 0 : clock.monotonicMs() - goneAtMs;
    goneAtMs = undefined;
    if (who === "same" || (who === "perhaps-same" && awayMs <= longestRestartMs)) continue;
    log.info({ port }, "another modem is in the place of the one that was done");
    return;
  }
}
