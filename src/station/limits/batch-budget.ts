import { EsimdError } from "../../base/errors.js";

/**
 * What a batch may still pay for. A claim stands from right before the POST until its outcome is in the eUICC's ledger and counted: so two slots never
 * spend the last one twice. What outlives the process is the ledgers' own count, which the claim is added to.
 */
export class BatchBudget {
  readonly #limit: number | null;
  readonly #charges: () => number;
  readonly #claims = new Set<string>();

  /** `charges`: what the batch has paid for, as the ledgers say. */
  constructor(limit: number | null, charges: () => number) {
    this.#limit = limit;
    this.#charges = charges;
  }

  get limit(): number | null {
    return this.#limit;
  }

  /** One more may be paid for. `run`: whoever asks. @throws EsimdError `batch_budget_spent`. */
  claim(run: string): void {
    if (this.#limit !== null && !this.#claims.has(run) && this.#charges() + this.#claims.size >= this.#limit) {
      throw new EsimdError(
        "batch_budget_spent",
        `the batch may pay for ${this.#limit} profiles, and that many are paid for or on their way`,
      );
    }
    this.#claims.add(run);
  }

  /** What came of it is counted now. */
  settle(run: string): void {
    this.#claims.delete(run);
  }
}
