import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { isEsimdError } from "../base/errors.js";
import { deviceName } from "../daemon/outbox/device-name.js";
import { outboxOf } from "../daemon/outbox/outbox-of.js";
import { configuredSinks, noteUnwritten, type ReportPlace } from "../daemon/outbox/put-report.js";
import type { StoredEvent, UnitEntry } from "../report/event.js";
import type { Entry } from "./records/entry.js";

/**
 * What a station records of its units goes to the fleet as events, by the same outbox as reports: in the record's order, once or more, and
 * what was recorded before a crash, too. An event's id is made from its line of the record, so that one which is put in again after
 * a crash is known by its receiver.
 */

/** The lines that a fleet hears of; the others (a batch that begins, a run that begins) are the station's own. */
export function isTold(entry: Entry): entry is UnitEntry {
  return entry.kind === "ended" || entry.kind === "label" || entry.kind === "voided";
}

/** A UUID (RFC 9562, version 8) that the same line has every time, and no other one. Pure. */
export function eventIdOf(entry: UnitEntry): string {
  const digest = createHash("sha256")
    .update(`esimd unit ${nameOf(entry)}`, "utf8")
    .digest();
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x80, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}

/** What no other line of any record has. */
function nameOf(entry: UnitEntry): string {
  switch (entry.kind) {
    case "ended":
      return `ended ${entry.run}`;
    case "label":
      return `label ${entry.run} ${entry.copy} ${entry.at}`;
    case "voided":
      return `voided ${entry.station} ${entry.at} ${entry.serial}`;
  }
}

/**
 * Puts a line of the record where it outlives the process and the power, for the sinks that there are; undefined where there are none. The
 * line is recorded whether or not this succeeds: trouble is logged and counted, and the line goes on.
 */
export async function putUnit(place: ReportPlace, entry: UnitEntry, station: string): Promise<StoredEvent | undefined> {
  const { config, log, outside } = place;
  if (configuredSinks(config).length === 0) return undefined;
  try {
    const matter = { kind: "unit", entry, station, id: eventIdOf(entry) } as const;
    return await outboxOf(place).put(matter, deviceName(config.outbox.device));
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    noteUnwritten(outside);
    log.error({ error, station }, "what was recorded of a unit cannot be kept for its receivers; they will not get it");
    return undefined;
  }
}

const toldSchema = z.strictObject({
  schema: z.literal("esimd.told/1"),
  /** The event of the last line that was put in; null before the first. */
  last: z.uuid().nullable(),
});

/** The events of one station's record, one after the other. */
export class UnitEvents {
  readonly #place: ReportPlace;
  readonly #path: string;
  readonly #station: string;
  #turn: Promise<void> = Promise.resolve();

  private constructor(place: ReportPlace, folder: string, station: string) {
    this.#place = place;
    this.#path = join(folder, "told.json");
    this.#station = station;
  }

  /**
   * `folder` is the record's, `entries` what is in it. What was recorded and not told, because the station ended in between, is told first.
   * A station that never told anything begins with what comes: the past is for `esimd station export`.
   * @throws EsimdError `state_unwritable`, `disk_full`.
   */
  static async open(
    place: ReportPlace,
    folder: string,
    station: string,
    entries: readonly Entry[],
  ): Promise<UnitEvents> {
    const events = new UnitEvents(place, folder, station);
    if (configuredSinks(place.config).length > 0) await events.#catchUp(entries);
    return events;
  }

  /** After the line is durable in the record. Resolves when it is in the outbox, or its trouble is logged; calls may overlap, and keep their order. */
  put(entry: Entry): Promise<void> {
    if (!isTold(entry) || configuredSinks(this.#place.config).length === 0) return Promise.resolve();
    const turn = this.#turn.then(() => this.#tell(entry));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #tell(entry: UnitEntry): Promise<void> {
    await putUnit(this.#place, entry, this.#station);
    await this.#note(eventIdOf(entry));
  }

  async #catchUp(entries: readonly Entry[]): Promise<void> {
    const told = await this.#read();
    const lines = entries.filter(isTold);
    const newest = lines.at(-1);
    const fromHere = newest === undefined ? null : eventIdOf(newest);
    if (told === undefined) return this.#note(fromHere);
    const at = told === null ? -1 : lines.findLastIndex((entry) => eventIdOf(entry) === told);
    if (told !== null && at === -1) {
      this.#place.log.warn(
        { path: this.#path },
        "the record is another than the one that was told of; its past is not told",
      );
      return this.#note(fromHere);
    }
    for (const entry of lines.slice(at + 1)) await this.#tell(entry);
  }

  /** The last event that was put in, null before the first; undefined where there is no such file. */
  async #read(): Promise<string | null | undefined> {
    const text = await this.#place.outside.disk.read(this.#path);
    if (text === undefined) return undefined;
    const parsed = toldSchema.safeParse(jsonOf(text));
    if (parsed.success) return parsed.data.last;
    this.#place.log.error({ path: this.#path }, "how far the record was told is lost; its past is not told again");
    return undefined;
  }

  async #note(last: string | null): Promise<void> {
    try {
      await this.#place.outside.disk.replace(this.#path, `${JSON.stringify({ schema: "esimd.told/1", last })}\n`);
    } catch (error) {
      if (!isEsimdError(error)) throw error;
      // It is told once more at the next start, under the same id.
      this.#place.log.warn({ error }, "how far the record was told cannot be written");
    }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
