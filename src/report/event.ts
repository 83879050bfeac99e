import { z } from "zod";
import { reportSchema } from "./schema.js";
import { endedSchema, labelSchema, voidedSchema } from "./unit.js";

/**
 * What is on its way to a fleet: what every sink gets, whatever it is. docs/reports.md and docs/event.schema.json are about this. It is whole,
 * as the report or the unit in it is.
 */

const common = {
  schema: z.literal("esimd.event/1").describe("Name and version of this format."),
  id: z.uuid().describe("This event's own: an event that comes twice has the same, and nothing else has it."),
  device: z.string().min(1).max(64).describe("The device, as `outbox.device` names it."),
  stream: z.uuid().describe("The state folder that the sequence is counted in: another one, and the count began anew."),
  at: z.iso.datetime().describe("When it had happened, by the device's clock, UTC."),
};
const sequence = z.int().min(1);

const storedReportSchema = z.strictObject({
  ...common,
  kind: z.literal("report").describe("A run of the daemon or of `esimd provision` has ended."),
  modem: z.string().min(1).max(1024).describe("The name under which esimd serves the modem."),
  sequence: sequence.describe("Counts the events of this modem, without a gap."),
  report: reportSchema.describe("The report, as docs/report.md has it."),
});

const storedUnitSchema = z.strictObject({
  ...common,
  kind: z.literal("unit").describe("Something is recorded of a unit of a factory line."),
  station: z.string().min(1).max(64).describe("The station's name."),
  sequence: sequence.describe("Counts the events of this station, without a gap."),
  entry: z
    .discriminatedUnion("kind", [endedSchema, labelSchema, voidedSchema])
    .describe("The line of the station's record, as docs/station-records.md has it."),
});

/** As it lies in the outbox: the same for every sink. */
export const storedEventSchema = z.discriminatedUnion("kind", [storedReportSchema, storedUnitSchema]);

export type StoredEvent = z.infer<typeof storedEventSchema>;
export type UnitEntry = z.infer<typeof storedUnitSchema>["entry"];

/** Whose an event is: each modem and each station counts its own, in an order of its own. */
export interface Origin {
  readonly kind: "modem" | "station";
  readonly name: string;
}

export function originOf(
  event: { readonly kind: "report"; readonly modem: string } | { readonly kind: "unit"; readonly station: string },
): Origin {
  return event.kind === "report" ? { kind: "modem", name: event.modem } : { kind: "station", name: event.station };
}

/** The key under which it counts. A modem's is its name, and none begins so: a name has no colon, and no port has this scheme. */
export function countedAs({ kind, name }: Origin): string {
  return kind === "modem" ? name : `station:${name}`;
}

const droppedSchema = z.strictObject({
  count: z.int().min(1).describe("How many events of this modem or station never reached this receiver."),
  from: z.int().min(1).describe("The first sequence number of those."),
  to: z.int().min(1).describe("The last one."),
});
const dropped = droppedSchema
  .nullable()
  .describe("What was dropped just before this event because the outbox was full (the oldest goes first); else null.");

/** As it is delivered. */
export const reportEventSchema = storedReportSchema.extend({ dropped });
export const unitEventSchema = storedUnitSchema.extend({ dropped });
export const eventSchema = z.discriminatedUnion("kind", [reportEventSchema, unitEventSchema]);

/** An event of whatever kind. */
export type FleetEvent = z.infer<typeof eventSchema>;
export type ReportEvent = z.infer<typeof reportEventSchema>;
export type UnitEvent = z.infer<typeof unitEventSchema>;
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
export function eventFor<Stored extends StoredEvent>(
  stored: Stored,
  missing: Dropped | null,
): Stored & { dropped: Dropped | null } {
  return { ...stored, dropped: missing };
}
