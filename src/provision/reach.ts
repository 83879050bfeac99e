import type { SmdpAddress } from "../base/identifiers.js";

/** Whom a run has to reach over the host's network before anything else is worth a try. */
export type ReachTarget =
  | { readonly kind: "api"; readonly url: string }
  | { readonly kind: "smdp"; readonly address: SmdpAddress };

/**
 * Makes a connection, as far as it can be made without a request, and gives it up again.
 * @throws EsimdError `api_unreachable`, `smdp_unreachable`, with the next step for how far it came.
 */
export type Reach = (target: ReachTarget, signal: AbortSignal) => Promise<void>;
