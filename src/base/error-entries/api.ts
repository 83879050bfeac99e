import type { ErrorEntry } from "./entry.js";

/** The provider's API. */
export const apiErrors = {
  api_unreachable: {
    sentence: "The provider's API cannot be reached.",
    actor: "network",
    retry: "later",
    exit: 69,
    next: "Check the network, DNS, the clock and api.url.",
  },
  api_unavailable: {
    sentence: "The provider's API answers with a server error.",
    actor: "vendor",
    retry: "later",
    exit: 75,
    next: "Nothing to do: esimd tries again later.",
  },
  api_rate_limited: {
    sentence: "The provider's API asks for a pause.",
    actor: "none",
    retry: "later",
    exit: 75,
    next: "Nothing to do: esimd tries again later.",
  },
  api_credentials: {
    sentence: "The provider's API refuses the credentials.",
    actor: "operator",
    retry: "never",
    exit: 77,
    next: "Check key, secret and account, and that the key may use Super SIM.",
  },
  api_rejected: {
    sentence: "The provider's API rejects the request.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "Look the error code up in the provider's documentation.",
  },
  api_missing: {
    sentence: "The provider's API does not know the resource.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "Check that the account is the one that the resource belongs to.",
  },
  api_protocol: {
    sentence: "The provider's API answers with something that is not its contract.",
    actor: "vendor",
    retry: "later",
    exit: 69,
    next: "Check api.url (a proxy or a captive portal answers like this), then run again.",
  },
  no_stock: {
    sentence: "The provider has no eSIM profiles to reserve at the moment (83500).",
    actor: "vendor",
    retry: "later",
    exit: 75,
    next: "Nothing was charged; ask the provider when stock returns. esimd tries again later.",
  },
} as const satisfies Record<string, ErrorEntry>;
