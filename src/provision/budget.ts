import type { ESimProfile } from "../api/resources.js";
import type { Money } from "./ledger.js";
import type { Policy } from "./policy.js";

/** What one eUICC has cost and may cost: the budget of rule 1. Pure. */
export interface Budget {
  /** Charges, and POSTs that were or may have been charged, an undecided one included; what was given up stays paid. */
  readonly spent: number;
  /** The configured number, one for each that a person gave up, and one more while a POST is in doubt and `on_unclear` says `retry`. */
  readonly allowed: number;
  readonly left: number;
}

export type BudgetPolicy = Pick<Policy, "maxReservations" | "onUnclear">;

/** `reservations`: what the provider shows for the EID; without them, what the ledger alone knows. */
export function budgetOf(money: Money, reservations: readonly ESimProfile[], policy: BudgetPolicy): Budget {
  const charged = new Set(money.reserved);
  for (const reservation of reservations) {
    if (wasCharged(reservation, money)) charged.add(reservation.sid);
    // It was made, and failed before it cost anything; the power may have gone before the ledger heard of that.
    else charged.delete(reservation.sid);
  }
  const givenUp = [...money.released.keys()].filter((sid) => charged.has(sid)).length;
  const givenUpPosts = money.unclearPosts.filter(({ released }) => released).length;
  // A POST that a person decided is in doubt no longer: its allowance is the person's.
  const doubtAllowance = money.unclear > givenUpPosts && policy.onUnclear === "retry" ? 1 : 0;
  const undecided = money.pending === undefined ? 0 : 1;
  const spent = charged.size + money.unclear + undecided;
  const allowed = policy.maxReservations + givenUp + givenUpPosts + doubtAllowance;
  return { spent, allowed, left: Math.max(0, allowed - spent) };
}

/** Charged: seen as available, or with the ICCID and Sim that only an available one has; certainly not when known to be uncharged. */
export function wasCharged(reservation: ESimProfile, money: Money): boolean {
  if (money.uncharged.has(reservation.sid)) return false;
  if (money.charged.has(reservation.sid)) return true;
  if (reservation.status === "failed") return reservation.simSid !== undefined || reservation.iccid !== undefined;
  return true;
}
