import type { Clock } from "../../base/clock.js";
import { formatMs } from "../../base/deadline.js";
import { describeCause, EsimdError } from "../../base/errors.js";
import type { Log } from "../../base/logging.js";
import type { FleetEvent, ReportEvent, UnitEvent } from "../../report/event.js";
import { type ProgramEnding, runProgram } from "../operator-program.js";
import type { Delivery, Sink } from "./sink.js";

export interface HookParts {
  /** An absolute path. */
  readonly command: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Of it the program gets the PATH and the time zone, and nothing else: there may be secrets in the rest. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A program of the operator's for each event: the event on its stdin, the most wanted of it in its environment. Exit status 0: it has it. */
export function createHook({ command, timeoutMs, clock, log, env }: HookParts): Sink {
  return {
    name: "hook",
    // Ours ends it; this one is for a kernel that does not.
    timeoutMs: timeoutMs + 5000,
    idle: async () => undefined,
    close: async () => undefined,
    deliver: async (event, signal) => {
      const input = `${JSON.stringify(event)}\n`;
      const program = { command, input, env, facts: factsOf(event), clock, timeoutMs, signal };
      const { ending, isLate, said } = await runProgram(program);
      if (said !== "") log.info({ hook: command, said }, "the hook says something");
      return judge(command, ending, isLate ? timeoutMs : undefined);
    },
  };
}

function judge(command: string, ending: ProgramEnding, lateMs: number | undefined): Delivery {
  if (lateMs !== undefined)
    return failed("report_undelivered", `${command} did not end within ${formatMs(lateMs)}, and was killed`, false);
  if (ending.kind === "unstarted")
    return failed("report_refused", `${command} cannot be started: ${describeCause(ending.error)}`, true, ending.error);
  if (ending.status === 0) return { kind: "delivered" };
  const how = ending.signal === null ? `exit status ${ending.status}` : `signal ${ending.signal}`;
  return failed("report_undelivered", `${command} ended with ${how}`, false);
}

function failed(
  code: "report_undelivered" | "report_refused",
  sentence: string,
  lasting: boolean,
  cause?: Error,
): Delivery {
  const error = new EsimdError(code, `hook: ${sentence}`, cause === undefined ? {} : { cause });
  return { kind: "failed", error, lasting };
}

/** What a shell script can use without reading JSON. */
function factsOf(event: FleetEvent): Record<string, string> {
  return {
    ESIMD_EVENT: event.kind,
    ESIMD_EVENT_ID: event.id,
    ESIMD_DEVICE: event.device,
    ESIMD_SEQUENCE: String(event.sequence),
    ESIMD_DROPPED: String(event.dropped?.count ?? 0),
    ...(event.kind === "report" ? wordsOfReport(event) : wordsOfUnit(event)),
  };
}

function wordsOfReport({ modem, report }: ReportEvent): Record<string, string> {
  return {
    ESIMD_MODEM: modem,
    ESIMD_STATE: report.state,
    ESIMD_CHANGED: String(report.changed),
    ESIMD_EID: report.eid ?? "",
    ESIMD_ICCID: report.iccid ?? "",
    ESIMD_ERROR: report.error?.code ?? "",
  };
}

function wordsOfUnit({ station, entry }: UnitEvent): Record<string, string> {
  const common = { ESIMD_STATION: station, ESIMD_ENTRY: entry.kind, ESIMD_SERIAL: entry.serial ?? "" };
  switch (entry.kind) {
    case "ended":
      return {
        ...common,
        ESIMD_BATCH: entry.batch,
        ESIMD_RUN: entry.run,
        ESIMD_VERDICT: entry.verdict,
        ESIMD_STATE: entry.state ?? "",
        ESIMD_CHANGED: String(entry.changed),
        ESIMD_EID: entry.eid ?? "",
        ESIMD_ICCID: entry.iccid ?? "",
        ESIMD_ERROR: entry.error?.code ?? "",
      };
    case "label":
      return {
        ...common,
        ESIMD_BATCH: entry.batch,
        ESIMD_RUN: entry.run,
        ESIMD_ERROR: entry.result.kind === "failed" ? entry.result.code : "",
      };
    case "voided":
      return { ...common, ESIMD_EID: entry.eid ?? "" };
  }
}
