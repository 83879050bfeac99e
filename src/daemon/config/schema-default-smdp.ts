import { z } from "zod";
import { parseSmdpAddress } from "../../base/identifiers.js";
import { durationForm } from "./duration.js";
import { duration, keyDocs, list, parsed } from "./schema-kinds.js";

/** The table `[default_smdp]`: the SM-DP+ where a back end reserves for the EID. */
export const defaultSmdp = z.strictObject({
  address: parsed((value) => parseSmdpAddress(value, "default_smdp.address"))
    .optional()
    .register(keyDocs, {
      allowed: "a bare host name, with :PORT where it is not 443",
      meaning:
        "The default SM-DP+ that the eUICC is to have. A run downloads from it where neither the reservation nor `download.smdp_address` names another.",
    }),
  set: z
    .enum(["never", "missing", "always"])
    .prefault("never")
    .register(keyDocs, {
      allowed: list(["never", "missing", "always"]),
      meaning:
        "Consent to write `default_smdp.address` into the eUICC: where it has none (`missing`), or in another one's place, too (`always`). It stays there.",
    }),
  poll_longest: duration(60_000)
    .prefault("1d")
    .register(keyDocs, {
      allowed: `${durationForm}, at least 1min`,
      meaning:
        "How seldom the daemon gets to ask an SM-DP+ that has no profile for this EID yet: it begins with half a minute and doubles to this.",
    }),
});
