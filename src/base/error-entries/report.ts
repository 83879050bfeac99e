import type { ErrorEntry } from "./entry.js";

/** Reports on their way to those who want them. No run ends with these: they stand in the log, the metrics and the status. */
export const reportErrors = {
  report_undelivered: {
    sentence: "A report could not be delivered; it is kept, and tried again.",
    actor: "network",
    retry: "later",
    exit: 69,
    next: "See whether the named receiver runs and can be reached from this device; nothing has to be done here.",
  },
  report_refused: {
    sentence: "A receiver of reports refuses them for a reason that stays until somebody changes something.",
    actor: "operator",
    retry: "later",
    exit: 69,
    next: "Correct the address, the credentials or the receiver; then restart or reload esimd, or wait for its next try.",
  },
} as const satisfies Record<string, ErrorEntry>;
