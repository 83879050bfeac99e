import type { KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { EsimdError } from "../../base/errors.js";
import { type Eid, maskIdentifiers } from "../../base/identifiers.js";
import { checkEuiccChain, isLeafOfCi } from "./certificate-chain.js";
import { type Certificate, readCertificate } from "./certificate-reader.js";
import {
  certificateFromPem,
  certificateToPem,
  encodeName,
  keyIdOf,
  type Name,
  type SubjectAltName,
  writeCertificate,
} from "./certificate-writer.js";
import { type Curve, curveOf, newPrivateKey, privateKeyFromPem, privateKeyToPem } from "./curves.js";
import { type Role, roleOid } from "./oids.js";
import { folderStore, memoryStore, type PkiStore } from "./store.js";

/**
 * The certificates of a small RSP world under one CI: EUM and eUICCs, an SM-DP+ with its three certificates, an SM-DS with its two.
 * Files that are in the folder are used, what is missing is made under the CI where its key is there, and kept (the names are those of
 * docs/fake-smdp.md).
 */

export interface KeyedCertificate {
  readonly certificate: Certificate;
  readonly privateKey: KeyObject;
}

export interface EuiccIdentity extends KeyedCertificate {
  readonly eum: Certificate;
}

export interface SmdpIdentity {
  readonly dpAuth: KeyedCertificate;
  readonly dpPb: KeyedCertificate;
  /** For the HTTPS server. */
  readonly tls: { readonly certificatePem: string; readonly keyPem: string };
  readonly oid: string;
}

/** A discovery server: it binds no packages. */
export interface SmdsIdentity {
  readonly dsAuth: KeyedCertificate;
  readonly tls: SmdpIdentity["tls"];
}

export interface Pki {
  readonly curve: Curve;
  readonly ci: Certificate;
  readonly ciPem: string;
  /** The eUICC of this EID; an eUICC in the folder that has another EID is left alone. @throws EsimdError `bad_input` */
  euicc(eid: Eid): EuiccIdentity;
  /** @throws EsimdError `bad_input` */
  smdp(): SmdpIdentity;
  /** @throws EsimdError `bad_input` */
  smds(): SmdsIdentity;
}

export interface PkiOptions {
  /** For what is made new; what is in the folder keeps its own. */
  readonly curve?: Curve;
  /** Host names and IP addresses of the SM-DP+, beside localhost and the loopback addresses. */
  readonly tlsNames?: readonly string[];
}

const smdpOid = "2.999.10";
const smdsOid = "2.999.15";
const organization = "esimd emulator";
const rootName = encodeName([
  ["CN", "esimd emulator CI"],
  ["O", organization],
]);
const farAhead = new Date("2055-01-01T00:00:00Z");
/** "No well-defined expiration date" (RFC 5280, 4.1.2.5): an eUICC outlives everything. */
const never = new Date("9999-12-31T23:59:59Z");

/** A world that lives in memory only. */
export function createPki(options: PkiOptions = {}): Pki {
  return openPki(memoryStore(), options);
}

/** @throws EsimdError `bad_input` when a file there cannot be used, or when one is missing that cannot be made. */
export function loadPki(dir: string, options: PkiOptions = {}): Pki {
  return openPki(folderStore(dir), options);
}

function openPki(store: PkiStore, options: PkiOptions): Pki {
  const root = openRoot(store, options.curve ?? "P-256");
  const issue = issuerOf(store, root);
  const euiccs = new Map<Eid, EuiccIdentity>();
  const eums = new Map<string, Eum>();
  let smdp: SmdpIdentity | undefined;
  let smds: SmdsIdentity | undefined;
  return {
    curve: root.curve,
    ci: root.certificate,
    ciPem: certificateToPem(root.certificate.der),
    euicc: (eid) => {
      const known = euiccs.get(eid) ?? openEuicc(store, root, eums, eid);
      euiccs.set(eid, known);
      return known;
    },
    smdp: () => {
      smdp ??= openSmdp(issue, options.tlsNames ?? []);
      return smdp;
    },
    smds: () => {
      smds ??= openSmds(issue, options.tlsNames ?? []);
      return smds;
    },
  };
}

interface Root {
  readonly certificate: Certificate;
  readonly privateKey: KeyObject | undefined;
  readonly curve: Curve;
}

function openRoot(store: PkiStore, curve: Curve): Root {
  const pem = store.read("ci.pem");
  const keyPem = store.read("ci.key.pem");
  if (pem !== undefined) {
    const certificate = inFile(store, "ci.pem", () => readCertificate(certificateFromPem(text(pem))));
    const privateKey =
      keyPem === undefined ? undefined : inFile(store, "ci.key.pem", () => privateKeyFromPem(text(keyPem)));
    if (privateKey !== undefined) requireMatch(store, "ci.key.pem", certificate, privateKey);
    return { certificate, privateKey, curve: requireCurve(store, "ci.pem", certificate.publicKey) };
  }
  // Two emulators may start on one empty folder at once: the key that was there first counts, for both.
  const kept = text(store.keep("ci.key.pem", bytes(privateKeyToPem(newPrivateKey(curve)))));
  const privateKey = inFile(store, "ci.key.pem", () => privateKeyFromPem(kept));
  const der = writeCertificate({
    issuer: rootName,
    issuerKey: privateKey,
    subject: rootName,
    subjectKey: privateKey,
    notAfter: farAhead,
    ca: {},
    policy: roleOid.ci,
    altNames: [{ kind: "registeredId", oid: "2.999.1" }],
  });
  const certificate = readCertificate(certificateFromPem(text(store.keep("ci.pem", bytes(certificateToPem(der))))));
  requireMatch(store, "ci.key.pem", certificate, privateKey);
  return { certificate, privateKey, curve: requireCurve(store, "ci.pem", privateKey) };
}

interface LeafRequest {
  readonly file: string;
  readonly keyFile: string;
  readonly role: Role;
  readonly subject: Name;
  readonly altNames: readonly SubjectAltName[];
  readonly serverAuth?: true;
}

/** Gives the certificate of a file, or makes it under the CI and keeps it. */
function issuerOf(store: PkiStore, root: Root): (request: LeafRequest) => KeyedCertificate {
  return (request) => {
    const { file, keyFile, role } = request;
    const isPem = file.endsWith(".pem");
    const found = store.read(file);
    const foundKey = store.read(keyFile);
    if (found !== undefined && foundKey === undefined) throw missing(store, keyFile, `${file} is there without it`);
    if (found === undefined && root.privateKey === undefined) {
      throw missing(store, file, "it cannot be made without ci.key.pem");
    }
    const keyPem = foundKey ?? store.keep(keyFile, bytes(privateKeyToPem(newPrivateKey(root.curve))));
    const privateKey = inFile(store, keyFile, () => privateKeyFromPem(text(keyPem)));
    const make = (): Uint8Array => {
      if (root.privateKey === undefined) throw missing(store, file, "it cannot be made without ci.key.pem");
      const der = writeCertificate({
        issuer: root.certificate.subject,
        issuerKey: root.privateKey,
        subject: encodeName(request.subject),
        subjectKey: privateKey,
        notAfter: farAhead,
        policy: roleOid[role],
        altNames: request.altNames,
        ...(request.serverAuth ? { serverAuth: true } : {}),
      });
      return store.keep(file, isPem ? bytes(certificateToPem(der)) : der);
    };
    const data = found ?? make();
    const certificate = inFile(store, file, () => readCertificate(isPem ? certificateFromPem(text(data)) : data));
    requireMatch(store, keyFile, certificate, privateKey);
    // A TLS certificate may come from elsewhere; the other two are worthless unless the CI signed them for their role.
    if (!request.serverAuth && !isLeafOfCi(certificate, root.certificate, role)) {
      throw new EsimdError("bad_input", `${store.place(file)}: not a certificate of ci.pem for the role ${role}`);
    }
    return { certificate, privateKey };
  };
}

function openSmdp(issue: (request: LeafRequest) => KeyedCertificate, tlsNames: readonly string[]): SmdpIdentity {
  const registeredId = { kind: "registeredId", oid: smdpOid } as const;
  const subject: Name = [
    ["O", organization],
    ["CN", "esimd emulated SM-DP+"],
  ];
  const dpAuth = issue({
    file: "dpauth.der",
    keyFile: "dpauth.key.pem",
    role: "dpAuth",
    subject,
    altNames: [registeredId],
  });
  const dpPb = issue({ file: "dppb.der", keyFile: "dppb.key.pem", role: "dpPb", subject, altNames: [registeredId] });
  const tls = issue({
    file: "tls.pem",
    keyFile: "tls.key.pem",
    role: "dpTls",
    subject,
    altNames: hostNames(tlsNames).concat(registeredId),
    serverAuth: true,
  });
  return { dpAuth, dpPb, tls: pemOf(tls), oid: dpAuth.certificate.registeredId ?? smdpOid };
}

function openSmds(issue: (request: LeafRequest) => KeyedCertificate, tlsNames: readonly string[]): SmdsIdentity {
  const registeredId = { kind: "registeredId", oid: smdsOid } as const;
  const subject: Name = [
    ["O", organization],
    ["CN", "esimd emulated SM-DS"],
  ];
  const altNames = [registeredId];
  const dsAuth = issue({ file: "dsauth.der", keyFile: "dsauth.key.pem", role: "dsAuth", subject, altNames });
  const tls = issue({
    file: "dstls.pem",
    keyFile: "dstls.key.pem",
    role: "dsTls",
    subject,
    altNames: hostNames(tlsNames).concat(registeredId),
    serverAuth: true,
  });
  return { dsAuth, tls: pemOf(tls) };
}

function hostNames(tlsNames: readonly string[]): SubjectAltName[] {
  return [...new Set(["localhost", "127.0.0.1", "::1", ...tlsNames])].map(altNameOf);
}

function pemOf({ certificate, privateKey }: KeyedCertificate): SmdpIdentity["tls"] {
  return { certificatePem: certificateToPem(certificate.der), keyPem: privateKeyToPem(privateKey) };
}

function altNameOf(name: string): SubjectAltName {
  const version = isIP(name);
  if (version === 0) return { kind: "dns", name };
  return { kind: "ip", bytes: version === 4 ? Uint8Array.from(name.split(".").map(Number)) : ipv6Bytes(name) };
}

function ipv6Bytes(address: string): Uint8Array {
  const [head = "", tail = ""] = address.split("::");
  const groups = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const left = groups(head);
  const right = address.includes("::") ? groups(tail) : [];
  const all = [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function openEuicc(store: PkiStore, root: Root, eums: Map<string, Eum>, eid: Eid): EuiccIdentity {
  const eumDer = store.read("eum.der");
  const euiccDer = store.read("euicc.der");
  const keyPem = store.read("euicc.key.pem");
  if (eumDer !== undefined && euiccDer !== undefined && keyPem !== undefined) {
    const eum = inFile(store, "eum.der", () => readCertificate(eumDer));
    const certificate = inFile(store, "euicc.der", () => readCertificate(euiccDer));
    if (certificate.subjectSerialNumber === eid) {
      const chain = checkEuiccChain(certificate, eum, root.certificate);
      if (!chain.ok) throw new EsimdError("bad_input", `${store.place(`${chain.of}.der`)}: ${chain.why}`);
      const privateKey = inFile(store, "euicc.key.pem", () => privateKeyFromPem(text(keyPem)));
      requireMatch(store, "euicc.key.pem", certificate, privateKey);
      return { certificate, privateKey, eum };
    }
  }
  if (root.privateKey === undefined) {
    const inFolder = euiccDer === undefined ? "there is none" : "the one there has another EID";
    throw missing(
      store,
      "euicc.der",
      `no eUICC for EID ${maskIdentifiers(eid)}: ${inFolder}, and ci.key.pem is missing`,
    );
  }
  const prefix = eid.slice(0, 8);
  const eum = eums.get(prefix) ?? makeEum(root.certificate, root.privateKey, root.curve, prefix);
  eums.set(prefix, eum);
  return makeEuicc(store, eum, root.curve, eid);
}

/** Signs for the eUICCs whose EIDs begin with the same eight digits. */
interface Eum {
  readonly name: Uint8Array;
  readonly privateKey: KeyObject;
  readonly certificate: Certificate;
}

function makeEum(ci: Certificate, ciKey: KeyObject, curve: Curve, prefix: string): Eum {
  const privateKey = newPrivateKey(curve);
  const name = encodeName([
    ["O", organization],
    ["CN", "esimd emulated EUM"],
  ]);
  const der = writeCertificate({
    issuer: ci.subject,
    issuerKey: ciKey,
    subject: name,
    subjectKey: privateKey,
    notAfter: farAhead,
    ca: { pathLength: 0 },
    policy: roleOid.eum,
    altNames: [{ kind: "registeredId", oid: "2.999.5" }],
    permittedName: encodeName([
      ["O", organization],
      ["serialNumber", prefix],
    ]),
  });
  return { name, privateKey, certificate: readCertificate(der) };
}

function makeEuicc(store: PkiStore, eum: Eum, curve: Curve, eid: Eid): EuiccIdentity {
  const euiccKey = newPrivateKey(curve);
  const euiccDer = writeCertificate({
    issuer: eum.name,
    issuerKey: eum.privateKey,
    subject: encodeName([
      ["O", organization],
      ["serialNumber", eid],
      ["CN", "esimd emulated eUICC"],
    ]),
    subjectKey: euiccKey,
    notAfter: never,
    policy: roleOid.euicc,
  });
  // Only the first eUICC of a folder is kept in it: its three files stand for one.
  if (store.read("euicc.der") === undefined && store.read("eum.der") === undefined) {
    store.keep("euicc.key.pem", bytes(privateKeyToPem(euiccKey)));
    store.keep("eum.der", eum.certificate.der);
    store.keep("euicc.der", euiccDer);
  }
  return { certificate: readCertificate(euiccDer), privateKey: euiccKey, eum: eum.certificate };
}

function requireMatch(store: PkiStore, keyFile: string, certificate: Certificate, privateKey: KeyObject): void {
  if (Buffer.compare(keyIdOf(certificate.publicKey), keyIdOf(privateKey)) !== 0) {
    throw new EsimdError("bad_input", `${store.place(keyFile)}: the key does not belong to its certificate`);
  }
}

function requireCurve(store: PkiStore, file: string, key: KeyObject): Curve {
  const curve = curveOf(key);
  if (curve === undefined) {
    throw new EsimdError("bad_input", `${store.place(file)}: the key is on neither P-256 nor brainpoolP256r1`);
  }
  return curve;
}

function missing(store: PkiStore, file: string, why: string): EsimdError {
  return new EsimdError("bad_input", `${store.place(file)} is missing: ${why}`);
}

function inFile<T>(store: PkiStore, file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EsimdError("bad_input", `${store.place(file)} cannot be used: ${why}`, { cause });
  }
}

function text(data: Uint8Array): string {
  return Buffer.from(data).toString("utf8");
}

function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}
