import type { ESimProfile, ProviderApi } from "../../api/resources.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { maskIdentifiers } from "../../base/identifiers.js";
import {
  type AdoptionWish,
  type ItemJudgement,
  judgeItemAdoption,
  judgeItemRelease,
  sidOf,
} from "../../provision/batch/by-hand.js";
import type { Batch } from "../../provision/batch/fold.js";
import type { BatchRecords, BatchStore } from "../../provision/batch/store.js";
import type { ProviderWord } from "../../provision/by-hand.js";
import type { Records } from "../../provision/store/records.js";
import { batchSids } from "./batches.js";
import { namedSids } from "./files.js";

/** A person's decision about an item of a batch, under its lock. The API is asked and never told: nothing here can cost anything. */

export interface ItemDecided {
  readonly changed: boolean;
  readonly item: number | undefined;
  /** What was so already. */
  readonly remark: string | undefined;
  readonly reservation: ESimProfile | undefined;
}

/** @throws EsimdError `reservation_state`, `reservation_unknown`, and what the API fails with: what cannot be fetched is not adopted. */
export async function adoptForItem(
  parts: { readonly store: BatchStore; readonly batch: Batch; readonly api: ProviderApi },
  sid: string,
  wish: Pick<AdoptionWish, "item" | "why">,
  others: { readonly euiccs: readonly Records[]; readonly batches: readonly BatchRecords[] },
  signal: AbortSignal,
): Promise<ItemDecided> {
  const { store, batch, api } = parts;
  const reservation = await fetched(api, sid, signal);
  const claimedBy = claimantOf(sid, batch.name, others);
  const judgement = required(judgeItemAdoption(batch, { ...wish, reservation, claimedBy }));
  if (judgement.kind === "nothing") return { changed: false, item: undefined, remark: judgement.why, reservation };
  await store.record(judgement.fact);
  return { changed: true, item: judgement.item, remark: undefined, reservation };
}

/** Looks at what is to be given up; undefined: there is nothing that could be. What remains is that the person means it. */
export async function prepareItemRelease(
  parts: { readonly store: BatchStore; readonly batch: Batch; readonly api: ProviderApi | EsimdError },
  number: number,
  why: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly remark: string } | { readonly carryOut: () => Promise<void> }> {
  const { store, batch, api } = parts;
  const item = batch.items.find((one) => one.number === number);
  const sid = item?.state.kind === "ready" ? sidOf(item) : undefined;
  const word: ProviderWord = sid === undefined ? { kind: "unasked" } : await askOne(api, sid, signal);
  const judgement = required(judgeItemRelease(batch, number, word, why));
  if (judgement.kind === "nothing") return { remark: judgement.why };
  return { carryOut: () => store.record(judgement.fact) };
}

async function askOne(api: ProviderApi | EsimdError, sid: string, signal: AbortSignal): Promise<ProviderWord> {
  // A code that is good as far as anybody knows is not given up unasked.
  if (isEsimdError(api)) throw api;
  return { kind: "found", reservation: await fetched(api, sid, signal) };
}

async function fetched(api: ProviderApi, sid: string, signal: AbortSignal): Promise<ESimProfile> {
  try {
    return await api.getESimProfile(sid, signal);
  } catch (error) {
    if (!isEsimdError(error, "api_missing")) throw error;
    throw new EsimdError("reservation_unknown", `the account has no reservation ${sid}`, {
      cause: error,
      hint: "Check that the credentials are those of the account that paid for it.",
    });
  }
}

function claimantOf(
  sid: string,
  name: string,
  { euiccs, batches }: { readonly euiccs: readonly Records[]; readonly batches: readonly BatchRecords[] },
): string | undefined {
  const euicc = euiccs.find((records) => namedSids(records).has(sid));
  if (euicc !== undefined) return `the eUICC ${maskIdentifiers(euicc.eid)}`;
  const batch = batches.find((records) => records.name !== name && batchSids(records).has(sid));
  return batch === undefined ? undefined : `the batch ${batch.name}`;
}

/** @throws EsimdError for a refusal. */
function required(judgement: ItemJudgement): Exclude<ItemJudgement, { kind: "refuse" }> {
  if (judgement.kind !== "refuse") return judgement;
  const { code, message, hint } = judgement;
  throw new EsimdError(code, message, hint === undefined ? {} : { hint });
}
