import type { Action } from "./behaviours.js";

/** How one reservation goes, decided when it is made: the timing of the emulator, changed by the scenario's actions. */
export interface ReservationPlan {
  readonly toReservingMs: number;
  /** From `reserving`, before the order at the SM-DP+. */
  readonly toAvailableMs: number;
  /** How long lists do not show it. */
  readonly listedAfterMs: number;
  /** Fails in `reserving`; nothing is charged. */
  readonly reservationError: { readonly code: string; readonly message: string } | undefined;
  /** Fails after it was available, and charged. */
  readonly laterError:
    | { readonly afterMs: number; readonly error: { readonly code: string; readonly message: string } }
    | undefined;
  /** Statuses that the resource never reaches, whatever the SM-DP+ reports. */
  readonly mutedStatuses: readonly ("downloaded" | "installed")[];
}

export interface ReservationTiming {
  readonly toReservingMs: number;
  readonly toAvailableMs: number;
}

export function planReservation(timing: ReservationTiming, actions: readonly Action[]): ReservationPlan {
  const goodDay: ReservationPlan = {
    ...timing,
    listedAfterMs: 0,
    reservationError: undefined,
    laterError: undefined,
    mutedStatuses: [],
  };
  return actions.reduce(withAction, goodDay);
}

function withAction(plan: ReservationPlan, action: Action): ReservationPlan {
  switch (action.do) {
    case "walk":
      return {
        ...plan,
        toReservingMs: action.toReservingMs ?? plan.toReservingMs,
        toAvailableMs: action.toAvailableMs ?? plan.toAvailableMs,
      };
    case "stale-list":
      return { ...plan, listedAfterMs: action.ms };
    case "reservation-fails":
      return { ...plan, reservationError: { code: action.code, message: action.message } };
    case "fails-after-available":
      return { ...plan, laterError: { afterMs: action.ms, error: { code: action.code, message: action.message } } };
    case "never-updates":
      return { ...plan, mutedStatuses: action.statuses };
    default:
      return plan;
  }
}
