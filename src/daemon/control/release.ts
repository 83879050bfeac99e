import { deadlineSignal } from "../../base/deadline.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { type Eid, type Iccid, maskIdentifiers, parseEid } from "../../base/identifiers.js";
import { openStore } from "../../provision/store/store.js";
import type { Daemon } from "../companions.js";
import type { Config } from "../config/config.js";
import { withEuicc } from "../profiles/session.js";
import { openProvider } from "../provider-api.js";
import { askableApi } from "../reservations/askable.js";
import { budgetNow, type ReservationChange, reservationChange } from "../reservations/change.js";
import { handOf, prepareRelease } from "../reservations/decide.js";
import { errorAnswer } from "./answers.js";
import type { ReleaseForm } from "./forms.js";
import { releaseMs } from "./limits.js";
import { viewOf } from "./named.js";

/**
 * `esimd reservation release` done by the daemon that serves the eUICC: it pauses the modem, decides under the eUICC's lock as the command
 * would, and lets the modem go on.
 */

export interface ReleaseAnswer extends ReservationChange {
  /** Why the provider could not be asked about it; null: it was asked, or had not to be. */
  readonly unasked: object | null;
}

interface Subject {
  readonly eid: Eid;
  readonly onEuicc: readonly Iccid[] | undefined;
}

/** Before anything is touched. @throws EsimdError `not_confirmed`. */
export function requireConfirmed({ id, confirm }: ReleaseForm): void {
  if (confirm === id) return;
  const what =
    confirm === undefined
      ? `giving up ${id} has no refund, and it was not confirmed`
      : `what was given as confirm is not ${id}; nothing was given up`;
  throw new EsimdError("not_confirmed", what, { hint: `Give the id once more as confirm: "${id}".` });
}

export async function releaseByDaemon(
  daemon: Daemon,
  name: string,
  form: ReleaseForm,
  signal: AbortSignal,
): Promise<ReleaseAnswer> {
  const { modems, clock, log } = daemon;
  const bound = deadlineSignal({ clock, timeoutMs: releaseMs, signal, what: "giving the reservation up" });
  const wasPaused = viewOf(modems, name).activity.kind === "paused";
  await modems.pause(name);
  try {
    const answer = await decide(daemon, name, form, bound.signal);
    log.info({ modem: name, id: form.id, changed: answer.changed }, "a person gave a reservation up by the socket");
    return answer;
  } finally {
    bound.release();
    if (!wasPaused) modems.resume(name);
  }
}

async function decide(daemon: Daemon, name: string, form: ReleaseForm, signal: AbortSignal): Promise<ReleaseAnswer> {
  const { clock, random, log, outside } = daemon;
  const config = daemon.modems.configOf(name);
  const { id, why } = form;
  const { eid, onEuicc } = await subjectOf(daemon, config, name, form.askModem === true, signal);
  const { disk, processes, openTransport } = outside;
  const store = await openStore(config.stateDir, eid, { disk, processes, clock, log });
  const api = askableApi(() => openProvider({ config, clock, random, log, openTransport }));
  try {
    const release = await prepareRelease({ hand: handOf(store, eid, onEuicc), store, api, why }, id, signal);
    const isPost = release.kind === "ready" && release.isPost;
    const decided = release.kind === "nothing" ? release.decided : await release.carryOut();
    const unasked = release.kind === "ready" ? release.unasked : undefined;
    return {
      ...reservationChange({
        eid,
        action: "release",
        named: isPost ? { sid: null, post: id } : { sid: id, post: null },
        decided,
        budget: budgetNow(config, store),
        through: "daemon",
      }),
      unasked: unasked === undefined ? null : errorAnswer(unasked).body.error,
    };
  } finally {
    if (!isEsimdError(api)) await api.close();
    await store.close();
  }
}

/** By the modem's last report; or the modem itself is asked, so that what is on its eUICC is known, too. */
async function subjectOf(
  { modems, host, clock, random, log }: Daemon,
  config: Config,
  name: string,
  askModem: boolean,
  signal: AbortSignal,
): Promise<Subject> {
  const view = viewOf(modems, name);
  const reported = view.report?.eid ?? null;
  if (!askModem) {
    if (reported !== null) return { eid: parseEid(reported, `the last report of ${name}`), onEuicc: undefined };
    throw new EsimdError("daemon_busy", `the modem ${name} has not shown its eUICC's EID yet`, {
      hint: `Ask again once a run has read it, or give "askModem": true.`,
    });
  }
  const port = view.path ?? view.port;
  return withEuicc(
    { config, port, host, clock, random, log },
    async ({ eid, lpa }) => {
      if (reported !== null && reported !== eid)
        throw new EsimdError(
          "eid_mismatch",
          `the modem ${name} has the eUICC ${maskIdentifiers(eid)} now, and its last report is about ${maskIdentifiers(reported)}; nothing was changed`,
        );
      const profiles = await lpa.listProfiles(signal);
      return { eid, onEuicc: profiles.map(({ iccid }) => iccid) };
    },
    signal,
  );
}
