import type { Entry } from "./entry.js";

/**
 * Which batch paid for what. The record has how many charges an eUICC's own ledger counted before a run and after it; what came in between
 * belongs to the batch that had the eUICC then, also where its run was interrupted and the next one found the charge.
 */
export class ChargeBook {
  readonly #known = new Map<string, { readonly charges: number; readonly batch: string }>();
  readonly #ofBatch = new Map<string, number>();
  #all = 0;

  /** Of one batch, or of all of them (null). */
  of(batch: string | null): number {
    return batch === null ? this.#all : (this.#ofBatch.get(batch) ?? 0);
  }

  see(entry: Entry): void {
    if (entry.kind === "identified") {
      const known = this.#known.get(entry.eid);
      // What an eUICC had cost before it first came to this station is none of its batches'.
      if (known !== undefined) this.#add(known.batch, entry.chargesBefore - known.charges);
      this.#known.set(entry.eid, { charges: entry.chargesBefore, batch: entry.batch });
    }
    if (entry.kind === "ended" && entry.eid !== null && entry.charges !== null) {
      const known = this.#known.get(entry.eid);
      this.#add(entry.batch, entry.charges - (known?.charges ?? entry.charges));
      this.#known.set(entry.eid, { charges: entry.charges, batch: entry.batch });
    }
  }

  #add(batch: string, count: number): void {
    if (count <= 0) return;
    this.#ofBatch.set(batch, (this.#ofBatch.get(batch) ?? 0) + count);
    this.#all += count;
  }
}
