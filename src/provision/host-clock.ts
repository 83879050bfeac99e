/** Whether the host's clock can be trusted with certificates, tokens and dates: the one rule for runs, the doctor and `esimd clock`. */

/** What a host knows of its own clock. esimd never sets it in a run. */
export interface HostClock {
  /** When this esimd was made. */
  readonly builtAtMs: number;
  /** Whether there is a mark that something synchronised the clock since the host started; costs nothing to ask. */
  readonly isMarked: () => Promise<boolean>;
  /** Whether the kernel takes the clock for synchronised, by whichever program; undefined where nobody tells. Costs a process. */
  readonly isSynchronised: (signal: AbortSignal) => Promise<boolean | undefined>;
}

/** `build-date`: the operator vouches for every clock that is not before esimd's build date. */
export type ClockTrust = "evidence" | "build-date";

export interface ClockEvidence {
  readonly nowMs: number;
  readonly builtAtMs: number;
  /** Undefined: nobody tells. */
  readonly isSynchronised: boolean | undefined;
  /** The modem's clock (AT+CCLK); `unset` while no network has set it, `unasked` where no modem was asked. */
  readonly modem: number | "unset" | "unasked";
}

export type ClockJudgement =
  | { readonly sane: true; readonly by: "synchronisation" | "the modem's clock" | "the operator" }
  /** `why`: as a sentence without its end. */
  | { readonly sane: false; readonly why: string };

/** Certificates, tokens and Retry-After dates bear hours; a day is a clock that nobody set. */
export const tolerableClockErrorMs = 24 * 60 * 60_000;

/** Later than esimd was made, and synchronised or within a day of the modem's clock. Pure. */
export function judgeHostClock(evidence: ClockEvidence, trust: ClockTrust): ClockJudgement {
  const { nowMs, isSynchronised, modem } = evidence;
  const before = beforeBuild(evidence);
  if (before !== undefined) return { sane: false, why: before };
  if (trust === "build-date") return { sane: true, by: "the operator" };
  if (isSynchronised === true) return { sane: true, by: "synchronisation" };
  if (typeof modem === "number" && Math.abs(nowMs - modem) <= tolerableClockErrorMs)
    return { sane: true, by: "the modem's clock" };
  const host = isSynchronised === false ? "is not synchronised" : "is not known to be synchronised";
  return { sane: false, why: `the clock says ${dayOf(nowMs)} and ${host}, and ${modemsWord(modem)}` };
}

/** What helps where nothing vouches for the clock. */
export const clockHint =
  "Let NTP synchronise the host, or a network set the modem's clock; esimd-clock.service sets the host's by the modem's. Where neither can be, boot.clock_trust has esimd trust any time later than its build date (docs/first-boot.md).";

/** The half of the rule that needs no witness. Pure. */
export function beforeBuild({ nowMs, builtAtMs }: Pick<ClockEvidence, "nowMs" | "builtAtMs">): string | undefined {
  return nowMs >= builtAtMs ? undefined : `the clock says ${dayOf(nowMs)}, before this esimd was made`;
}

export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function modemsWord(modem: ClockEvidence["modem"]): string {
  if (modem === "unset") return "no network has set the modem's clock";
  return modem === "unasked" ? "no modem was asked for its clock" : `the modem's clock says ${dayOf(modem)}`;
}
