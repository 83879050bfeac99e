import { readTlv } from "../../lpa/asn1/tlv.js";
import { type Certificate, hasRole, isSignedBy, nameAttribute } from "./certificate-reader.js";
import type { Role } from "./oids.js";

/**
 * The chains of SGP.22 (4.5.2), each signature checked by itself. A general X.509 validator refuses eUICC certificates, because the
 * name constraints of an EUM permit a serialNumber by its beginning, which X.520 matching does not know (SGP.22, 4.5.2.1.0.2).
 */

/** A certificate that the CI signed for this role, with a digital signature's key usage. */
export function isLeafOfCi(certificate: Certificate, ci: Certificate, role: Role): boolean {
  return (
    issuedBy(certificate, ci) && hasRole(certificate, role) && !certificate.isCa && certificate.keyUsage.includes(0)
  );
}

/** The EID of an eUICC whose chain over its EUM to the CI holds; a reason in words when it does not. */
export function checkEuiccChain(
  euicc: Certificate,
  eum: Certificate,
  ci: Certificate,
):
  | { readonly ok: true; readonly eid: string }
  | { readonly ok: false; readonly of: "eum" | "euicc"; readonly why: string } {
  if (!issuedBy(eum, ci) || !hasRole(eum, "eum") || !eum.isCa || !eum.keyUsage.includes(5)) {
    return { ok: false, of: "eum", why: "the EUM certificate is not one of this CI" };
  }
  if (!issuedBy(euicc, eum) || !hasRole(euicc, "euicc") || euicc.isCa || !euicc.keyUsage.includes(0)) {
    return { ok: false, of: "euicc", why: "the eUICC certificate is not one of its EUM" };
  }
  const eid = euicc.subjectSerialNumber;
  if (eid === undefined || !/^\d{32}$/.test(eid)) {
    return { ok: false, of: "euicc", why: "the eUICC certificate names no EID" };
  }
  if (eum.permittedNames !== undefined && !eum.permittedNames.some((name) => permits(name, euicc, eid))) {
    return { ok: false, of: "euicc", why: "the EUM may not sign for this EID" };
  }
  return { ok: true, eid };
}

function issuedBy(certificate: Certificate, issuer: Certificate): boolean {
  return (
    Buffer.compare(certificate.issuer, issuer.subject) === 0 &&
    certificate.authorityKeyId !== undefined &&
    issuer.subjectKeyId !== undefined &&
    Buffer.compare(certificate.authorityKeyId, issuer.subjectKeyId) === 0 &&
    isSignedBy(certificate, issuer)
  );
}

/** The organization equal, the serialNumber a beginning of the EID. */
function permits(permittedName: Uint8Array, euicc: Certificate, eid: string): boolean {
  const name = readTlv(permittedName);
  const organization = nameAttribute(name, "2.5.4.10");
  const prefix = nameAttribute(name, "2.5.4.5");
  return (
    (organization === undefined || organization === euicc.subjectOrganization) &&
    (prefix === undefined || eid.startsWith(prefix))
  );
}
