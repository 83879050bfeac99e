import type { ESimProfile, ProviderApi } from "../../api/resources.js";
import { type EsimdError, isEsimdError } from "../../base/errors.js";
import { candidatesOf, heldPosts, type ItemCandidate, sidOf } from "../../provision/batch/by-hand.js";
import type { Batch } from "../../provision/batch/fold.js";
import type { BatchRecords } from "../../provision/batch/store.js";
import type { Records } from "../../provision/store/records.js";
import { batchSids } from "./batches.js";
import { namedSids } from "./files.js";

/** What the provider says of a batch. Only ever read: nothing here can cost anything. */

export interface ItemsLook {
  /** By number; the items that were not asked about are not there. */
  readonly shown: ReadonlyMap<number, ESimProfile>;
  /** The account does not know their reservations. */
  readonly missing: ReadonlySet<number>;
  /** What ended the asking before its end. */
  readonly error: EsimdError | undefined;
}

/** How many questions are under way at once. */
const lanes = 4;

/** Every reservation of the batch but those that `known` has. */
export async function lookAtItems(
  api: ProviderApi,
  batch: Batch,
  known: ReadonlyMap<number, ESimProfile>,
  signal: AbortSignal,
): Promise<ItemsLook> {
  const shown = new Map(known);
  const missing = new Set<number>();
  let error: EsimdError | undefined;
  const queue = batch.items.flatMap((item) => {
    const sid = sidOf(item);
    return sid === undefined || known.has(item.number) ? [] : [{ number: item.number, sid }];
  });
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && error === undefined; next = queue.shift()) {
      try {
        shown.set(next.number, await api.getESimProfile(next.sid, signal));
      } catch (cause) {
        if (signal.aborted || !isEsimdError(cause)) throw cause;
        if (cause.code === "api_missing") missing.add(next.number);
        else error = cause;
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { shown, missing, error };
}

/** What the POSTs in doubt may have made; undefined where none is in doubt. Rejects when the list cannot be read to its end. */
export async function lookForCandidates(
  api: ProviderApi,
  batch: Batch,
  others: { readonly euiccs: readonly Records[]; readonly batches: readonly BatchRecords[] },
  signal: AbortSignal,
): Promise<readonly ItemCandidate[] | undefined> {
  if (heldPosts(batch).length === 0) return undefined;
  const named = new Set([
    ...others.euiccs.flatMap((records) => [...namedSids(records)]),
    ...others.batches.flatMap((records) => [...batchSids(records)]),
  ]);
  return candidatesOf(batch, await api.listESimProfiles({}, signal), named);
}
