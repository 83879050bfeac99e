import { backoffMs } from "../../base/backoff.js";
import { sleep } from "../../base/clock.js";
import { describeCause, EsimdError, isEsimdError } from "../../base/errors.js";
import type { Iccid } from "../../base/identifiers.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";
import { beginTrial, isStranded, listNow, noteEnabled } from "./trial.js";

const askPause = { firstMs: 2_000, maxMs: 10_000 };
const attempts = 3;
const pollMs = 1_500;
/** Vendors' own tests poll for 63 s until a switch has taken effect. */
const switchPatienceMs = 65_000;

/** Enables the profile and reads the list until it is so; a device that had another one is left with one, whatever becomes of it. */
export async function enable(run: Run, signal: AbortSignal): Promise<EventName> {
  const { facts } = run;
  const iccid = need(run, "iccid");
  await beginTrial(run, iccid, signal);
  // After a download the list was just read; what it said then need not be asked again.
  const knownDisabled = facts.arrived?.iccid === iccid && !facts.arrived.enabled;
  try {
    await bringAbout(run, iccid, knownDisabled, signal);
  } catch (error) {
    if (signal.aborted || !isEsimdError(error, "enable_failed") || !(await isStranded(run, signal))) throw error;
    facts.setback = error;
    return "no-service";
  }
  await noteEnabled(run, iccid);
  return "enabled";
}

/**
 * Enables a profile: OK means accepted, and even a refusal may have worked, so that only the list tells.
 * @throws EsimdError `enable_failed`.
 */
export async function bringAbout(run: Run, iccid: Iccid, knownDisabled: boolean, signal: AbortSignal): Promise<void> {
  const { parts, facts } = run;
  let refusal: EsimdError | undefined;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (!(attempt === 1 && knownDisabled) && (await isEnabled(run, iccid, signal))) return;
    facts.changed = true;
    refusal = undefined;
    try {
      await need(run, "lpa").enableProfile(iccid, signal);
    } catch (error) {
      if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
      refusal = error;
      parts.log.warn({ error, attempt }, "enabling was refused; the list is read all the same");
    }
    if (await becomesEnabled(run, iccid, refusal === undefined ? switchPatienceMs : pollMs, signal)) return;
    await sleep(parts.clock, backoffMs(askPause, attempt, parts.random), signal);
  }
  const why =
    refusal === undefined ? "the modem accepted it, and the list still shows it disabled" : describeCause(refusal);
  throw new EsimdError("enable_failed", `the profile could not be enabled in ${attempts} attempts: ${why}`, {
    cause: refusal,
  });
}

async function becomesEnabled(run: Run, iccid: Iccid, patienceMs: number, signal: AbortSignal): Promise<boolean> {
  const { clock } = run.parts;
  const startMs = clock.monotonicMs();
  for (;;) {
    if (await isEnabled(run, iccid, signal)) return true;
    if (clock.monotonicMs() - startMs >= patienceMs) return false;
    await sleep(clock, pollMs, signal);
  }
}

async function isEnabled(run: Run, iccid: Iccid, signal: AbortSignal): Promise<boolean> {
  const list = await listNow(run, signal);
  return list?.some((profile) => profile.enabled && profile.iccid === iccid) ?? false;
}
