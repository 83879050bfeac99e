import { backoffMs } from "../../base/backoff.js";
import { sleep } from "../../base/clock.js";
import { describeCause, EsimdError, isEsimdError } from "../../base/errors.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";

const askPause = { firstMs: 2_000, maxMs: 10_000 };
const attempts = 3;
const pollMs = 1_500;
/** Vendors' own tests poll for 63 s until a switch has taken effect. */
const switchPatienceMs = 65_000;

/** Enables the profile and reads the list until it is so: OK means accepted, and even a refusal may have worked. */
export async function enable(run: Run, signal: AbortSignal): Promise<EventName> {
  const { parts, facts } = run;
  const iccid = need(run, "iccid");
  let refusal: EsimdError | undefined;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    // After a download the list was just read; what it said then need not be asked again.
    const knownDisabled = attempt === 1 && facts.arrived?.iccid === iccid && !facts.arrived.enabled;
    if (!knownDisabled && (await isEnabled(run, signal))) return "enabled";
    facts.changed = true;
    refusal = undefined;
    try {
      await need(run, "lpa").enableProfile(iccid, signal);
    } catch (error) {
      if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
      refusal = error;
      parts.log.warn({ error, attempt }, "enabling was refused; the list is read all the same");
    }
    if (await becomesEnabled(run, refusal === undefined ? switchPatienceMs : pollMs, signal)) return "enabled";
    await sleep(parts.clock, backoffMs(askPause, attempt, parts.random), signal);
  }
  const why =
    refusal === undefined ? "the modem accepted it, and the list still shows it disabled" : describeCause(refusal);
  throw new EsimdError("enable_failed", `the profile could not be enabled in ${attempts} attempts: ${why}`, {
    cause: refusal,
  });
}

async function becomesEnabled(run: Run, patienceMs: number, signal: AbortSignal): Promise<boolean> {
  const { clock } = run.parts;
  const startMs = clock.monotonicMs();
  for (;;) {
    if (await isEnabled(run, signal)) return true;
    if (clock.monotonicMs() - startMs >= patienceMs) return false;
    await sleep(clock, pollMs, signal);
  }
}

/** While the card restarts (REFRESH) the modem refuses its list or sees no SIM: that is "not yet". */
async function isEnabled(run: Run, signal: AbortSignal): Promise<boolean> {
  try {
    const list = await need(run, "lpa").listProfiles(signal);
    return list.some(({ iccid, enabled }) => enabled && iccid === run.facts.iccid);
  } catch (error) {
    const passing =
      isEsimdError(error) &&
      ["modem_refused", "no_euicc", "modem_protocol", "modem_busy", "modem_silent"].includes(error.code);
    if (signal.aborted || !passing) throw error;
    return false;
  }
}
