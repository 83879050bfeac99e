import type { ESimProfile } from "../api/resources.js";
import type { ErrorCode } from "../base/errors.js";
import { type Eid, type Iccid, maskIdentifiers } from "../base/identifiers.js";
import { wasCharged } from "./budget.js";
import type { Journal } from "./journal.js";
import type { LedgerFact, Money, PendingIntent, UnclearPost } from "./ledger.js";

/** What a person may decide about a held reservation, and what of it goes into the ledger. Pure. */

export type Judgement =
  | { readonly kind: "refuse"; readonly code: ErrorCode; readonly message: string; readonly hint?: string }
  /** It is so already. */
  | { readonly kind: "nothing"; readonly why: string }
  | { readonly kind: "record"; readonly fact: LedgerFact };

/** What is known of the eUICC that the decision is about. */
export interface Hand {
  readonly eid: Eid;
  readonly money: Money;
  readonly journal: Pick<Journal, "reservationSid" | "iccid" | "installedIccid" | "provisioned">;
  /** The eUICC's own list, where its modem was asked. */
  readonly onEuicc: readonly Iccid[] | undefined;
}

/** Clocks of device and provider differ; more than this they must not, or an old failure would pass for a new one. */
export const clockSkewMs = 10 * 60_000;

/** Who else of this state folder has a reservation: the eUICC that works on it, or the batch of codes that it is one of. */
export type Claim = { readonly eid: Eid } | { readonly batch: string };

/** May this eUICC work on that reservation from now on? It was fetched from the account a moment ago. */
export function judgeAdoption(
  hand: Hand,
  reservation: ESimProfile,
  claim: Claim | undefined,
  why: string | undefined,
): Judgement {
  const { eid, money, journal } = hand;
  const { sid, status } = reservation;
  const foreign = foreignness(reservation, eid, claim);
  if (foreign !== undefined) return refuse(foreign);
  if (!["new", "reserving", "available", "downloaded"].includes(status)) {
    return refuse(
      `the reservation ${sid} is ${status.replace(/^unknown:/, "")}, and nothing can be downloaded of it`,
      status === "installed"
        ? "A profile that is on the eUICC is found by `esimd provision` itself; for one that is not, `esimd reservation release` allows another one."
        : undefined,
    );
  }
  const other = installedOther(hand, reservation);
  if (other !== undefined) {
    return refuse(
      `this eUICC has the profile ${maskIdentifiers(other)} of another reservation, which every run uses first`,
      hand.onEuicc === undefined ? "If it is gone, give --port, so that the eUICC itself is asked." : undefined,
    );
  }
  const lifts = [
    ...(money.burned.has(sid) ? (["burned"] as const) : []),
    ...(money.released.has(sid) ? (["released"] as const) : []),
  ];
  const settles = money.reserved.has(sid) ? undefined : postOf(reservation, money);
  const isKnown = money.reserved.has(sid) && !money.uncharged.has(sid);
  if (isKnown && lifts.length === 0 && journal.reservationSid === sid) {
    return { kind: "nothing", why: `this eUICC works on the reservation ${sid} already` };
  }
  const fact: LedgerFact = {
    kind: "adopted",
    sid,
    by: "person",
    why:
      why ?? (lifts.length === 0 ? "a person chose it" : `a person takes it up again; it was ${lifts.join(" and ")}`),
    ...(settles === undefined ? {} : { id: settles.id }),
    ...(lifts.length === 0 ? {} : { lifts }),
  };
  return { kind: "record", fact };
}

function foreignness({ sid, eid: theirs }: ESimProfile, eid: Eid, claim: Claim | undefined): string | undefined {
  if (theirs !== undefined && theirs !== eid) {
    return `the reservation ${sid} is for the EID ${maskIdentifiers(theirs)}, and this eUICC has ${maskIdentifiers(eid)}`;
  }
  if (claim === undefined) return undefined;
  const who = "eid" in claim ? `the eUICC ${maskIdentifiers(claim.eid)}` : `the batch ${claim.batch}`;
  return `${who} of this state folder has the reservation ${sid} in its ledger`;
}

/** The profile of another reservation that the eUICC has; asked, its list says so, else a run that ended well. */
function installedOther({ journal, onEuicc }: Hand, { sid, iccid }: ESimProfile): string | undefined {
  const { installedIccid, provisioned, reservationSid } = journal;
  if (installedIccid === null || installedIccid === iccid || reservationSid === sid) return undefined;
  const isThere = onEuicc === undefined ? provisioned : onEuicc.some((one) => one === installedIccid);
  return isThere ? installedIccid : undefined;
}

/** The POST that made a reservation which no ledger knew: of its kind, not after it, and of those the nearest. */
function postOf({ eid, dateCreatedMs }: ESimProfile, money: Money): PendingIntent | undefined {
  const method = eid === undefined ? "activation-code" : "eid";
  const all: readonly PendingIntent[] = [
    ...money.unclearPosts,
    ...(money.pending === undefined ? [] : [money.pending]),
  ].filter((post) => post.method === method);
  if (dateCreatedMs === undefined) return all.at(-1);
  return all
    .filter(({ atMs }) => atMs <= dateCreatedMs + clockSkewMs)
    .toSorted((one, other) => Math.abs(dateCreatedMs - one.atMs) - Math.abs(dateCreatedMs - other.atMs))[0];
}

/** What the provider said of the reservation that is to be given up. */
export type ProviderWord =
  | { readonly kind: "found"; readonly reservation: ESimProfile }
  | { readonly kind: "missing" }
  /** It could not be asked. */
  | { readonly kind: "unasked" };

/** A POST of this eUICC that a person may give up. */
export function findPost(money: Money, id: string): PendingIntent | UnclearPost | undefined {
  return money.pending?.id === id ? money.pending : money.unclearPosts.find((post) => post.id === id);
}

export function judgeReleaseOfPost(money: Money, id: string, why: string | undefined): Judgement {
  if (money.unclearPosts.some((post) => post.id === id && post.released)) {
    return { kind: "nothing", why: `the POST ${id} was given up already` };
  }
  return { kind: "record", fact: { kind: "intent-released", id, by: "person", why: why ?? defaultWhy } };
}

const defaultWhy = "a person gave it up";

/** May a paid reservation be given up, so that another one is allowed? */
export function judgeRelease(hand: Hand, sid: string, word: ProviderWord, why: string | undefined): Judgement {
  const { eid, money } = hand;
  if (money.released.has(sid)) return { kind: "nothing", why: `the reservation ${sid} was given up already` };
  const isOurs = money.reserved.has(sid) || money.burned.has(sid) || money.uncharged.has(sid);
  const reservation = word.kind === "found" ? word.reservation : undefined;
  if (!isOurs && reservation?.eid !== eid) {
    if (reservation === undefined) {
      return {
        kind: "refuse",
        code: "reservation_unknown",
        message: `neither the ledger of this eUICC nor the provider knows the reservation ${sid}`,
      };
    }
    return refuse(
      foreignness(reservation, eid, undefined) ??
        `no ledger names the reservation ${sid}, which no eUICC has claimed, so that it is not this eUICC's to give up`,
      "Adopt it, or give up the POST by its own id; `esimd reservation list` shows both.",
    );
  }
  if (reservation === undefined ? money.uncharged.has(sid) : !wasCharged(reservation, money)) {
    return refuse(
      `the reservation ${sid} failed before it was charged, so that there is nothing to give up`,
      "Run `esimd provision` again: esimd reserves anew by itself.",
    );
  }
  const installed = installedOf(hand, sid, reservation);
  if (installed !== undefined) {
    return refuse(
      `the profile ${maskIdentifiers(installed)} of the reservation ${sid} is installed on this eUICC${hand.onEuicc === undefined ? ", as its journal says" : ""}; nothing was given up`,
      hand.onEuicc === undefined ? "If it is gone, give --port, so that the eUICC itself is asked." : undefined,
    );
  }
  return { kind: "record", fact: { kind: "released", sid, by: "person", why: why ?? defaultWhy } };
}

/** The profile that came of the reservation, while it is on the eUICC. */
function installedOf(
  { journal, onEuicc }: Hand,
  sid: string,
  reservation: ESimProfile | undefined,
): string | undefined {
  const worksOnIt = journal.reservationSid === sid;
  const { installedIccid } = journal;
  const iccids = [reservation?.iccid, worksOnIt ? journal.iccid : undefined, worksOnIt ? installedIccid : undefined];
  const known = iccids.filter((iccid) => iccid !== undefined && iccid !== null);
  if (onEuicc !== undefined) return onEuicc.find((iccid) => known.includes(iccid));
  return installedIccid !== null && (worksOnIt || known.includes(installedIccid)) ? installedIccid : undefined;
}

function refuse(message: string, hint?: string): Judgement {
  return { kind: "refuse", code: "reservation_state", message, ...(hint === undefined ? {} : { hint }) };
}
