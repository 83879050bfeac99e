import type { ESimProfile, Sim } from "../api/resources.js";
import type { ErrorCode } from "../base/errors.js";
import { type Iccid, maskIdentifiers } from "../base/identifiers.js";
import type { InstalledProfile } from "../lpa/lpa.js";
import { type BudgetPolicy, budgetOf, wasCharged } from "./budget.js";
import type { Money } from "./ledger.js";
import type { HeldOver } from "./next-step.js";

/** What was seen before deciding about money. Lists that could not be read to their end never get here: unknown permits nothing. */
export interface World {
  readonly eid: string;
  /** The eUICC's list. */
  readonly onEuicc: readonly InstalledProfile[];
  /** The Sims of our account among them, by ICCID. */
  readonly ownSims: ReadonlyMap<Iccid, Sim>;
  /** All of the EID's reservations, whatever their status, and the one that the journal, or else the ledger, names. */
  readonly reservations: readonly ESimProfile[];
  readonly journalSid: string | undefined;
  readonly journalIccid: string | undefined;
  /** The profile that the journal knows to have been on this eUICC. */
  readonly journalInstalled: string | undefined;
  /** Undefined when the ledger is missing beside a journal, or damaged. */
  readonly money: Money | undefined;
}

export type Decision =
  /** The eUICC holds one of ours: adopt it, never reserve. */
  | {
      readonly do: "use-installed";
      readonly iccid: Iccid;
      readonly sim: Sim;
      readonly reservation: ESimProfile | undefined;
    }
  /** A reservation that can still be downloaded. */
  | { readonly do: "adopt"; readonly reservation: ESimProfile }
  | { readonly do: "reserve"; readonly why: string }
  /** A POST is without its outcome: the list must be watched first. */
  | { readonly do: "settle" }
  | { readonly do: "hold"; readonly code: ErrorCode; readonly message: string; readonly over: HeldOver };

/** Rule 1: what may be done about money, given what the world shows. Pure. */
export function decideReservation(world: World, policy: BudgetPolicy): Decision {
  const installed = chooseInstalled(world);
  if (installed !== undefined) return installed;

  const { money } = world;
  // What a person gave up is nobody's any more, whatever the provider says of it; only the eUICC's list brings it back, above.
  const reservations = world.reservations.filter(({ sid }) => money?.released.has(sid) !== true);
  const strange = reservations.find(({ status }) => status.startsWith("unknown:"));
  if (strange !== undefined) {
    return hold(
      "reservation_unclear",
      `the reservation ${strange.sid} has the status ${strange.status.slice("unknown:".length)}, which esimd does not know`,
      { sid: strange.sid },
    );
  }
  const usable = reservations.filter((one) => money?.burned.has(one.sid) !== true && !isOthers(one, world));
  const live = preferred(
    usable.filter(
      ({ status }) => status === "new" || status === "reserving" || status === "available" || status === "downloaded",
    ),
    world.journalSid,
  );
  if (live !== undefined) return { do: "adopt", reservation: live };

  if (money === undefined) {
    return hold(
      "ledger_damaged",
      "the ledger of what was paid for this eUICC is missing or damaged, so nothing may be paid",
    );
  }
  if (money.pending !== undefined) {
    if (money.pending.method === "eid") return { do: "settle" };
    return hold(
      "reservation_unclear",
      "a reservation by activation code was asked for and its answer never came; the provider's list cannot tell whose it is",
      { postId: money.pending.id },
    );
  }
  return decideBudget(world, money, policy);
}

/** By its own word it is for another eUICC: claimed by that one, or in a ledger that came from another device. */
function isOthers({ eid }: ESimProfile, world: Pick<World, "eid">): boolean {
  return eid !== undefined && eid !== world.eid;
}

/** More may be paid only while the budget has room for it; what is gone already decides the sentence. */
function decideBudget(world: World, money: Money, policy: BudgetPolicy): Decision {
  const { reservations: all } = world;
  const { spent, allowed, left } = budgetOf(money, all, policy);
  const isGivenUp = (sid: string): boolean => money.released.has(sid);
  const doubtful = money.unclearPosts.filter(({ released }) => !released);
  if (left > 0) {
    const gaveUp = money.released.size > 0 || doubtful.length < money.unclear;
    return { do: "reserve", why: whyReserve(doubtful.length > 0, gaveUp) };
  }
  const lost = [...money.burned].find(([sid]) => !isGivenUp(sid));
  if (lost !== undefined) {
    const [sid, why] = lost;
    return hold("install_failed", `the reservation ${sid} cannot be downloaded any more: ${why}`, { sid });
  }
  const gone = all.find((reservation) => !isGivenUp(reservation.sid) && wasCharged(reservation, money));
  if (gone !== undefined && isOthers(gone, world)) {
    return hold(
      "budget_spent",
      `the reservation ${gone.sid}, which this eUICC's ledger names, is for the EID ${maskIdentifiers(gone.eid ?? "")}`,
      { sid: gone.sid },
    );
  }
  if (gone?.status === "installed") return holdInstalled(gone, world);
  if (gone?.status === "failed") {
    const why = [gone.errorCode, gone.errorMessage].filter((part) => part !== undefined).join(" ");
    return hold(
      "reservation_lost",
      `the reservation ${gone.sid} was charged and has failed${why === "" ? "" : `: ${why}`}`,
      { sid: gone.sid },
    );
  }
  const post = doubtful.at(-1);
  if (post !== undefined) {
    return hold("reservation_unclear", `${doubtful.length} POST(s) for this eUICC stayed without an answer`, {
      postId: post.id,
    });
  }
  const sid = [...money.reserved].filter((one) => !isGivenUp(one)).at(-1);
  return hold(
    "budget_spent",
    `this eUICC has used ${spent} of ${allowed} reservation(s)`,
    sid === undefined ? {} : { sid },
  );
}

/** Deleted here; or, where this device never saw it, on another eUICC with this EID. */
function holdInstalled({ sid, iccid }: ESimProfile, { journalInstalled }: World): Decision {
  const wasHere = journalInstalled !== undefined && (iccid === undefined || iccid === journalInstalled);
  const says = `the provider says that ${sid} is installed, but its profile is not on this eUICC`;
  return wasHere
    ? hold("reservation_installed", says, { sid })
    : hold("reservation_installed", `${says}, and this device never saw it there`, { sid, neverHere: true });
}

function whyReserve(inDoubt: boolean, gaveUp: boolean): string {
  if (inDoubt) return "an earlier POST stayed unclear, and the list shows nothing of it";
  return gaveUp ? "a person gave up an earlier one" : "the world shows no reservation";
}

/** The journal's own, else one that is enabled, else the first in the eUICC's list. */
function chooseInstalled(world: World): Decision | undefined {
  const ours = world.onEuicc.filter(({ iccid }) => world.ownSims.has(iccid));
  const chosen =
    ours.find(({ iccid }) => iccid === world.journalIccid) ?? ours.find(({ enabled }) => enabled) ?? ours[0];
  const sim = chosen === undefined ? undefined : world.ownSims.get(chosen.iccid);
  if (chosen === undefined || sim === undefined) return undefined;
  const reservation = world.reservations.find(({ iccid, simSid }) => iccid === chosen.iccid || simSid === sim.sid);
  return { do: "use-installed", iccid: chosen.iccid, sim, reservation };
}

/** The one the journal works on, else the furthest along, else the oldest. */
function preferred(reservations: readonly ESimProfile[], journalSid: string | undefined): ESimProfile | undefined {
  const order = ["available", "downloaded", "reserving", "new"];
  const ranked = [...reservations].sort(
    (a, b) => order.indexOf(a.status) - order.indexOf(b.status) || (a.dateCreatedMs ?? 0) - (b.dateCreatedMs ?? 0),
  );
  return ranked.find(({ sid }) => sid === journalSid) ?? ranked[0];
}

function hold(code: ErrorCode, message: string, over: HeldOver = {}): Decision {
  return { do: "hold", code, message, over };
}
