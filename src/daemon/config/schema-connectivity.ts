import { isIP } from "node:net";
import { z } from "zod";
import { durationForm } from "./duration.js";
import { absolutePath, duration, keyDocs, list, text, wholeNumber } from "./schema-kinds.js";

/** The table `[connectivity]`. */
export const connectivity = z.strictObject({
  check: z
    .enum(["none", "registration", "data"])
    .prefault("registration")
    .register(keyDocs, {
      allowed: list(["none", "registration", "data"]),
      meaning:
        "What a new profile must show: nothing, that the modem is registered (at home or roaming), or a packet service besides (`+CGATT`, and an address by `+CGCONTRDP`).",
    }),
  rollback: z.boolean().prefault(true).register(keyDocs, {
    allowed: "true or false",
    meaning:
      "Go back to the profile that the device had when the new one shows no service, if the modem was registered with that one ([connectivity](connectivity.md)).",
  }),
  wait: duration(0).prefault("5min").register(keyDocs, {
    allowed: durationForm,
    meaning:
      "How long a new profile may take until it has service, after `network.registration_wait`, before the device goes back or the check counts as failed.",
  }),
  switches_per_day: wholeNumber(1, 24).prefault(3).register(keyDocs, {
    allowed: "a whole number from 1 to 24",
    meaning:
      "How often in 24 hours a new profile is enabled in place of one that works. The way back belongs to it, and is never refused.",
  }),
  url: text
    .refine(
      (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && new URL(value).username === "",
    )
    .optional()
    .register(keyDocs, {
      allowed: "an http or https URL without user name",
      meaning:
        "Asked for by GET from `connectivity.local_address`; an answer 2xx is service. A redirect is not: portals answer so.",
    }),
  local_address: text
    .refine((value) => isIP(value) !== 0)
    .optional()
    .register(keyDocs, {
      allowed: "an IPv4 or IPv6 address",
      meaning:
        "The address of the host on the modem's side, from which `connectivity.url` is asked for; without it any other network would answer.",
    }),
  url_timeout: duration(100)
    .prefault("15s")
    .register(keyDocs, {
      allowed: `${durationForm}, at least 100ms`,
      meaning: "Deadline of one request to `connectivity.url`.",
    }),
  hook: absolutePath.optional().register(keyDocs, {
    allowed: "an absolute path",
    meaning:
      "A program that tells whether the host has service over the modem: exit status 0 is yes, any other no. It gets no words and no shell, and `ESIMD_PORT`, `ESIMD_EID` and `ESIMD_ICCID` in its environment.",
    path: true,
  }),
  hook_timeout: duration(100)
    .prefault("30s")
    .register(keyDocs, {
      allowed: `${durationForm}, at least 100ms`,
      meaning:
        "Deadline of one call of `connectivity.hook`; then it is killed with all that it started, and counts as no.",
    }),
});
