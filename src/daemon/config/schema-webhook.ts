import { z } from "zod";
import { durationForm } from "./duration.js";
import { absolutePath, callbackUrl, duration, keyDocs, urlForm } from "./schema-kinds.js";
import { tlsKeys } from "./schema-tls.js";

/** The table `[webhook]`. */
export const webhook = z.strictObject({
  url: callbackUrl.optional().register(keyDocs, {
    allowed: urlForm,
    meaning: "Where each report is POSTed, signed ([reports](reports.md)). Without it there is no webhook.",
  }),
  secret_file: absolutePath.optional().register(keyDocs, {
    allowed: "an absolute path; the file is readable by its owner only",
    meaning: "File with the secret to sign with; the credential esimd_webhook_secret comes first.",
  }),
  ...tlsKeys("the receiver", "the web's roots", "esimd_webhook_key"),
  timeout: duration(1000)
    .prefault("30s")
    .register(keyDocs, {
      allowed: `${durationForm}, at least 1s`,
      meaning: "Deadline of one POST.",
    }),
});
