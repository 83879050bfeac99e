import { isEsimdError } from "../../base/errors.js";
import type { Iccid } from "../../base/identifiers.js";
import { ensureApn, type PacketContext, restoreApn } from "../../modem/apn.js";
import { notTakenUp, takeUpProfile } from "../../modem/refresh.js";
import { readRegistration } from "../../modem/registration.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";
import { wayBack } from "../trial.js";

/**
 * So often the family's ladder. A modem that tells a wrong ICCID, or never takes the profile up, is not restarted by each run of a daemon; it
 * counts from anew when the profile was taken up.
 */
const mostClimbs = 2;

/** Brings the modem to use the enabled profile, with its APN; what it does not take up is put back as it was. */
export async function refresh(run: Run, signal: AbortSignal): Promise<EventName> {
  const { parts, facts } = run;
  const { line, dialect, iccid } = facts;
  if (line === undefined || dialect === undefined || iccid === undefined) return "taken-up";
  await writeApn(run, signal);
  // A device that was done already, and has a network, is not restarted on the word of an ICCID: modems lie about those, too.
  const works = facts.nothingToDo && (await readRegistration(line, signal)).registered;
  const earlier = restartsFor(run, iccid);
  const options = {
    line,
    dialect,
    wakeMs: parts.policy.wakeWaitMs,
    mayRestart: !works && earlier < mostClimbs * dialect.refresh.ladder.length,
    onRestart: () => prepareRestart(run, iccid, signal),
    log: parts.log,
  };
  const end = await takeUpProfile(options, iccid, signal);
  if (end.kind !== "not-taken-up" && need(run, "store").journal.restarts !== null)
    await need(run, "store").saveJournal({ restarts: null });
  switch (end.kind) {
    case "taken-up":
      if (end.after !== "itself") {
        facts.changed = true;
        parts.log.info({ after: end.after }, "the modem uses the enabled profile since it was restarted");
      }
      warnOfPin(run, end.pin);
      return "taken-up";
    case "untold":
      parts.log.info({ pin: end.pin }, "the modem does not tell which profile it uses");
      warnOfPin(run, end.pin);
      return "taken-up";
    case "not-taken-up": {
      const error = notTakenUp(end, iccid, earlier);
      if (works) {
        parts.log.warn({ error }, "the modem is registered all the same, so that it is left as it is");
        return "taken-up";
      }
      await putApnBack(run, signal);
      if (wayBack(need(run, "store").journal.trial, iccid, parts.policy) === undefined) throw error;
      // The eUICC's word is what counts at the next start of the modem: left so, the device would lose the profile that worked.
      facts.setback = error;
      return "no-service";
    }
  }
}

/** After the way back: the modem uses the profile of before again, with the APN of before. It may refuse to; then time or a person helps. */
export async function takeUpAgain(run: Run, iccid: Iccid, signal: AbortSignal): Promise<void> {
  const { parts, facts } = run;
  const { line, dialect } = facts;
  if (line === undefined || dialect === undefined) return;
  await putApnBack(run, signal);
  const earlier = restartsFor(run, iccid);
  const options = {
    line,
    dialect,
    wakeMs: parts.policy.wakeWaitMs,
    mayRestart: earlier < mostClimbs * dialect.refresh.ladder.length,
    onRestart: () => prepareRestart(run, iccid, signal),
    log: parts.log,
  };
  const end = await takeUpProfile(options, iccid, signal);
  if (end.kind === "not-taken-up") {
    parts.log.warn({ error: notTakenUp(end, iccid, earlier) }, "the modem does not use the profile of before yet");
  } else if (need(run, "store").journal.restarts !== null) await need(run, "store").saveJournal({ restarts: null });
}

/** Steps of this run and of those before it, since the profile was taken up last. */
function restartsFor(run: Run, iccid: Iccid): number {
  const { restarts } = need(run, "store").journal;
  return restarts?.iccid === iccid ? restarts.steps : 0;
}

/** Before the step: the port may go with the modem, and the next run must know; a channel to the card does not outlive it. */
async function prepareRestart(run: Run, iccid: Iccid, signal: AbortSignal): Promise<void> {
  run.facts.changed = true;
  await need(run, "store").saveJournal({ restarts: { iccid, steps: restartsFor(run, iccid) + 1 } });
  await need(run, "lpa").close(signal);
}

/** The profile is installed and enabled, and nothing in that is wrong; but nobody registers with it. */
function warnOfPin(run: Run, pin: string): void {
  if (pin !== "pin" && pin !== "puk") return;
  run.parts.log.warn(
    { asks: pin.toUpperCase() },
    "the enabled profile asks for a PIN or PUK, and esimd never enters one",
  );
}

/** Before the modem registers, so that it attaches with it. A modem that refuses is left with what it had. */
async function writeApn(run: Run, signal: AbortSignal): Promise<void> {
  const { parts, facts } = run;
  const { apn } = parts.policy;
  if (apn === undefined) return;
  try {
    const change = await ensureApn(need(run, "line"), apn, (previous) => keepContext(run, previous), signal);
    if (change.kind === "replaced") facts.changed = true;
  } catch (error) {
    if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
    parts.log.warn({ error, apn }, "the APN could not be set; the modem goes on with its own");
  }
}

/** Only what stood there before esimd's first change is worth keeping. */
async function keepContext(run: Run, previous: PacketContext | undefined): Promise<void> {
  const store = need(run, "store");
  if (store.journal.contextBefore !== null) return;
  await store.saveJournal({ contextBefore: previous === undefined ? "none" : { ...previous } });
}

async function putApnBack(run: Run, signal: AbortSignal): Promise<void> {
  const store = need(run, "store");
  const { contextBefore } = store.journal;
  if (contextBefore === null) return;
  const previous = contextBefore === "none" ? undefined : contextBefore;
  // What could not be put back now is known to the next run, too.
  if (await restoreApn(need(run, "line"), previous, run.parts.log, signal))
    await store.saveJournal({ contextBefore: null });
}
