import { z } from "zod";
import { reportSchema } from "./schema.js";

/**
 * A report on its way: what every sink gets, whatever it is. docs/reports.md and docs/event.schema.json are about this. It is whole, as the
 * report in it is.
 */

/** As it lies in the outbox: the same for every sink. */
export const storedEventSchema = z.strictObject({
  schema: z.literal("esimd.event/1").describe("Name and version of this format."),
  id: z.uuid().describe("This event's own: an event that comes twice has the same, and nothing else has it."),
  kind: z.literal("report").describe("What is in it."),
  device: z.string().min(1).max(64).describe("The device, as `outbox.device` names it."),
  modem: z.string().min(1).max(1024).describe("The name under which esimd serves the modem."),
  stream: z.uuid().describe("The state folder that the sequence is counted in: another one, and the count began anew."),
  sequence: z.int().min(1).describe("Counts the events of this modem, without a gap."),
  at: z.iso.datetime().describe("When the run had ended, by the device's clock, UTC."),
  report: reportSchema.describe("The report, as docs/report.md has it."),
});

export type StoredEvent = z.infer<typeof storedEventSchema>;

const droppedSchema = z.strictObject({
  count: z.int().min(1).describe("How many events of this modem never reached this receiver."),
  from: z.int().min(1).describe("The first sequence number of those."),
  to: z.int().min(1).describe("The last one."),
});

/** As it is delivered. */
export const eventSchema = storedEventSchema.extend({
  dropped: droppedSchema
    .nullable()
    .describe(
      "What was dropped just before this event because the outbox was full (the oldest goes first); else null.",
    ),
});

export type ReportEvent = z.infer<typeof eventSchema>;
export type Dropped = z.infer<typeof droppedSchema>;

/**
 * What is missing between the last sequence number that a receiver was told of and this one. The count has no gaps when it is written, so
 * that a gap here is what was dropped. Pure.
 */
export function droppedBefore(sequence: number, lastTold: number): Dropped | null {
  const count = sequence - lastTold - 1;
  return count <= 0 ? null : { count, from: lastTold + 1, to: sequence - 1 };
}

/** The event as a receiver gets it. Pure. */
export function eventFor(stored: StoredEvent, dropped: Dropped | null): ReportEvent {
  return { ...stored, dropped };
}
