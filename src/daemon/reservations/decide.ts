import type { ESimProfile, ProviderApi } from "../../api/resources.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import type { Iccid } from "../../base/identifiers.js";
import type { BatchRecords } from "../../provision/batch/store.js";
import {
  findPost,
  type Hand,
  type Judgement,
  judgeAdoption,
  judgeRelease,
  judgeReleaseOfPost,
  type ProviderWord,
} from "../../provision/by-hand.js";
import type { LedgerFact } from "../../provision/ledger.js";
import type { Records } from "../../provision/store/records.js";
import type { Store } from "../../provision/store/store.js";
import { batchSids } from "./batches.js";
import { namedSids } from "./files.js";

/** A person's decision in effect, under the lock of the eUICC. The API is asked and never told: nothing here can cost anything. */

export interface DecisionParts {
  readonly hand: Hand;
  readonly store: Store;
  /** Or why there is none to ask. */
  readonly api: ProviderApi | EsimdError;
  readonly why: string | undefined;
}

export interface Decided {
  readonly changed: boolean;
  /** What was so already. */
  readonly remark: string | undefined;
  /** As the provider shows it. */
  readonly reservation: ESimProfile | undefined;
  readonly fact: LedgerFact | undefined;
}

/** @throws EsimdError `ledger_damaged`: what cannot be written down is not decided. */
export function handOf(store: Store, eid: Hand["eid"], onEuicc: readonly Iccid[] | undefined): Hand {
  const money = store.money();
  if (money !== undefined) return { eid, money, journal: store.journal, onEuicc };
  throw new EsimdError(
    "ledger_damaged",
    "the ledger of this eUICC is missing or damaged, so nothing can be decided in it",
  );
}

/** `others`, `batches`: what this state folder knows of other eUICCs, and of batches of codes. @throws EsimdError `reservation_unknown`, `reservation_state`. */
export async function adoptByHand(
  parts: DecisionParts & { readonly api: ProviderApi },
  sid: string,
  others: readonly Records[],
  signal: AbortSignal,
  batches: readonly BatchRecords[] = [],
): Promise<Decided> {
  const { hand, store, api, why } = parts;
  const reservation = await fetched(api, sid, signal);
  const batch = batches.find((records) => batchSids(records).has(sid));
  const claim =
    others.find((records) => namedSids(records).has(sid)) ?? (batch === undefined ? undefined : { batch: batch.name });
  const fact = factOf(judgeAdoption(hand, reservation, claim, why));
  if (fact.kind === "nothing") return { changed: false, remark: fact.why, reservation, fact: undefined };
  // The journal first: after a power cut in between, the next run finds the reservation by it and settles the POST itself.
  await store.saveJournal({ reservationSid: sid, iccid: reservation.iccid ?? null, provisioned: false });
  await store.record(fact.fact);
  return { changed: true, remark: undefined, reservation, fact: fact.fact };
}

async function fetched(api: ProviderApi, sid: string, signal: AbortSignal): Promise<ESimProfile> {
  try {
    return await api.getESimProfile(sid, signal);
  } catch (error) {
    if (!isEsimdError(error, "api_missing")) throw error;
    throw new EsimdError("reservation_unknown", `the account has no reservation ${sid}`, {
      cause: error,
      hint: "`esimd reservation list` shows what there is; check that the credentials are those of the account that paid for it.",
    });
  }
}

/** What is to be given up was looked at, and may be: what remains is that the person means it. */
export type Release =
  | { readonly kind: "nothing"; readonly decided: Decided }
  | {
      readonly kind: "ready";
      readonly isPost: boolean;
      readonly reservation: ESimProfile | undefined;
      /** Why the provider could not be asked. */
      readonly unasked: EsimdError | undefined;
      carryOut(): Promise<Decided>;
    };

/** `id`: a reservation's sid, or the id of a POST whose outcome nobody knows. @throws EsimdError as for an adoption. */
export async function prepareRelease(parts: DecisionParts, id: string, signal: AbortSignal): Promise<Release> {
  const { hand, why } = parts;
  const isPost = findPost(hand.money, id) !== undefined;
  const asked = isPost ? noWord : await askOne(parts, id, signal);
  const { word, unasked } = asked;
  const reservation = word.kind === "found" ? word.reservation : undefined;
  const judgement = isPost ? judgeReleaseOfPost(hand.money, id, why) : judgeRelease(hand, id, word, why);
  // Who is not known here is perhaps known there, and there nobody answers.
  if (judgement.kind === "refuse" && judgement.code === "reservation_unknown" && unasked !== undefined) throw unasked;
  const fact = factOf(judgement);
  if (fact.kind === "nothing") {
    await forget(parts, id);
    return { kind: "nothing", decided: { changed: false, remark: fact.why, reservation, fact: undefined } };
  }
  return {
    kind: "ready",
    isPost,
    reservation,
    unasked,
    carryOut: async () => {
      await parts.store.record(fact.fact);
      await forget(parts, id);
      return { changed: true, remark: undefined, reservation, fact: fact.fact };
    },
  };
}

const noWord = { word: { kind: "unasked" }, unasked: undefined } as const;

/** The journal works on it no more; also when a power cut came between ledger and journal. */
async function forget({ hand, store }: DecisionParts, sid: string): Promise<void> {
  if (store.journal.reservationSid !== sid) return;
  // Where the eUICC was asked and has it not, the profile is gone for good.
  const gone = hand.onEuicc === undefined ? {} : { installedIccid: null };
  await store.saveJournal({ reservationSid: null, iccid: null, provisioned: false, ...gone });
}

async function askOne(
  { api }: DecisionParts,
  sid: string,
  signal: AbortSignal,
): Promise<{ readonly word: ProviderWord; readonly unasked: EsimdError | undefined }> {
  if (isEsimdError(api)) return { word: { kind: "unasked" }, unasked: api };
  try {
    return { word: { kind: "found", reservation: await api.getESimProfile(sid, signal) }, unasked: undefined };
  } catch (error) {
    if (signal.aborted || !isEsimdError(error)) throw error;
    if (error.code === "api_missing") return { word: { kind: "missing" }, unasked: undefined };
    return { word: { kind: "unasked" }, unasked: error };
  }
}

/** @throws EsimdError for a refusal. */
function factOf(judgement: Judgement): Exclude<Judgement, { kind: "refuse" }> {
  if (judgement.kind !== "refuse") return judgement;
  const { code, message, hint } = judgement;
  throw new EsimdError(code, message, hint === undefined ? {} : { hint });
}
