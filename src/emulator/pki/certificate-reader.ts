import { type KeyObject, verify } from "node:crypto";
import { decodeBits, decodeBoolean, decodeOid, universal } from "../../lpa/asn1/der.js";
import { childrenOf, Fields, onlyChild, readTlv, type Tlv, TlvError } from "../../lpa/asn1/tlv.js";
import { curveOf, publicKeyFromSpki } from "./curves.js";
import { extensionOid, type Role, roleOid } from "./oids.js";

/** Reads what SGP.22 cares about in a certificate; Node's own X509Certificate gives neither policies nor key ids. */
export interface Certificate {
  readonly der: Uint8Array;
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
  readonly publicKey: KeyObject;
  /** DER of the names, to be compared byte by byte. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** The subject's serialNumber attribute: the EID of an eUICC. */
  readonly subjectSerialNumber: string | undefined;
  readonly subjectOrganization: string | undefined;
  readonly subjectKeyId: Uint8Array | undefined;
  readonly authorityKeyId: Uint8Array | undefined;
  readonly policies: readonly string[];
  readonly isCa: boolean;
  readonly keyUsage: readonly number[];
  /** The registeredID of the subject alternative name: an SM-DP+'s OID. */
  readonly registeredId: string | undefined;
  /** Names (DER) of the permitted directory subtrees; undefined without name constraints. */
  readonly permittedNames: readonly Uint8Array[] | undefined;
}

/** @throws TlvError */
export function readCertificate(der: Uint8Array): Certificate {
  const whole = new Fields(readTlv(der, universal.sequence));
  const tbs = whole.take(universal.sequence);
  whole.take(universal.sequence);
  const signature = whole.take(universal.bitString).value.subarray(1);
  const fields = new Fields(tbs);
  fields.take(0xa0);
  fields.take(universal.integer);
  fields.take(universal.sequence); // the algorithm
  const issuer = fields.take(universal.sequence).raw;
  fields.take(universal.sequence); // validity: an eUICC has no clock and does not judge it
  const subject = fields.take(universal.sequence);
  const spki = fields.take(universal.sequence).raw;
  const extensions = readExtensions(fields.optional(0xa3));
  const value = (oid: string): Tlv | undefined => extensions.get(oid);
  const constraints = value(extensionOid.basicConstraints);
  const usage = value(extensionOid.keyUsage);
  return {
    der,
    tbs: tbs.raw,
    signature,
    publicKey: publicKeyFromSpki(spki),
    issuer,
    subject: subject.raw,
    subjectSerialNumber: nameAttribute(subject, "2.5.4.5"),
    subjectOrganization: nameAttribute(subject, "2.5.4.10"),
    subjectKeyId: value(extensionOid.subjectKeyId)?.value,
    authorityKeyId: authorityKeyId(value(extensionOid.authorityKeyId)),
    policies: policiesOf(value(extensionOid.certificatePolicies)),
    isCa: constraints !== undefined && isCa(constraints),
    keyUsage: usage === undefined ? [] : decodeBits(usage),
    registeredId: registeredId(value(extensionOid.subjectAltName)),
    permittedNames: permittedNames(value(extensionOid.nameConstraints)),
  };
}

/** True when `issuer`'s key made the signature; names and extensions are not looked at. */
export function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (curveOf(issuer.publicKey) === undefined) return false;
  return verify("sha256", certificate.tbs, { key: issuer.publicKey, dsaEncoding: "der" }, certificate.signature);
}

export function hasRole(certificate: Certificate, role: Role): boolean {
  return certificate.policies.includes(roleOid[role]);
}

/** An attribute's text out of a name. */
export function nameAttribute(name: Tlv, oid: string): string | undefined {
  for (const set of childrenOf(name)) {
    for (const attribute of childrenOf(set)) {
      const [type, text] = childrenOf(attribute);
      if (type !== undefined && text !== undefined && decodeOid(type) === oid) {
        return new TextDecoder().decode(text.value);
      }
    }
  }
  return undefined;
}

function readExtensions(tlv: Tlv | undefined): Map<string, Tlv> {
  const found = new Map<string, Tlv>();
  if (tlv === undefined) return found;
  for (const item of childrenOf(onlyChild(tlv))) {
    const fields = new Fields(item);
    const oid = decodeOid(fields.take(universal.objectIdentifier));
    if (found.has(oid)) throw new TlvError(`a certificate has extension ${oid} twice`);
    found.set(oid, readTlv(fields.take(universal.octetString).value));
  }
  return found;
}

function authorityKeyId(tlv: Tlv | undefined): Uint8Array | undefined {
  return tlv === undefined ? undefined : new Fields(tlv).find(0x80)?.value;
}

function policiesOf(tlv: Tlv | undefined): string[] {
  if (tlv === undefined) return [];
  return childrenOf(tlv).map((policy) => decodeOid(new Fields(policy).take(universal.objectIdentifier)));
}

function isCa(tlv: Tlv): boolean {
  const flag = new Fields(tlv).find(universal.boolean);
  return flag !== undefined && decodeBoolean(flag);
}

function registeredId(tlv: Tlv | undefined): string | undefined {
  const name = tlv === undefined ? undefined : new Fields(tlv).find(0x88);
  return name === undefined ? undefined : decodeOid(name);
}

function permittedNames(tlv: Tlv | undefined): Uint8Array[] | undefined {
  const permitted = tlv === undefined ? undefined : new Fields(tlv).find(0xa0);
  if (permitted === undefined) return undefined;
  return childrenOf(permitted).flatMap((subtree) => {
    const name = new Fields(subtree).find(0xa4);
    return name === undefined ? [] : [onlyChild(name).raw];
  });
}
