/** Object identifiers of X.509 extensions and of the certificate roles of SGP.22 (annex H, id-rspRole). */

export const extensionOid = {
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  certificatePolicies: "2.5.29.32",
  authorityKeyId: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
} as const;

export const roleOid = {
  ci: "2.23.146.1.2.1.0",
  euicc: "2.23.146.1.2.1.1",
  eum: "2.23.146.1.2.1.2",
  dpTls: "2.23.146.1.2.1.3",
  dpAuth: "2.23.146.1.2.1.4",
  dpPb: "2.23.146.1.2.1.5",
  dsTls: "2.23.146.1.2.1.6",
  dsAuth: "2.23.146.1.2.1.7",
} as const;

export type Role = keyof typeof roleOid;
