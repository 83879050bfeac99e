import type { ErrorEntry } from "./entry.js";

/** Money: what was or may have been paid. */
export const moneyErrors = {
  reservation_failed: {
    sentence: "The provider could not reserve a profile; nothing was charged.",
    actor: "vendor",
    retry: "later",
    exit: 75,
    next: "Run again later; if it stays, ask the provider with the error code.",
  },
  reservation_lost: {
    sentence: "A reservation that was paid for failed before it was installed.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Ask the provider for a replacement; `esimd reservation list` shows what was paid, `esimd reservation release SID` allows another one.",
    held: true,
  },
  reservation_installed: {
    sentence: "The provider says that this eUICC's reservation is installed, but the eUICC does not have the profile.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "The profile was probably deleted; `esimd reservation release SID` gives it up and allows another one. esimd will not pay for another one by itself.",
    held: true,
  },
  reservation_unclear: {
    sentence: "It cannot be known whether a reservation was made and charged.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Look with `esimd reservation list`, then decide: `esimd reservation adopt SID`, or `esimd reservation release ID` to allow another one.",
    held: true,
  },
  budget_spent: {
    sentence: "This eUICC has used up the reservations that it may cost.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Look with `esimd reservation list`; to pay again, `esimd reservation release SID`, or raise reservation.max_reservations.",
    held: true,
  },
  ledger_damaged: {
    sentence: "The ledger of what was paid is missing or damaged, so esimd will not pay.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Restore the ledger from a backup; or look with `esimd reservation list`, then `esimd reservation rebuild` makes a new one of what the provider knows.",
    held: true,
  },
  reservation_unknown: {
    sentence: "Neither the ledger nor the provider knows such a reservation for this eUICC.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "`esimd reservation list` shows what there is.",
  },
  reservation_state: {
    sentence: "The reservation is not one that a person can adopt or give up.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "`esimd reservation list` shows what the ledger and the provider say of it.",
  },
} as const satisfies Record<string, ErrorEntry>;
