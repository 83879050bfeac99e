import { sleep } from "../../base/clock.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { type Iccid, maskIdentifiers } from "../../base/identifiers.js";
import type { InstalledProfile } from "../../lpa/lpa.js";
import { cycleFunctionality } from "../../modem/power.js";
import { type TakeUp, takeUpProfile } from "../../modem/refresh.js";
import { isSameIccid, readIccidInUse } from "../../modem/sim-status.js";
import { listComesTo, listPatiently } from "./patience.js";
import type { LockedEuicc } from "./session.js";

/** Switching, renaming and deleting a profile: what is asked for may be refused and done, or accepted and not; the list decides. */

/** Vendors' own tests poll for 63 s until a switch has taken effect. */
const acceptedPatienceMs = 65_000;
const refusedPatienceMs = 1_500;
const busyPauseMs = 3_000;
const attempts = 3;
/** How long a modem is given to notice that the profile that it used is off. */
const leavePatienceMs = 10_000;
const leavePollMs = 500;

/** What a change left behind. */
export interface SwitchEnd {
  readonly changed: boolean;
  /** What the modem uses now; undefined when it does not tell, or uses none. */
  readonly uses: Iccid | undefined;
  /** After enabling: whether the modem works with the profile. */
  readonly takeUp: TakeUp | undefined;
}

/** @throws EsimdError `enable_failed`, `profile_unknown`, `profile_refused` and others. */
export async function enableProfile(euicc: LockedEuicc, iccid: Iccid, signal: AbortSignal): Promise<SwitchEnd> {
  const { lpa, line, dialect, config, log } = euicc;
  const isSo = (list: readonly InstalledProfile[]): boolean => stateOf(list, iccid) === true;
  const changed = await change(euicc, "enable", iccid, isSo, () => lpa.enableProfile(iccid, signal), signal);
  // A modem that has it enabled for long is looked at, and not restarted for it.
  const options = { line, dialect, wakeMs: config.modem.wakeWaitMs, mayRestart: changed, log };
  const takeUp = await takeUpProfile(options, iccid, signal);
  const uses = takeUp.kind === "taken-up" ? iccid : takeUp.kind === "untold" ? undefined : takeUp.uses;
  return { changed, uses, takeUp };
}

/** @throws EsimdError `profile_unknown`, `profile_refused` and others. */
export async function disableProfile(euicc: LockedEuicc, iccid: Iccid, signal: AbortSignal): Promise<SwitchEnd> {
  const isSo = (list: readonly InstalledProfile[]): boolean => stateOf(list, iccid) === false;
  const work = (): Promise<void> => euicc.lpa.disableProfile(iccid, signal);
  const changed = await change(euicc, "disable", iccid, isSo, work, signal);
  const uses = changed ? await lettingGo(euicc, iccid, signal) : undefined;
  // Whoever comes next finds a card that has restarted, and not one that is about to.
  await listPatiently(euicc, signal);
  return { changed, uses, takeUp: undefined };
}

/** A modem that ignores the eUICC's REFRESH goes on with a profile that is off; its radio off and on makes it look (openpilot, wwand). */
async function lettingGo(euicc: LockedEuicc, iccid: Iccid, signal: AbortSignal): Promise<Iccid | undefined> {
  const uses = await leaves(euicc, iccid, signal);
  const goesOn = uses !== undefined && isSameIccid(uses, iccid);
  if (!goesOn || !euicc.dialect.refresh.ladder.includes("cfun")) return uses;
  euicc.log.warn({ uses }, "the modem goes on with the profile that was disabled; its radio is restarted");
  try {
    await cycleFunctionality(euicc.line, signal);
  } catch (error) {
    if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
    euicc.log.warn({ error }, "the modem refused to restart its radio");
  }
  return leaves(euicc, iccid, signal);
}

/** Gone for good. Whoever calls has made sure that a person wants it. @throws EsimdError */
export async function deleteProfile(euicc: LockedEuicc, iccid: Iccid, signal: AbortSignal): Promise<void> {
  const { lpa, store } = euicc;
  const { journal } = store;
  // Before, and not after: what the next run goes by must not be lost with the power.
  if (journal.provisioned && journal.installedIccid === iccid) await store.saveJournal({ provisioned: false });
  const isSo = (list: readonly InstalledProfile[]): boolean => stateOf(list, iccid) === undefined;
  await change(euicc, "delete", iccid, isSo, () => lpa.deleteProfile(iccid, signal), signal);
}

/** True for enabled, undefined for not there. */
function stateOf(list: readonly InstalledProfile[], iccid: Iccid): boolean | undefined {
  return list.find((profile) => profile.iccid === iccid)?.enabled;
}

/** Resolves with false when it was so already. */
async function change(
  euicc: LockedEuicc,
  name: "enable" | "disable" | "delete",
  iccid: Iccid,
  isSo: (list: readonly InstalledProfile[]) => boolean,
  work: () => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const { clock, log } = euicc;
  if (isSo(await listPatiently(euicc, signal))) return false;
  let refusal: EsimdError | undefined;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    refusal = undefined;
    try {
      await work();
    } catch (error) {
      if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
      refusal = error;
      log.info({ error, attempt }, `the LPA refused to ${name} the profile; the list is read all the same`);
    }
    const patienceMs = refusal === undefined ? acceptedPatienceMs : refusedPatienceMs;
    if (await listComesTo(euicc, isSo, patienceMs, signal)) return true;
    if (refusal?.code !== "modem_busy") break;
    await sleep(clock, busyPauseMs, signal);
  }
  if (refusal !== undefined) throw refusal;
  throw new EsimdError(
    name === "enable" ? "enable_failed" : "profile_refused",
    `the modem accepted to ${name} the profile ${maskIdentifiers(iccid)}, and its list does not show it after ${acceptedPatienceMs / 1000} s`,
  );
}

/** What the modem uses once it let go of a profile, or that profile if it does not. */
async function leaves(euicc: LockedEuicc, iccid: Iccid, signal: AbortSignal): Promise<Iccid | undefined> {
  const { line, dialect, clock } = euicc;
  const startMs = clock.monotonicMs();
  for (;;) {
    const uses = await usedNow(euicc, signal);
    if (uses === undefined || !isSameIccid(uses, iccid)) return uses;
    if (clock.monotonicMs() - startMs >= Math.min(leavePatienceMs, dialect.refresh.waitMs)) return uses;
    await sleep(line.clock, leavePollMs, signal);
  }
}

async function usedNow({ line, dialect }: LockedEuicc, signal: AbortSignal): Promise<Iccid | undefined> {
  try {
    return await readIccidInUse(line, dialect, signal);
  } catch (error) {
    // A SIM that restarts may silence its modem for a while.
    if (signal.aborted || !isEsimdError(error, "modem_silent")) throw error;
    return undefined;
  }
}
