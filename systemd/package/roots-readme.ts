/** README of /etc/esimd/ci-roots: which roots go there. The package brings none: whom a device trusts is its maker's decision. */

interface Root {
  readonly subject: string;
  readonly keyId: string;
  readonly validTo: string;
  readonly sha256: string;
}

/** Of a public collection of such roots; fingerprints are to be compared with the issuers' own. */
export const roots: readonly Root[] = [
  {
    subject: "O=GSM Association, CN=GSM Association - RSP2 Root CI1",
    keyId: "81370F5125D0B1D408D4C3B232E6D25E795BEBFB",
    validTo: "2052-02-21",
    sha256: "5E3E91FD454327C3AF5D32A7A73BBC59FE43AA7D85FD32D5DB44423F80A56BB3",
  },
  {
    subject: "C=CH, O=OISTE Foundation, CN=OISTE GSMA CI G1",
    keyId: "4C27967AD20C14B391E9601E41E604AD57C0222F",
    validTo: "2059-01-07",
    sha256: "9C9FA2E94602C260137122D9704D79993A6EF6D067CE0999EC2F4C109DD7A1A2",
  },
  {
    subject: "C=US, O=Entrust, Inc., CN=Entrust eSIM Certification Authority",
    keyId: "16704B7F351E3607F18C4B70005C3A003DFD414A",
    validTo: "2051-10-16",
    sha256: "94457E185C7059DDD484FBA87F86D10C2EE89E95571982C4DF3DE67E8F52007C",
  },
  {
    subject: "C=FR, O=OBERTHUR TECHNOLOGIES, CN=MC4 OT ROOT CI v1",
    keyId: "CD6E60B72D7A063CBC84625B91E80FE30406E13E",
    validTo: "2046-11-08",
    sha256: "36E6BC23AE1AA685BD7BC50715B592768781C951DA216C3FC83D9C58F2ABF4B7",
  },
  {
    subject: "C=CN, O=CMCA, CN=CMCA eSIM Root CA_NIST",
    keyId: "CDF6D1C0A7B07F98A861B6E378B82F648D99663E",
    validTo: "2052-09-05",
    sha256: "5F6A51E557A30F16DA4B4073624173766987D712B986299565B0645E8A24F0E9",
  },
];

/** The root of the GSMA's test certificates, whose private keys everybody can have. */
export const testRootKeyId = "F54172BDF98A95D65CBEB88A38A1C11D800A85C3";

export function rootsReadme(): string {
  return [
    "Roots of the eSIM world (GSMA certificate issuers), one or more PEM files: NAME.pem or NAME.crt.",
    "",
    "esimd trusts an SM-DP+ only if its TLS certificate chains to a root in this folder: never the roots of the web, and never",
    "none at all. The package brings no root: whom a device trusts is the decision of who makes it. Without a root nothing can be",
    "downloaded, and `esimd doctor` says so.",
    "",
    "Which ones: `esimd doctor --port PORT` compares this folder with the key ids that the eUICC lists, and names the missing one.",
    'Where from: the issuer named in the subject, or the GSMA, whose pages list them under "GSMA Root CI".',
    "Compare the fingerprint, by a second way, before you put one here:",
    "",
    "    openssl x509 -in NAME.pem -noout -subject -enddate -ext subjectKeyIdentifier -fingerprint -sha256",
    "",
    "Well-known ones, as they stood in a public collection; check them at their issuers:",
    "",
    ...roots.flatMap(({ subject, keyId, validTo, sha256 }) => [
      `  ${subject}`,
      `    key id   ${keyId}`,
      `    valid to ${validTo}`,
      `    SHA-256  ${sha256}`,
      "",
    ]),
    "Never in production: the SGP.26 test root, whose private key everybody can have. Its key id is",
    `    ${testRootKeyId}`,
    "",
    "Only root may write here: whoever can add a root can hand this device a profile of their own.",
    "",
  ].join("\n");
}
