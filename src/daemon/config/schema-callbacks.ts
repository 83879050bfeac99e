import { z } from "zod";
import { absolutePath, keyDocs, listenAddress, listenForm, text } from "./schema-kinds.js";

/** The table `[callbacks]`. */
export const callbacks = z.strictObject({
  listen: listenAddress.optional().register(keyDocs, {
    allowed: listenForm,
    meaning:
      "Listen here for the provider's callbacks (`api.callback_url`), each of which makes a run that waits ask at once. Off without it: esimd polls anyway, and a device in the field has no public address.",
  }),
  path: text
    .regex(/^\/[^?#\s]*$/)
    .optional()
    .register(keyDocs, {
      allowed: 'a path that begins with "/"',
      meaning: "Where the calls arrive, if a proxy in front changes the path.",
      defaultText: "the path of `api.callback_url`",
    }),
  secret_file: absolutePath.optional().register(keyDocs, {
    allowed: "an absolute path; the file is readable by its owner only",
    meaning:
      "File with what signatures are checked with: Twilio's auth token of the account, or KORE's webhook secret; the credential esimd_callback_secret comes first.",
    path: true,
  }),
  tls_cert_file: absolutePath.optional().register(keyDocs, {
    allowed: "an absolute path",
    meaning: "Certificate (PEM, with its chain) to listen with. Both vendors call over https only.",
    path: true,
  }),
  tls_key_file: absolutePath.optional().register(keyDocs, {
    allowed: "an absolute path",
    meaning: "The certificate's key (PEM).",
    path: true,
  }),
});
