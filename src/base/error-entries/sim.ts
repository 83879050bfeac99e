import type { ErrorEntry } from "./entry.js";

/** The Sim. */
export const simErrors = {
  sim_inactive: {
    sentence: "The Sim is inactive, and esimd does not reactivate a Sim unasked.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Set sim.reactivate = true, or activate the Sim by hand.",
    held: true,
  },
  sim_missing: {
    sentence: "The API has no Sim for the profile.",
    actor: "vendor",
    retry: "later",
    exit: 69,
    next: "Check that the account owns the profile's ICCID.",
  },
  fleet_missing: {
    sentence: "The Sim belongs to no Fleet, and none is configured.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Set sim.fleet to the Fleet that new devices join, then run again: nothing is paid twice.",
  },
  fleet_unknown: {
    sentence: "The configured Fleet does not exist in the account.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Correct sim.fleet, then run again: nothing is paid twice.",
  },
  sim_refused: {
    sentence: "The API refuses to move the Sim to the wanted status.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Look at the Sim in the provider's console and decide.",
    held: true,
  },
} as const satisfies Record<string, ErrorEntry>;
