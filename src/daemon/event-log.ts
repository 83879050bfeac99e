import type { Log } from "../base/logging.js";
import type { DaemonEvent, EventListener } from "./events.js";

/** Writes the daemon's events into the log. A rest that goes on is told again and again to who listens, and is logged once. */
export function logEvents(log: Log): EventListener {
  const rests = new Map<string, string>();
  return (event) => {
    if ("modem" in event) {
      const { modem } = event;
      if (event.kind === "rest") {
        if (rests.get(modem) === event.sentence) return;
        rests.set(modem, event.sentence);
      } else rests.delete(modem);
    }
    logOne(log, event);
  };
}

function logOne(log: Log, event: DaemonEvent): void {
  switch (event.kind) {
    case "daemon":
      log.info({ phase: event.is }, phases[event.is]);
      return;
    case "reload-refused": {
      const { error } = event;
      log.error({ error, next: error.hint }, "the configuration is not taken up; esimd goes on with the one it has");
      return;
    }
    case "served":
      log.info({ modem: event.modem, port: event.port }, "esimd serves this modem");
      return;
    case "dropped":
      log.info({ modem: event.modem }, "esimd does not serve this modem any more");
      return;
    case "state":
      log.info({ modem: event.modem, state: event.state }, event.sentence);
      return;
    case "progress": {
      const { modem, stage, doneBytes, totalBytes } = event;
      log.debug({ modem, stage, doneBytes, totalBytes }, "downloading");
      return;
    }
    case "report": {
      const { state, changed, eid, iccid, error } = event.report;
      const { port } = event.report.modem;
      const facts = { modem: event.modem, port, state, changed, eid, iccid, ...(error === null ? {} : { error }) };
      log.info(facts, "a run ended");
      return;
    }
    case "rest":
      log.info({ modem: event.modem, forMs: event.forMs }, event.sentence);
      return;
  }
}

const phases = {
  ready: "esimd is ready",
  reloading: "esimd loads its configuration anew",
  draining: "esimd ends once the runs that are on their way have ended",
  stopping: "esimd stops",
} as const;
