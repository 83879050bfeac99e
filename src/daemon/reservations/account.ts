import type { ESimProfile, ProviderApi } from "../../api/resources.js";
import { type EsimdError, isEsimdError } from "../../base/errors.js";
import type { Eid } from "../../base/identifiers.js";
import { heldPosts } from "../../provision/batch/by-hand.js";
import type { BatchRecords } from "../../provision/batch/store.js";
import { wasCharged } from "../../provision/budget.js";
import { foldLedger } from "../../provision/ledger.js";
import type { Records } from "../../provision/store/records.js";
import { batchSids } from "./batches.js";
import { namedSids } from "./files.js";

/** What the provider's account says of the reservations of some eUICCs. Only ever read: nothing here can cost anything. */

export interface AccountView {
  /** By EID: its reservations, and those that its ledger names besides; none for an EID that was not asked for any more. */
  readonly byEid: ReadonlyMap<Eid, readonly ESimProfile[]>;
  /** Named in a ledger here, and not known to the account. */
  readonly missing: ReadonlySet<string>;
  /** Undefined when the account's whole list could not be read. */
  readonly orphans: readonly Orphan[] | undefined;
  /** What ended the asking before its end. */
  readonly error: EsimdError | undefined;
}

/** A reservation made with an activation code that no eUICC claimed and no ledger here names. */
export interface Orphan {
  readonly reservation: ESimProfile;
  /** The undecided POST by activation code that is nearest in time. */
  readonly post: OrphanPost | undefined;
}

export type OrphanPost = { readonly id: string; readonly afterMs: number } & (
  | { readonly eid: Eid }
  /** An item of a batch of codes. */
  | { readonly batch: string; readonly item: number }
);

/** `all`, `batches`: what this state folder knows, for the orphans; `wanted`: whose reservations are asked for. */
export async function askAccount(
  api: ProviderApi,
  wanted: readonly Records[],
  all: readonly Records[],
  signal: AbortSignal,
  batches: readonly BatchRecords[] = [],
): Promise<AccountView> {
  const byEid = new Map<Eid, readonly ESimProfile[]>();
  const missing = new Set<string>();
  try {
    for (const records of wanted) byEid.set(records.eid, await reservationsOf(api, records, missing, signal));
    const orphans = orphansOf(await api.listESimProfiles({}, signal), all, batches);
    return { byEid, missing, orphans, error: undefined };
  } catch (error) {
    if (signal.aborted || !isEsimdError(error)) throw error;
    return { byEid, missing, orphans: undefined, error };
  }
}

async function reservationsOf(
  api: ProviderApi,
  records: Records,
  missing: Set<string>,
  signal: AbortSignal,
): Promise<readonly ESimProfile[]> {
  const listed = await api.listESimProfiles({ eid: records.eid }, signal);
  const found = [...listed];
  for (const sid of namedSids(records)) {
    if (listed.some((one) => one.sid === sid)) continue;
    try {
      found.push(await api.getESimProfile(sid, signal));
    } catch (error) {
      if (!isEsimdError(error, "api_missing")) throw error;
      missing.add(sid);
    }
  }
  return found;
}

/** Pure. */
export function orphansOf(
  account: readonly ESimProfile[],
  all: readonly Records[],
  batches: readonly BatchRecords[] = [],
): readonly Orphan[] {
  const named = new Set([
    ...all.flatMap((records) => [...namedSids(records)]),
    ...batches.flatMap((records) => [...batchSids(records)]),
  ]);
  const posts = [
    ...all.flatMap((records) => undecidedPosts(records)),
    ...batches.flatMap((records) => undecidedItemPosts(records)),
  ];
  const nothing = foldLedger([]);
  return account
    .filter((one) => isUnclaimed(one) && !named.has(one.sid) && wasCharged(one, nothing))
    .map((reservation) => {
      const { dateCreatedMs } = reservation;
      const [post] =
        dateCreatedMs === undefined
          ? []
          : posts
              .map(({ whose, id, atMs }) => ({ ...whose, id, afterMs: dateCreatedMs - atMs }))
              .toSorted((one, other) => Math.abs(one.afterMs) - Math.abs(other.afterMs));
      return { reservation, post };
    });
}

/** By activation code the EID is that of the eUICC which claimed it. */
function isUnclaimed({ eid, status }: ESimProfile): boolean {
  return eid === undefined && status !== "downloaded" && status !== "installed";
}

function undecidedPosts({ eid, entries }: Records) {
  const money = foldLedger(entries ?? []);
  const posts = [
    ...money.unclearPosts.filter(({ released }) => !released),
    ...(money.pending === undefined ? [] : [money.pending]),
  ];
  return posts
    .filter(({ method }) => method === "activation-code")
    .map(({ id, atMs }) => ({ whose: { eid }, id, atMs }));
}

function undecidedItemPosts({ name, batch }: BatchRecords) {
  const posts = batch === undefined ? [] : heldPosts(batch);
  return posts.map(({ number, post, atMs }) => ({ whose: { batch: name, item: number }, id: post, atMs }));
}
