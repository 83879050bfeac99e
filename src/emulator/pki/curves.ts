import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import { encodeOid, encodeSequence, universal } from "../../lpa/asn1/der.js";
import { encodeTlv, TlvError } from "../../lpa/asn1/tlv.js";

/** The two curves of SGP.22 (2.6.7.1), keys on them, and what is signed and agreed with them. */

export const curves = ["P-256", "brainpoolP256r1"] as const;
export type Curve = (typeof curves)[number];

const openSslName: Readonly<Record<Curve, string>> = { "P-256": "prime256v1", brainpoolP256r1: "brainpoolP256r1" };
const curveOid: Readonly<Record<Curve, string>> = {
  "P-256": "1.2.840.10045.3.1.7",
  brainpoolP256r1: "1.3.36.3.3.2.8.1.1.7",
};
const ecPublicKeyOid = "1.2.840.10045.2.1";

export function newPrivateKey(curve: Curve): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: openSslName[curve] }).privateKey;
}

/** The curve of a key, or undefined for a key of another kind. */
export function curveOf(key: KeyObject): Curve | undefined {
  const name = key.asymmetricKeyDetails?.namedCurve;
  return curves.find((curve) => openSslName[curve] === name);
}

/** SubjectPublicKeyInfo, as DER. */
export function spkiOf(key: KeyObject): Uint8Array {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
}

/** @throws TlvError when the bytes are not a point of the curve. */
export function publicKeyFromPoint(curve: Curve, point: Uint8Array): KeyObject {
  const algorithm = encodeSequence(encodeOid(ecPublicKeyOid), encodeOid(curveOid[curve]));
  const spki = encodeSequence(algorithm, encodeTlv(universal.bitString, Uint8Array.of(0), point));
  return publicKeyFromSpki(spki);
}

/** The keys of an emulated world's certificates, which are read again in every session; a line has those of many eUICCs at once. */
const knownKeys = new Map<string, KeyObject>();
const mostKnownKeys = 1000;

/** @throws TlvError */
export function publicKeyFromSpki(spki: Uint8Array): KeyObject {
  const name = Buffer.from(spki).toString("base64");
  const known = knownKeys.get(name);
  if (known !== undefined) return known;
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    if (knownKeys.size >= mostKnownKeys) knownKeys.clear();
    knownKeys.set(name, key);
    return key;
  } catch (cause) {
    throw new TlvError(`a public key cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

export function privateKeyToPem(key: KeyObject): string {
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}

export function privateKeyFromPem(pem: string): KeyObject {
  return createPrivateKey(pem);
}

/** ECDSA with SHA-256; 64 bytes r || s, as SGP.22 carries it (BSI TR-03111). */
export function signPlain(key: KeyObject, data: Uint8Array): Uint8Array {
  return new Uint8Array(sign("sha256", data, { key, dsaEncoding: "ieee-p1363" }));
}

export function verifyPlain(key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  return verify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, signature);
}

/** A key for one session: the scalar is kept as hex, so that a state file can hold it. */
export interface OneTimeKey {
  readonly curve: Curve;
  readonly privateHex: string;
  /** Uncompressed point, 65 bytes, as hex. */
  readonly publicHex: string;
}

export function newOneTimeKey(curve: Curve): OneTimeKey {
  const ecdh = createECDH(openSslName[curve]);
  const publicKey = ecdh.generateKeys();
  return {
    curve,
    privateHex: ecdh.getPrivateKey("hex").padStart(64, "0"),
    publicHex: publicKey.toString("hex"),
  };
}

/** The shared secret (ECKA of BSI TR-03111): the x coordinate, 32 bytes. @throws TlvError when the point is not on the curve. */
export function agree(own: OneTimeKey, otherPoint: Uint8Array): Uint8Array {
  publicKeyFromPoint(own.curve, otherPoint);
  const ecdh = createECDH(openSslName[own.curve]);
  ecdh.setPrivateKey(Buffer.from(own.privateHex, "hex"));
  return new Uint8Array(ecdh.computeSecret(otherPoint));
}

export function newNonce(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}
