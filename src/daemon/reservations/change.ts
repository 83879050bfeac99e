import { EsimdError } from "../../base/errors.js";
import type { Eid } from "../../base/identifiers.js";
import { type Budget, budgetOf } from "../../provision/budget.js";
import type { Store } from "../../provision/store/store.js";
import type { Config } from "../config/config.js";
import type { Decided } from "./decide.js";

/** What a person's decision changed, for programs: the same object from a command and from the daemon. */
export interface ReservationChange {
  readonly schema: "esimd.reservation-change/1";
  readonly eid: string;
  readonly action: "adopt" | "release";
  readonly sid: string | null;
  readonly post: string | null;
  readonly changed: boolean;
  readonly remark: string | null;
  readonly status: string | null;
  readonly iccid: string | null;
  readonly lifts: readonly string[];
  readonly budget: Budget;
  /** Who wrote it down: the command itself, or the daemon that serves this eUICC. */
  readonly through: "command" | "daemon";
  readonly error: null;
}

export interface Change {
  readonly eid: Eid;
  readonly action: ReservationChange["action"];
  readonly named: { readonly sid: string | null; readonly post: string | null };
  readonly decided: Decided;
  readonly budget: Budget;
  readonly through: ReservationChange["through"];
}

export function reservationChange({ eid, action, named, decided, budget, through }: Change): ReservationChange {
  const { changed, remark, reservation, fact } = decided;
  return {
    schema: "esimd.reservation-change/1",
    eid,
    action,
    ...named,
    changed,
    remark: remark ?? null,
    status: reservation?.status ?? null,
    iccid: reservation?.iccid ?? null,
    lifts: (fact?.kind === "adopted" ? fact.lifts : undefined) ?? [],
    budget,
    through,
    error: null,
  };
}

/** @throws EsimdError `ledger_damaged`. */
export function budgetNow({ reservation }: Config, store: Store): Budget {
  const money = store.money();
  if (money === undefined) throw new EsimdError("ledger_damaged", "the ledger cannot be read any more");
  return budgetOf(money, [], reservation);
}
