import type { ErrorEntry } from "./entry.js";

/** The factory line. */
export const stationErrors = {
  unit_duplicate: {
    sentence: "A serial number, an IMEI or an EID belongs to another unit.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "Look which unit has it by right; take a wrong record back with `esimd station void`, and run the unit again.",
  },
  unit_not_listed: {
    sentence: "The sheet of work does not have this serial number.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "Check the label, and the sheet of work.",
  },
  batch_budget_spent: {
    sentence: "The batch has paid for as many profiles as it may.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Look why more were needed than planned; a person raises the batch's budget.",
    held: true,
  },
  record_damaged: {
    sentence: "The station's record cannot be read as esimd wrote it.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Keep the file, mend or replace the named line by hand, and start again: what a unit cost is in the state folder's own ledgers.",
    held: true,
  },
  station_running: {
    sentence: "Another station works with the same record.",
    actor: "operator",
    retry: "later",
    exit: 75,
    next: "Stop the other one, or give this one a record of its own.",
  },
  station_refused: {
    sentence: "The station does not do this as it stands.",
    actor: "operator",
    retry: "later",
    exit: 75,
    next: "Do what the sentence says, and ask again.",
  },
  page_exposed: {
    sentence: "The page would be open to others without a lock.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Give TLS and a password file or client CA, or listen on loopback.",
  },
  executive_protocol: {
    sentence: "A line of the test executive is none that the station knows.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "Send one of the commands of docs/station.md.",
  },
} as const satisfies Record<string, ErrorEntry>;
