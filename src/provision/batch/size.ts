import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import type { BatchFact } from "./entries.js";
import type { Batch } from "./fold.js";

/** What a call wants of a batch, against what its ledger says. Pure. */

export interface SizeWish {
  readonly name: string;
  readonly provider: "twilio" | "kore";
  /** Undefined: what it has. */
  readonly count: number | undefined;
}

export interface Sized {
  /** What is to be written before anything is asked for; undefined: it says so already. */
  readonly fact: Extract<BatchFact, { kind: "batch" }> | undefined;
  readonly count: number;
  /** What it had; undefined: it was never begun. */
  readonly before: number | undefined;
  /** How many more POSTs it may come to. */
  readonly charges: number;
}

/** @throws EsimdError `usage`, naming what does not fit. */
export function sizeOf(batch: Batch | undefined, { name, provider, count }: SizeWish): Sized {
  if (batch === undefined) {
    if (count === undefined) {
      throw new EsimdError(
        "usage",
        `reserve: there is no batch ${quote(name)}, and no --count says how many codes it is to have`,
      );
    }
    return { fact: { kind: "batch", name, provider, count }, count, before: undefined, charges: count };
  }
  if (batch.provider !== provider) {
    throw new EsimdError(
      "usage",
      `reserve: the batch ${name} is ${batch.provider}'s, and the provider is ${provider}`,
      {
        hint: `Give --provider ${batch.provider} and its credentials, or make another batch.`,
      },
    );
  }
  const { items, left } = batch;
  const taken = items.filter(({ state }) => state.kind !== "open").length;
  if (count === undefined || count === batch.count)
    return { fact: undefined, count: batch.count, before: batch.count, charges: left };
  if (count < taken) {
    throw new EsimdError(
      "usage",
      `reserve: --count is ${count}, and the batch ${name} has ${taken} already, which cannot be undone`,
      {
        hint: `Give --count ${batch.count} to go on with it, or another --batch.`,
      },
    );
  }
  return { fact: { kind: "batch", name, provider, count }, count, before: batch.count, charges: count - taken };
}
