import { z } from "zod";
import { EsimdError } from "../../base/errors.js";

/** The two small files beside the events: what was counted so far, and how far each sink is. Pure. */

const count = z.int().min(0);
const sequences = z.record(z.string(), count);

const indexSchema = z.strictObject({
  schema: z.literal("esimd.outbox/1"),
  stream: z.uuid(),
  /** The number of the next event. */
  next: z.int().min(1),
  /** Events below it are gone, also where their file is still there. */
  floor: z.int().min(1),
  /** The last sequence number of each modem. */
  sequences,
  /** How many were dropped over the life of the outbox. */
  dropped: count,
});

export type OutboxIndex = z.infer<typeof indexSchema>;

const cursorSchema = z.strictObject({
  schema: z.literal("esimd.cursor/1"),
  stream: z.uuid(),
  /** The number of the last event that the sink took. */
  number: count,
  /** The last sequence number of each modem that it was told of, dropped ones included. */
  sequences,
  /** How many it was told were dropped. */
  dropped: count,
});

export type Cursor = z.infer<typeof cursorSchema>;

/** Undefined for a file that is damaged; it is made anew from the events. @throws EsimdError `state_newer`. */
export function parseIndex(text: string, path: string): OutboxIndex | undefined {
  return parse(indexSchema, text, path, "esimd.outbox/");
}

/** @throws EsimdError `state_newer`. */
export function parseCursor(text: string, path: string): Cursor | undefined {
  return parse(cursorSchema, text, path, "esimd.cursor/");
}

function parse<T>(schema: z.ZodType<T>, text: string, path: string, family: string): T | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return undefined;
  }
  const named = z.looseObject({ schema: z.string().startsWith(family) }).safeParse(raw);
  const version = named.success ? Number(named.data.schema.slice(family.length)) : 1;
  if (version > 1) {
    throw new EsimdError("state_newer", `${path} was written by a newer esimd`, {
      hint: "Install the newer esimd again, or move the folder outbox out of the state folder; what waits in it is then not delivered.",
    });
  }
  const parsed = schema.safeParse(raw);
  return parsed.success ? parsed.data : undefined;
}
