import { EsimdError, toEsimdError } from "../base/errors.js";
import type { StationParts } from "./parts.js";
import type { RecordDesk } from "./record-desk.js";
import type { EndedEntry } from "./records/entry.js";
import type { Register } from "./records/register.js";

/** One label for each unit that passed, and another one only when a person asks for it: two labels for one unit is what a line fears. */
export class LabelDesk {
  readonly #print: StationParts["printLabel"];
  readonly #desk: RecordDesk;
  readonly #register: Register;

  constructor(print: StationParts["printLabel"], desk: RecordDesk, register: Register) {
    this.#print = print;
    this.#desk = desk;
    this.#register = register;
  }

  /** After a verdict; resolves to what a person has to know of the label, null: nothing. */
  async afterVerdict(entry: EndedEntry, signal: AbortSignal): Promise<string | null> {
    const { verdict, serial } = entry;
    if (this.#print === undefined || verdict !== "PASS" || serial === null) return null;
    if ((this.#register.unit(serial)?.copies ?? 0) > 0) return null;
    const failed = await this.#printAndRecord(entry, serial, 1, signal);
    return failed === undefined
      ? null
      : `No label was printed (${failed.message}): take the unit out, and print it again.`;
  }

  /** One more. @throws EsimdError `station_refused`, `label_unfit`, `label_unprinted`. */
  async reprint(serial: string, signal: AbortSignal): Promise<void> {
    const unit = this.#register.unit(serial);
    const last = unit?.last ?? null;
    if (unit === undefined || last === null || !unit.hasPassed)
      throw new EsimdError("station_refused", `no unit ${serial} has passed`);
    if (this.#print === undefined)
      throw new EsimdError("station_refused", "the station file names no command that prints labels");
    const failed = await this.#printAndRecord(last, serial, unit.copies + 1, signal);
    if (failed !== undefined) throw failed;
  }

  /** What went wrong is recorded, and returned. */
  async #printAndRecord(
    entry: EndedEntry,
    serial: string,
    copy: number,
    signal: AbortSignal,
  ): Promise<EsimdError | undefined> {
    const { run, batch } = entry;
    let failed: EsimdError | undefined;
    try {
      await this.#print?.(entry, signal);
    } catch (thrown) {
      failed = toEsimdError(thrown);
    }
    const result =
      failed === undefined
        ? ({ kind: "printed" } as const)
        : ({ kind: "failed", code: failed.code, message: failed.message.slice(0, 2000) } as const);
    await this.#desk.record({ kind: "label", run, batch, serial, copy, result });
    return failed;
  }
}
