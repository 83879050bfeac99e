import type { Iccid } from "../base/identifiers.js";
import type { InstalledProfile } from "../lpa/lpa.js";
import type { Journal } from "./journal.js";
import type { Policy } from "./policy.js";

/**
 * A new profile is on trial where another one was enabled before it: what is remembered of it, what is counted, and when the device goes
 * back. Pure.
 */

export type Trial = NonNullable<Journal["trial"]>;
type Switches = Journal["switches"];

/** Now, by the clocks of one process. */
export interface Moment {
  /** Who this process is; undefined where that cannot be told. */
  readonly process: string | undefined;
  readonly monotonicMs: number;
  readonly nowMs: number;
}

export const dayMs = 86_400_000;

/**
 * How long ago each switch of the last 24 hours was. Within one process monotonic time tells, whatever becomes of the date; between two
 * there is only the date, and one that went back says that no time has passed.
 */
export function agesAt(switches: Switches, moment: Moment): readonly number[] {
  if (switches === null) return [];
  const isSame = moment.process !== undefined && moment.process === switches.process;
  const passedMs = isSame ? moment.monotonicMs - switches.monotonicMs : moment.nowMs - Date.parse(switches.at);
  return switches.agesMs.map((ageMs) => ageMs + Math.max(0, passedMs)).filter((ageMs) => ageMs < dayMs);
}

/** As it is written down: counted from now on by the clocks of this process. */
export function writtenSwitches(agesMs: readonly number[], moment: Moment): Switches {
  if (agesMs.length === 0) return null;
  return {
    process: moment.process ?? "",
    monotonicMs: moment.monotonicMs,
    at: new Date(moment.nowMs).toISOString(),
    agesMs: agesMs.map(Math.floor),
  };
}

/** How long until one more switch is allowed; 0: now. */
export function untilSwitchMs(agesMs: readonly number[], perDay: number): number {
  if (agesMs.length < perDay) return 0;
  const youngestFirst = [...agesMs].sort((a, b) => a - b);
  return dayMs - (youngestFirst[perDay - 1] ?? 0);
}

/** A network that is down for a while is not tried three times within it. */
const pausesMs = [3_600_000, 4 * 3_600_000] as const;

/** How long to wait after a switch that came to nothing: rising, and until one is allowed. */
export function pauseAfterMs(agesMs: readonly number[], perDay: number): number {
  const pauseMs = pausesMs[Math.min(agesMs.length, pausesMs.length) - 1] ?? 0;
  return Math.max(pauseMs, untilSwitchMs(agesMs, perDay));
}

/** Whether going back is a matter at all. */
export function isAsked({ connectivity }: Pick<Policy, "connectivity">): boolean {
  return connectivity.rollback && connectivity.check !== "none";
}

/** The profile that the device goes back to when `iccid` has no service: one that worked, as far as that could be told. */
export function wayBack(
  trial: Journal["trial"],
  iccid: Iccid,
  policy: Pick<Policy, "connectivity">,
): Trial | undefined {
  if (trial === null || trial.wanted !== iccid || !isAsked(policy)) return undefined;
  return trial.registered === false ? undefined : trial;
}

/** What a run finds at its start of a trial that an earlier one did not end. */
export type Found =
  /** The new profile is enabled and not judged. */
  | "on-trial"
  /** Nothing is enabled, and the device came with a profile. */
  | "stranded"
  | "nothing";

export function foundOf(
  trial: Journal["trial"],
  onEuicc: readonly InstalledProfile[],
  policy: Pick<Policy, "connectivity">,
): Found {
  if (trial === null || !onEuicc.some(({ iccid }) => iccid === trial.before)) return "nothing";
  const enabled = onEuicc.filter((profile) => profile.enabled);
  if (enabled.length === 0) return "stranded";
  const isOn = enabled.some(({ iccid }) => iccid === trial.wanted);
  return isOn && isAsked(policy) && trial.registered !== false ? "on-trial" : "nothing";
}

/** Whether enabling the wanted profile is a switch of its own, or the one that was counted and did not come about. */
export function isCounted(trial: Journal["trial"], wanted: Iccid, before: Iccid): boolean {
  return trial !== null && trial.wanted === wanted && trial.before === before && trial.phase === "begun";
}

/** What is known of a Sim's right to a network. An inactive one says nothing about its profile. */
export type SimWord =
  | { readonly kind: "usable" }
  | { readonly kind: "unusable"; readonly status: string }
  | { readonly kind: "unknown" };

/** What was found of the service of a profile; `up` is undefined where it cannot be told. */
export type Service =
  | { readonly up: true }
  | { readonly up: false; readonly why: string }
  | { readonly up: undefined; readonly why: string };

/** `keep`: the trial ends well. `wait`: it goes on. `back`: the device goes back. `none`: there is nothing to decide. */
export type Verdict = "keep" | "wait" | "back" | "none";

export function judge(service: Service, trial: Trial | undefined, sim: SimWord): Verdict {
  if (trial === undefined) return "none";
  if (service.up === true) return "keep";
  if (service.up === undefined || sim.kind === "unusable") return "wait";
  return "back";
}

/** Several words about one service: what is missing decides, and what cannot be told counts for nothing beside what can. */
export function together(services: readonly Service[]): Service {
  return (
    services.find(({ up }) => up === false) ??
    services.find(({ up }) => up === true) ??
    services[0] ?? { up: undefined, why: "nothing was asked" }
  );
}
