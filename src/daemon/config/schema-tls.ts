import { absolutePath, keyDocs } from "./schema-kinds.js";

/** The keys that say how a connection of a sink is secured: the same for each, and documented with each. */
export function tlsKeys(who: string, roots: string, credential: string) {
  return {
    ca_file: absolutePath.optional().register(keyDocs, {
      allowed: "an absolute path",
      meaning: `PEM certificates that ${who} must chain to, in place of ${roots}.`,
    }),
    cert_file: absolutePath.optional().register(keyDocs, {
      allowed: "an absolute path",
      meaning: `PEM certificate, with what it chains over, to show to ${who}. Read anew for each connection.`,
    }),
    key_file: absolutePath.optional().register(keyDocs, {
      allowed: "an absolute path; the file is readable by its owner only",
      meaning: `PEM private key of that certificate; the credential ${credential} comes first.`,
    }),
  };
}
