import { z } from "zod";
import { durationForm } from "./duration.js";
import { duration, keyDocs, list } from "./schema-kinds.js";

/** The table `[boot]`: what a device that has just started is waited for. */
export const boot = z.strictObject({
  clock_wait: duration(0).prefault("5min").register(keyDocs, {
    allowed: durationForm,
    meaning:
      "How long one run waits for a clock that can be trusted: later than esimd's build date, and synchronised or within a day of the modem's. A provisioned device does not wait.",
  }),
  clock_trust: z
    .enum(["evidence", "build-date"])
    .prefault("evidence")
    .register(keyDocs, {
      allowed: list(["evidence", "build-date"]),
      meaning:
        "What vouches for the host's clock: synchronisation or the modem (`evidence`), or the operator, for any time later than esimd's build date (`build-date`).",
    }),
  network_wait: duration(0).prefault("5min").register(keyDocs, {
    allowed: durationForm,
    meaning:
      "How long one run waits for a network that reaches the API (for provider `none`, the SM-DP+): Ethernet, Wi-Fi, or a bootstrap profile's. A provisioned device does not wait.",
  }),
});
