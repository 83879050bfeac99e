import type { ESimProfile, Sim } from "../api/resources.js";
import type { ErrorCode } from "../base/errors.js";
import type { Iccid } from "../base/identifiers.js";
import type { InstalledProfile } from "../lpa/lpa.js";
import type { Money } from "./ledger.js";
import type { Policy } from "./policy.js";

/** What was seen before deciding about money. Lists that could not be read to their end never get here: unknown permits nothing. */
export interface World {
  /** The eUICC's list. */
  readonly onEuicc: readonly InstalledProfile[];
  /** The Sims of our account among them, by ICCID. */
  readonly ownSims: ReadonlyMap<Iccid, Sim>;
  /** All of the EID's reservations, whatever their status, and the one that the journal, or else the ledger, names. */
  readonly reservations: readonly ESimProfile[];
  readonly journalSid: string | undefined;
  readonly journalIccid: string | undefined;
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
  | { readonly do: "hold"; readonly code: ErrorCode; readonly message: string };

/** Rule 1: what may be done about money, given what the world shows. Pure. */
export function decideReservation(world: World, policy: Pick<Policy, "maxReservations" | "onUnclear">): Decision {
  const installed = chooseInstalled(world);
  if (installed !== undefined) return installed;

  const strange = world.reservations.find(({ status }) => status.startsWith("unknown:"));
  if (strange !== undefined) {
    return hold(
      "reservation_unclear",
      `the reservation ${strange.sid} has the status ${strange.status.slice("unknown:".length)}, which esimd does not know`,
    );
  }
  const burned = world.money?.burned ?? new Map<string, string>();
  const usable = world.reservations.filter(({ sid }) => !burned.has(sid));
  const live = preferred(
    usable.filter(
      ({ status }) => status === "new" || status === "reserving" || status === "available" || status === "downloaded",
    ),
    world.journalSid,
  );
  if (live !== undefined) return { do: "adopt", reservation: live };

  if (world.money === undefined) {
    return hold(
      "ledger_damaged",
      "the ledger of what was paid for this eUICC is missing or damaged, so nothing may be paid",
    );
  }
  if (world.money.pending !== undefined) {
    if (world.money.pending.method === "eid") return { do: "settle" };
    return hold(
      "reservation_unclear",
      "a reservation by activation code was asked for and its answer never came; the provider's list cannot tell whose it is",
    );
  }
  return decideBudget(world, world.money, policy);
}

/** More may be paid only while the budget has room for it; what is gone already decides the sentence. */
function decideBudget(world: World, money: Money, policy: Pick<Policy, "maxReservations" | "onUnclear">): Decision {
  const charged = new Set(money.reserved);
  for (const reservation of world.reservations) {
    if (wasCharged(reservation, money)) charged.add(reservation.sid);
    // It was made, and failed before it cost anything; the power may have gone before the ledger heard of that.
    else charged.delete(reservation.sid);
  }
  const doubtAllowance = money.unclear > 0 && policy.onUnclear === "retry" ? 1 : 0;
  const spent = charged.size + money.unclear;
  if (spent < policy.maxReservations + doubtAllowance) {
    const why =
      money.unclear > 0
        ? "an earlier POST stayed unclear, and the list shows nothing of it"
        : "the world shows no reservation";
    return { do: "reserve", why };
  }
  const lost = [...money.burned][0];
  if (lost !== undefined)
    return hold("install_failed", `the reservation ${lost[0]} cannot be downloaded any more: ${lost[1]}`);
  const gone = world.reservations.find((reservation) => wasCharged(reservation, money));
  if (gone?.status === "installed") {
    return hold(
      "reservation_installed",
      `the provider says that ${gone.sid} is installed, but its profile is not on this eUICC`,
    );
  }
  if (gone?.status === "failed") {
    const why = [gone.errorCode, gone.errorMessage].filter((part) => part !== undefined).join(" ");
    return hold(
      "reservation_lost",
      `the reservation ${gone.sid} was charged and has failed${why === "" ? "" : `: ${why}`}`,
    );
  }
  if (money.unclear > 0)
    return hold("reservation_unclear", `${money.unclear} POST(s) for this eUICC stayed without an answer`);
  return hold("budget_spent", `this eUICC has used ${spent} of ${policy.maxReservations} reservation(s)`);
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

/** Charged: seen as available, or with the ICCID and Sim that only an available one has; certainly not when known to be uncharged. */
export function wasCharged(reservation: ESimProfile, money: Money): boolean {
  if (money.uncharged.has(reservation.sid)) return false;
  if (money.charged.has(reservation.sid)) return true;
  if (reservation.status === "failed") return reservation.simSid !== undefined || reservation.iccid !== undefined;
  return true;
}

/** The one the journal works on, else the furthest along, else the oldest. */
function preferred(reservations: readonly ESimProfile[], journalSid: string | undefined): ESimProfile | undefined {
  const order = ["available", "downloaded", "reserving", "new"];
  const ranked = [...reservations].sort(
    (a, b) => order.indexOf(a.status) - order.indexOf(b.status) || (a.dateCreatedMs ?? 0) - (b.dateCreatedMs ?? 0),
  );
  return ranked.find(({ sid }) => sid === journalSid) ?? ranked[0];
}

function hold(code: ErrorCode, message: string): Decision {
  return { do: "hold", code, message };
}
