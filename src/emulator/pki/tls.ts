import type { SecureContextOptions } from "node:tls";
import type { Pki, SmdpIdentity } from "./pki.js";

/**
 * How the emulated SM-DP+ and SM-DS serve TLS. Node leaves brainpool out of what it offers by default, and TLS 1.3 has no signature
 * scheme for a brainpoolP256r1 certificate that clients know; TLS 1.2 with the curve named works.
 */
export function tlsServerOptions(pki: Pki, server: Pick<SmdpIdentity, "tls"> = pki.smdp()): SecureContextOptions {
  const { certificatePem, keyPem } = server.tls;
  const common: SecureContextOptions = { cert: certificatePem, key: keyPem, minVersion: "TLSv1.2" };
  if (pki.curve === "P-256") return common;
  return { ...common, maxVersion: "TLSv1.2", ecdhCurve: "brainpoolP256r1:P-256" };
}
