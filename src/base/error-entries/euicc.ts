import type { ErrorEntry } from "./entry.js";

/** The eUICC and what is on it. */
export const euiccErrors = {
  no_euicc: {
    sentence: "The modem has no eUICC that esimd can reach.",
    actor: "device-maker",
    retry: "never",
    exit: 69,
    next: "Check that an eSIM is fitted and that the modem's active SIM slot is the eSIM's.",
  },
  lpa_holds_isdr: {
    sentence: "The modem's own LPA holds the eUICC, and esimd may not switch it off.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Set modem.take_isdr = true, and esimd switches the modem's LPA off for good and resets the modem once; or use another modem.",
  },
  eid_mismatch: {
    sentence: "The eUICC's EID is not the one that was expected.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "Check that the right unit is connected; nothing was reserved.",
  },
  euicc_full: {
    sentence: "The eUICC has no room for another profile.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Delete a profile that is not needed with an LPA of your choice, then run again: the reservation is kept.",
    held: true,
  },
  enable_failed: {
    sentence: "The profile is installed but could not be enabled.",
    actor: "device-maker",
    retry: "later",
    exit: 69,
    next: "Run again; if it stays, restart the modem.",
  },
  profile_missing: {
    sentence: "A profile that was on the eUICC is no longer there.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Find out who deleted it; a paid profile installs only once.",
    held: true,
  },
} as const satisfies Record<string, ErrorEntry>;
