import { createHash, X509Certificate } from "node:crypto";
import { decodeOctets, decodeOid, universal } from "../asn1/der.js";
import { childrenOf, Fields, onlyChild, readTlv } from "../asn1/tlv.js";

const subjectKeyIdOid = "2.5.29.14";

/**
 * The subject key id of a root, upper-case hex, which is how an eUICC names the CI keys that it trusts (SGP.22 4.3, euiccCiPKIdListForVerification).
 * A root without the extension has the hash of its key (RFC 5280 4.2.1.2, method 1). @throws TlvError
 */
export function rootKeyId(pem: string): string {
  const { raw } = new X509Certificate(pem);
  const tbs = new Fields(new Fields(readTlv(raw, universal.sequence)).take(universal.sequence));
  tbs.take(universal.integer);
  // The algorithm, the issuer, the validity and the subject stand in front of the key (RFC 5280 4.1).
  for (let skipped = 0; skipped < 4; skipped++) tbs.take(universal.sequence);
  const publicKey = tbs.take(universal.sequence);
  const extensions = tbs.optional(0xa3);
  for (const item of extensions === undefined ? [] : childrenOf(onlyChild(extensions))) {
    const fields = new Fields(item);
    if (decodeOid(fields.take(universal.objectIdentifier)) !== subjectKeyIdOid) continue;
    return hex(decodeOctets(readTlv(fields.take(universal.octetString).value, universal.octetString), 1, 64));
  }
  const key = new Fields(publicKey).take(universal.bitString).value.subarray(1);
  return createHash("sha1").update(key).digest("hex").toUpperCase();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex").toUpperCase();
}

/** Names of CI keys that eUICCs were seen to list; facts of a public bundle of roots, to be checked with their issuers. */
const knownCiKeys: Readonly<Record<string, string>> = {
  "81370F5125D0B1D408D4C3B232E6D25E795BEBFB": "GSM Association - RSP2 Root CI1",
  "4C27967AD20C14B391E9601E41E604AD57C0222F": "OISTE GSMA CI G1",
  "16704B7F351E3607F18C4B70005C3A003DFD414A": "Entrust eSIM Certification Authority",
  CD6E60B72D7A063CBC84625B91E80FE30406E13E: "MC4 OT ROOT CI v1",
  CDF6D1C0A7B07F98A861B6E378B82F648D99663E: "CMCA eSIM Root CA_NIST",
  F54172BDF98A95D65CBEB88A38A1C11D800A85C3: "the test CI of SGP.26, for no device in the field",
};

/** A key id for a sentence, with the name of its CI where that is known. Pure. */
export function describeCiKey(keyId: string): string {
  const name = knownCiKeys[keyId.toUpperCase()];
  return name === undefined ? keyId : `${keyId} (${name})`;
}
