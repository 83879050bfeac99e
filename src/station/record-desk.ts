import type { StationParts } from "./parts.js";
import { type Entry, entrySchema, type Fact } from "./records/entry.js";
import type { Register } from "./records/register.js";

/** Writes the record, and whatever follows from a line of it: what is known of units, and what the fleet hears. */
export class RecordDesk {
  readonly #parts: Pick<StationParts, "record" | "clock" | "name" | "tell">;
  readonly #register: Register;

  constructor(parts: Pick<StationParts, "record" | "clock" | "name" | "tell">, register: Register) {
    this.#parts = parts;
    this.#register = register;
  }

  /** Durable, known and told when it resolves. @throws EsimdError `state_unwritable`, `disk_full`. */
  async record(...facts: readonly Fact[]): Promise<void> {
    await this.#parts.record.log.append(...facts);
    for (const fact of facts) {
      const entry = this.entryOf(fact);
      this.#register.add(entry);
      await this.#parts.tell?.(entry);
    }
  }

  /** The line that a fact is. */
  entryOf<Kind extends Fact>(fact: Kind): Extract<Entry, { kind: Kind["kind"] }>;
  entryOf(fact: Fact): Entry {
    const { clock, name } = this.#parts;
    return entrySchema.parse({ v: 1, at: new Date(clock.nowMs()).toISOString(), station: name, ...fact });
  }
}
