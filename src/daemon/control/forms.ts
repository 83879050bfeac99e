import { z } from "zod";
import { reportSchema } from "../../report/schema.js";
import type { DaemonEvent } from "../events.js";
import type { Activity, ModemView } from "../modems.js";

/** What the control socket says, as JSON: made here by the daemon, and checked against this by who asks it. */

const time = z.iso.datetime();

export const activityForm = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("running"), state: z.string(), sentence: z.string(), since: time }),
  /** `until`: when something is done again at the latest; null: not before something happens. */
  z.object({ kind: z.literal("resting"), sentence: z.string(), since: time, until: time.nullable() }),
  z.object({ kind: z.literal("paused"), since: time }),
]);

export const modemForm = z.object({
  name: z.string(),
  port: z.string(),
  path: z.string().nullable(),
  activity: activityForm,
  report: reportSchema.nullable(),
});

export const phases = ["starting", "ready", "reloading", "draining", "stopping"] as const;

export const daemonForm = z.object({
  schema: z.literal("esimd.daemon/1"),
  version: z.string(),
  pid: z.int(),
  since: time,
  phase: z.enum(phases),
  /** Where to go on with the events, so that none is missed behind this answer. */
  lastEventId: z.string(),
  modems: z.array(modemForm),
});

const ofModem = { id: z.string().nullable(), at: time, modem: z.string() };

export const eventForm = z.discriminatedUnion("kind", [
  z.object({ ...ofModem, kind: z.literal("served"), port: z.string() }),
  z.object({ ...ofModem, kind: z.literal("dropped") }),
  z.object({
    ...ofModem,
    kind: z.literal("state"),
    state: z.string(),
    sentence: z.string(),
    withinMs: z.number().nullable(),
  }),
  z.object({
    ...ofModem,
    kind: z.literal("progress"),
    stage: z.string(),
    doneBytes: z.number(),
    totalBytes: z.number(),
  }),
  z.object({ ...ofModem, kind: z.literal("report"), report: reportSchema }),
  z.object({ ...ofModem, kind: z.literal("rest"), forMs: z.number().nullable(), sentence: z.string() }),
  z.object({ id: z.string().nullable(), at: time, kind: z.literal("daemon"), is: z.enum(phases) }),
  z.object({
    id: z.string().nullable(),
    at: time,
    kind: z.literal("reload-refused"),
    error: z.object({ code: z.string(), message: z.string(), hint: z.string() }),
  }),
  /** The daemon does not have them any more: ask for the status anew. `after`: what the reader had last. */
  z.object({ id: z.string().nullable(), at: time, kind: z.literal("lost"), after: z.string().nullable() }),
]);

export const errorForm = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }),
});

export const releaseForm = z.strictObject({
  id: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[\x21-\x7e]+$/),
  confirm: z.string().max(100).optional(),
  why: z
    .string()
    .max(500)
    .regex(/^[^\p{Cc}]*$/u)
    .optional(),
  askModem: z.boolean().optional(),
});

/** What the daemon answers to a release; the whole object is a {@link ReservationChange}. */
export const releaseAnswerForm = z.looseObject({
  changed: z.boolean(),
  remark: z.string().nullable(),
  sid: z.string().nullable(),
  post: z.string().nullable(),
  budget: z.object({ spent: z.number(), allowed: z.number(), left: z.number() }),
  unasked: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
});

export type ReleaseAnswerForm = z.infer<typeof releaseAnswerForm>;
export type ModemForm = z.infer<typeof modemForm>;
export type DaemonForm = z.infer<typeof daemonForm>;
export type EventForm = z.infer<typeof eventForm>;
export type ReleaseForm = z.infer<typeof releaseForm>;
export type DaemonPhaseForm = (typeof phases)[number];

export function modemFormOf({ name, port, path, activity, report }: ModemView): ModemForm {
  return { name, port, path: path ?? null, activity: activityFormOf(activity), report: report ?? null };
}

function activityFormOf(activity: Activity): ModemForm["activity"] {
  const since = isoOf(activity.sinceMs);
  switch (activity.kind) {
    case "running":
      return { kind: "running", state: activity.state, sentence: activity.sentence, since };
    case "resting":
      return { kind: "resting", sentence: activity.sentence, since, until: untilOf(activity.untilMs) };
    case "paused":
      return { kind: "paused", since };
  }
}

export function eventFormOf({ atMs, ...event }: DaemonEvent, id: string): EventForm {
  const head = { id, at: isoOf(atMs) };
  switch (event.kind) {
    case "rest":
      return { ...head, ...event, forMs: Number.isFinite(event.forMs) ? event.forMs : null };
    case "reload-refused": {
      const { code, message, hint } = event.error;
      return { ...head, kind: event.kind, error: { code, message, hint } };
    }
    default:
      return { ...head, ...event };
  }
}

export function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** A rest without end is `null`, as one that was never to end by itself. */
function untilOf(ms: number | null): string | null {
  return ms === null || !Number.isFinite(ms) || ms > 8.64e15 ? null : isoOf(ms);
}
