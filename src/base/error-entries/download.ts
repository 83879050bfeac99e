import type { ErrorEntry } from "./entry.js";

/** The SM-DP+ and the download. */
export const downloadErrors = {
  smdp_unreachable: {
    sentence: "The SM-DP+ cannot be reached.",
    actor: "network",
    retry: "later",
    exit: 69,
    next: "Check the network, DNS and the address of the SM-DP+.",
  },
  smdp_untrusted: {
    sentence: "The SM-DP+'s TLS certificate does not chain to a configured GSMA root.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Put the root that the SM-DP+ uses into ci_roots, or find out who answers in its place.",
  },
  smdp_error: {
    sentence: "The SM-DP+ answered with a failure.",
    actor: "vendor",
    retry: "later",
    exit: 69,
    next: "Run again later; if it stays, ask the provider with the subject and reason code.",
  },
  smdp_refused: {
    sentence: "The SM-DP+ refuses this download for good.",
    actor: "vendor",
    retry: "never",
    exit: 79,
    next: "Ask the provider about the order; esimd will not pay for another one by itself.",
    held: true,
  },
  smdp_protocol: {
    sentence: "The SM-DP+'s answer breaks the protocol.",
    actor: "vendor",
    retry: "later",
    exit: 69,
    next: "Run again later; if it stays, report it to the provider.",
  },
  no_profile_waiting: {
    sentence: "The SM-DP+ has no profile waiting for this eUICC.",
    actor: "operator",
    retry: "later",
    exit: 75,
    next: "Order a profile for this EID at the back end; esimd asks again on its next run.",
  },
  download_failed: {
    sentence: "The download failed, and the profile is not on the eUICC.",
    actor: "none",
    retry: "later",
    exit: 75,
    next: "Run again: the reservation is kept, and the same eUICC may try again.",
  },
  install_failed: {
    sentence: "The eUICC reported that the installation failed, and the profile is not there.",
    actor: "vendor",
    retry: "never",
    exit: 79,
    next: "Ask the provider whether the order can be released again; esimd will not pay for another one by itself.",
    held: true,
  },
  install_unconfirmed: {
    sentence: "The modem says that the profile was installed, again and again, but the eUICC's list does not have it.",
    actor: "vendor",
    retry: "never",
    exit: 79,
    next: "Restart the modem and look with `esimd probe`; then decide about the reservation.",
    held: true,
  },
  wrong_profile: {
    sentence: "The SM-DP+ offers a profile whose ICCID is not the reservation's.",
    actor: "vendor",
    retry: "never",
    exit: 79,
    next: "Ask the provider which reservation the profile belongs to.",
    held: true,
  },
} as const satisfies Record<string, ErrorEntry>;
