import type { ESimProfile } from "../../api/resources.js";
import type { ErrorCode } from "../../base/errors.js";
import { wasCharged } from "../budget.js";
import { clockSkewMs, type ProviderWord } from "../by-hand.js";
import { foldLedger } from "../ledger.js";
import type { BatchFact } from "./entries.js";
import type { Batch, BatchItem } from "./fold.js";

/** What a person may decide about an item of a batch, and what of it goes into the ledger. Pure. */

export type ItemJudgement =
  | { readonly kind: "refuse"; readonly code: ErrorCode; readonly message: string; readonly hint?: string }
  /** It is so already. */
  | { readonly kind: "nothing"; readonly why: string }
  | { readonly kind: "record"; readonly item: number; readonly fact: BatchFact };

/** A POST of which nobody knows what it did. */
export interface ItemPost {
  readonly number: number;
  readonly post: string;
  readonly atMs: number;
}

export function heldPosts({ items }: Batch): readonly ItemPost[] {
  return items.flatMap(({ number, state }) =>
    state.kind === "held" || state.kind === "asked" ? [{ number, post: state.post, atMs: state.atMs }] : [],
  );
}

/** A reservation that one of the POSTs in doubt may have made. */
export interface ItemCandidate {
  readonly reservation: ESimProfile;
  /** The POST nearest in time; undefined where the provider tells no time. */
  readonly near: { readonly item: number; readonly afterMs: number } | undefined;
}

/**
 * Of the account's whole list those that a POST in doubt may have made: claimed by no eUICC, in no ledger here (`named`), and not older than
 * the POST. Only some of them may be this batch's: other sites make codes, too.
 */
export function candidatesOf(
  batch: Batch,
  account: readonly ESimProfile[],
  named: ReadonlySet<string>,
): readonly ItemCandidate[] {
  const posts = heldPosts(batch);
  if (posts.length === 0) return [];
  const nothing = foldLedger([]);
  return account
    .filter((one) => one.eid === undefined && isAlive(one) && !named.has(one.sid) && wasCharged(one, nothing))
    .flatMap((reservation): readonly ItemCandidate[] => {
      if (reservation.dateCreatedMs === undefined) return [{ reservation, near: undefined }];
      const near = nearest(posts, reservation.dateCreatedMs);
      return near === undefined ? [] : [{ reservation, near }];
    });
}

function isAlive({ status }: ESimProfile): boolean {
  return status === "new" || status === "reserving" || status === "available";
}

function nearest(
  posts: readonly ItemPost[],
  createdMs: number,
): { readonly item: number; readonly afterMs: number } | undefined {
  return posts
    .map(({ number, atMs }) => ({ item: number, afterMs: createdMs - atMs }))
    .filter(({ afterMs }) => afterMs >= -clockSkewMs)
    .toSorted((one, other) => Math.abs(one.afterMs) - Math.abs(other.afterMs))[0];
}

export interface AdoptionWish {
  /** As the provider shows it now. */
  readonly reservation: ESimProfile;
  /** Whose ledger here names it, as the subject of a sentence; undefined: nobody's. */
  readonly claimedBy: string | undefined;
  /** The item that a person names; undefined: the one whose POST is nearest in time. */
  readonly item: number | undefined;
  readonly why: string | undefined;
}

export function judgeItemAdoption(batch: Batch, wish: AdoptionWish): ItemJudgement {
  const { reservation, claimedBy, item: named, why } = wish;
  const { sid, status, eid, dateCreatedMs } = reservation;
  if (batch.sids.has(sid))
    return { kind: "nothing", why: `the batch ${batch.name} has the reservation ${sid} already` };
  const posts = heldPosts(batch);
  if (posts.length === 0)
    return refuse(`no item of the batch ${batch.name} is in doubt, so that none can take a reservation`);
  if (claimedBy !== undefined) return refuse(`${claimedBy} has the reservation ${sid} in its ledger`);
  if (eid !== undefined || !isAlive(reservation)) {
    const what = eid === undefined ? `is ${status.replace(/^unknown:/, "")}` : "was made for an EID, or claimed by one";
    return refuse(`the reservation ${sid} ${what}, and is no code that can be given to somebody`);
  }
  const chosen =
    named === undefined
      ? posts.find(({ number }) => dateCreatedMs !== undefined && nearest(posts, dateCreatedMs)?.item === number)
      : posts.find(({ number }) => number === named);
  if (chosen === undefined) {
    const items = posts.map(({ number }) => number).join(", ");
    return refuse(
      named === undefined
        ? `the reservation ${sid} is not known to have been made after a POST of this batch that is in doubt`
        : `item ${named} of the batch ${batch.name} is not in doubt`,
      `In doubt: ${items}. Where this host's clock was wrong, name the item with --item.`,
    );
  }
  const fact: BatchFact = {
    kind: "adopted",
    sid,
    id: chosen.post,
    by: "person",
    why: why ?? "a person chose it",
  };
  return { kind: "record", item: chosen.number, fact };
}

/** May an item be given up, so that another one is allowed in its place? */
export function judgeItemRelease(
  batch: Batch,
  number: number,
  word: ProviderWord,
  why = "a person gave it up",
): ItemJudgement {
  const item = batch.items.find((one) => one.number === number);
  if (item === undefined) return refuse(`the batch ${batch.name} never asked for an item ${number}`);
  const { state } = item;
  switch (state.kind) {
    case "open":
      return { kind: "nothing", why: `item ${number} has nothing that could be given up` };
    case "asked":
    case "held":
      return { kind: "record", item: number, fact: { kind: "intent-released", id: state.post, by: "person", why } };
    case "lost":
      return { kind: "record", item: number, fact: { kind: "released", sid: state.sid, by: "person", why } };
    case "reserved":
      return refuse(
        `item ${number} has the reservation ${state.sid}, which is under way`,
        `\`esimd reserve --batch ${batch.name} --activation-code\` waits for it.`,
      );
    case "ready":
      if (word.kind === "found" && word.reservation.status === "failed") {
        return { kind: "record", item: number, fact: { kind: "released", sid: state.sid, by: "person", why } };
      }
      return refuse(
        `item ${number} has a code, and the provider does not say that it failed`,
        `\`esimd reserve list --batch ${batch.name}\` shows what the provider says of it.`,
      );
  }
}

/** The reservation that the provider must be asked about before the item is given up. */
export function sidOf({ state }: BatchItem): string | undefined {
  return "sid" in state ? state.sid : undefined;
}

function refuse(message: string, hint?: string): ItemJudgement {
  return { kind: "refuse", code: "reservation_state", message, ...(hint === undefined ? {} : { hint }) };
}
