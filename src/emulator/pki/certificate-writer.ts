import { createHash, type KeyObject, sign } from "node:crypto";
import {
  encodeBits,
  encodeBoolean,
  encodeInteger,
  encodeOid,
  encodeSequence,
  encodeUtf8,
  universal,
} from "../../lpa/asn1/der.js";
import { concatBytes, encodeTlv, Fields, readTlv } from "../../lpa/asn1/tlv.js";
import { newNonce, spkiOf } from "./curves.js";
import { extensionOid } from "./oids.js";

/**
 * Writes X.509 version 3 certificates of the SGP.22 profiles. Our own, because the libraries that sit on WebCrypto know no brainpool
 * curves, and because SGP.22 wants extensions (registeredID, role policies) that they do not write.
 */

/** A distinguished name, attribute by attribute, in order. */
export type Name = readonly (readonly [attribute: keyof typeof attributeOid, value: string])[];

const attributeOid = {
  CN: "2.5.4.3",
  serialNumber: "2.5.4.5",
  C: "2.5.4.6",
  O: "2.5.4.10",
  OU: "2.5.4.11",
} as const;

export type SubjectAltName =
  | { readonly kind: "dns"; readonly name: string }
  | { readonly kind: "ip"; readonly bytes: Uint8Array }
  | { readonly kind: "registeredId"; readonly oid: string };

export interface CertificateRequest {
  /** DER of the issuer's name. */
  readonly issuer: Uint8Array;
  readonly issuerKey: KeyObject;
  readonly subject: Uint8Array;
  readonly subjectKey: KeyObject;
  readonly notAfter: Date;
  /** A certificate that may sign others; how many levels below it at most. */
  readonly ca?: { readonly pathLength?: number };
  /** One of the roles of SGP.22, as a certificate policy. */
  readonly policy: string;
  readonly altNames?: readonly SubjectAltName[];
  readonly serverAuth?: true;
  /** The one subtree of names that it may sign for. */
  readonly permittedName?: Uint8Array;
}

/** Well before any clock that a test or a field device starts with, and the same in every run. */
const notBefore = new Date("2000-01-01T00:00:00Z");
const ecdsaWithSha256 = encodeSequence(encodeOid("1.2.840.10045.4.3.2"));
const serverAuthOid = "1.3.6.1.5.5.7.3.1";

export function encodeName(name: Name): Uint8Array {
  return encodeSequence(
    ...name.map(([attribute, value]) => {
      // Country and serial number are PrintableString by definition (RFC 5280, appendix A).
      const printable = attribute === "C" || attribute === "serialNumber";
      const text = encodeUtf8(value, printable ? universal.printableString : universal.utf8String);
      return encodeTlv(universal.set, encodeSequence(encodeOid(attributeOid[attribute]), text));
    }),
  );
}

/** Method 1 of RFC 5280, 4.2.1.2: SHA-1 of the key's bits. */
export function keyIdOf(key: KeyObject): Uint8Array {
  const fields = new Fields(readTlv(spkiOf(key), universal.sequence));
  const bits = fields.take(universal.bitString).value.subarray(1);
  return new Uint8Array(createHash("sha1").update(bits).digest());
}

/** DER of a signed certificate with a random serial number. */
export function writeCertificate(request: CertificateRequest): Uint8Array {
  const serial = newNonce(9);
  serial[0] = 0x01; // positive, and never shorter
  const tbs = encodeSequence(
    encodeTlv(0xa0, encodeInteger(2)),
    encodeTlv(universal.integer, serial),
    ecdsaWithSha256,
    request.issuer,
    encodeSequence(encodeTime(notBefore), encodeTime(request.notAfter)),
    request.subject,
    spkiOf(request.subjectKey),
    encodeTlv(0xa3, encodeSequence(...extensionsOf(request))),
  );
  const signature = sign("sha256", tbs, { key: request.issuerKey, dsaEncoding: "der" });
  return encodeSequence(tbs, ecdsaWithSha256, encodeTlv(universal.bitString, Uint8Array.of(0), signature));
}

function extensionsOf(request: CertificateRequest): Uint8Array[] {
  const { ca, altNames, permittedName } = request;
  const keyUsage = ca === undefined ? [0] : [5, 6]; // digitalSignature, or keyCertSign and cRLSign
  const authorityKeyId = encodeSequence(encodeTlv(0x80, keyIdOf(request.issuerKey)));
  return [
    extension(extensionOid.authorityKeyId, false, authorityKeyId),
    extension(extensionOid.subjectKeyId, false, encodeTlv(universal.octetString, keyIdOf(request.subjectKey))),
    extension(extensionOid.keyUsage, true, encodeBits(keyUsage)),
    extension(extensionOid.certificatePolicies, true, encodeSequence(encodeSequence(encodeOid(request.policy)))),
    ...(ca === undefined
      ? []
      : [
          extension(
            extensionOid.basicConstraints,
            true,
            encodeSequence(encodeBoolean(true), ...(ca.pathLength === undefined ? [] : [encodeInteger(ca.pathLength)])),
          ),
        ]),
    ...(altNames === undefined
      ? []
      : [extension(extensionOid.subjectAltName, false, encodeSequence(...altNames.map(encodeAltName)))]),
    ...(request.serverAuth
      ? [extension(extensionOid.extendedKeyUsage, true, encodeSequence(encodeOid(serverAuthOid)))]
      : []),
    ...(permittedName === undefined
      ? []
      : [
          extension(
            extensionOid.nameConstraints,
            true,
            encodeSequence(encodeTlv(0xa0, encodeSequence(encodeTlv(0xa4, permittedName)))),
          ),
        ]),
  ];
}

function extension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return encodeSequence(
    encodeOid(oid),
    ...(critical ? [encodeBoolean(true)] : []),
    encodeTlv(universal.octetString, value),
  );
}

function encodeAltName(name: SubjectAltName): Uint8Array {
  if (name.kind === "dns") return encodeUtf8(name.name, 0x82);
  return name.kind === "ip" ? encodeTlv(0x87, name.bytes) : encodeOid(name.oid, 0x88);
}

/** UTCTime until 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
function encodeTime(date: Date): Uint8Array {
  const digits = date.toISOString().replace(/[-:T]/g, "").slice(0, 14);
  return date.getUTCFullYear() < 2050
    ? encodeUtf8(`${digits.slice(2)}Z`, universal.utcTime)
    : encodeUtf8(`${digits}Z`, universal.generalizedTime);
}

export function certificateToPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** The first certificate of a PEM text. @throws TlvError */
export function certificateFromPem(pem: string): Uint8Array {
  const body = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/.exec(pem)?.[1] ?? "";
  const der = concatBytes(Buffer.from(body, "base64"));
  return readTlv(der, universal.sequence).raw;
}
