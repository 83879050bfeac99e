import { sleep } from "../../base/clock.js";
import { type ErrorCode, isEsimdError } from "../../base/errors.js";
import type { InstalledProfile } from "../../lpa/lpa.js";
import type { OpenEuicc } from "./session.js";

/** After a change the SIM may be busy or restarting, and a list may lag behind: only a list that was read says anything. */

const pollMs = 1_000;
const unreadablePatienceMs = 60_000;

/** What a card or a modem that restarts, or one that still works on the last command, has to say of its list. */
const passingCodes: ReadonlySet<ErrorCode> = new Set([
  "modem_refused",
  "no_euicc",
  "modem_protocol",
  "modem_busy",
  "modem_silent",
]);

/** The list, with patience for a modem that cannot show it now. @throws EsimdError when it cannot for a minute. */
export async function listPatiently(
  { lpa, clock }: Pick<OpenEuicc, "lpa" | "clock">,
  signal: AbortSignal,
): Promise<readonly InstalledProfile[]> {
  const startMs = clock.monotonicMs();
  for (;;) {
    try {
      return await lpa.listProfiles(signal);
    } catch (error) {
      const passing = isEsimdError(error) && passingCodes.has(error.code);
      if (signal.aborted || !passing || clock.monotonicMs() - startMs >= unreadablePatienceMs) throw error;
      await sleep(clock, pollMs, signal);
    }
  }
}

/** Reads the list until it is so; false when it is not within `patienceMs`, after one look at least. */
export async function listComesTo(
  euicc: Pick<OpenEuicc, "lpa" | "clock">,
  isSo: (list: readonly InstalledProfile[]) => boolean,
  patienceMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { clock } = euicc;
  const startMs = clock.monotonicMs();
  for (;;) {
    if (isSo(await listPatiently(euicc, signal))) return true;
    if (clock.monotonicMs() - startMs >= patienceMs) return false;
    await sleep(clock, pollMs, signal);
  }
}
