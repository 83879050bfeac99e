import { Outbox } from "./outbox.js";
import type { ReportPlace } from "./put-report.js";

/** The outbox of a state folder, with the configured bounds. */
export function outboxOf({ config, outside, clock, log }: ReportPlace): Outbox {
  const { maxBytes, maxEvents } = config.outbox;
  return new Outbox({ ...outside, clock, log, stateDir: config.stateDir, bound: { maxBytes, maxEvents } });
}
