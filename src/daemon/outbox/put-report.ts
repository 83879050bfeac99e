import type { Clock } from "../../base/clock.js";
import { isEsimdError } from "../../base/errors.js";
import type { Log } from "../../base/logging.js";
import type { Report } from "../../report/schema.js";
import type { Config } from "../config/config.js";
import type { Outside } from "../outside.js";
import type { SinkName } from "./sink.js";

/** The sinks that the configuration has, each of which gets every report. The journal and the status file need no outbox. */
export function configuredSinks({ webhook, mqtt, hook }: Config): readonly SinkName[] {
  return [
    ...(webhook.url === undefined ? [] : (["webhook"] as const)),
    ...(mqtt.url === undefined ? [] : (["mqtt"] as const)),
    ...(hook.command === undefined ? [] : (["hook"] as const)),
  ];
}

export interface ReportPlace {
  readonly config: Config;
  readonly outside: Pick<Outside, "disk" | "processes" | "newId">;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Puts the report of a run where it outlives the process and the power, for the sinks that there are. What the run reached is reached,
 * whether or not that can be written down: trouble is logged and counted, and the run goes on.
 */
export async function putReport(place: ReportPlace, report: Report, modem: string): Promise<void> {
  const { config, log, outside } = place;
  if (configuredSinks(config).length === 0) return;
  try {
    // Loaded where there is somebody to deliver to.
    const [{ outboxOf }, { deviceName }] = await Promise.all([import("./outbox-of.js"), import("./device-name.js")]);
    const event = await outboxOf(place).put({ kind: "report", report, modem }, deviceName(config.outbox.device));
    log.debug({ id: event.id, modem, sequence: event.sequence }, "the report lies in the outbox");
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    noteUnwritten(outside);
    log.error({ error, modem }, "the report cannot be kept for its receivers; they will not get it");
  }
}

/** One more that could not be kept. */
export function noteUnwritten(outside: Pick<Outside, "disk">): void {
  unwritten.set(outside.disk, unwrittenReports(outside) + 1);
}

/** How many reports could not be kept since the start. */
export function unwrittenReports({ disk }: Pick<Outside, "disk">): number {
  return unwritten.get(disk) ?? 0;
}

const unwritten = new WeakMap<object, number>();
