import type { SecureContextOptions } from "node:tls";
import type { Pki } from "./pki.js";

/**
 * How the emulated SM-DP+ serves TLS. Node leaves brainpool out of what it offers by default, and TLS 1.3 has no signature scheme for
 * a brainpoolP256r1 certificate that clients know; TLS 1.2 with the curve named works.
 */
export function tlsServerOptions(pki: Pki): SecureContextOptions {
  const { certificatePem, keyPem } = pki.smdp().tls;
  const common: SecureContextOptions = { cert: certificatePem, key: keyPem, minVersion: "TLSv1.2" };
  if (pki.curve === "P-256") return common;
  return { ...common, maxVersion: "TLSv1.2", ecdhCurve: "brainpoolP256r1:P-256" };
}
