import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import {
  certificateToPem,
  encodeName,
  type SubjectAltName,
  writeCertificate,
} from "../../src/emulator/pki/certificate-writer.js";
import { newPrivateKey, privateKeyToPem } from "../../src/emulator/pki/curves.js";
import { roleOid } from "../../src/emulator/pki/oids.js";

/** HTTPS servers that may and may not be talked with, each on a port of its own. */

export interface Authority {
  readonly pem: string;
  issue(options?: { readonly notAfter?: Date; readonly name?: SubjectAltName }): Pick<ServerOptions, "cert" | "key">;
}

const farAhead = new Date("2049-01-01T00:00:00Z");
const loopback: SubjectAltName = { kind: "ip", bytes: Uint8Array.of(127, 0, 0, 1) };

export function authority(commonName: string): Authority {
  const issuerKey = newPrivateKey("P-256");
  const issuer = encodeName([["CN", commonName]]);
  const own = { issuer, issuerKey, notAfter: farAhead, policy: roleOid.ci };
  const root = writeCertificate({ ...own, subject: issuer, subjectKey: issuerKey, ca: {} });
  return {
    pem: certificateToPem(root),
    issue: ({ notAfter = farAhead, name = loopback } = {}) => {
      const subjectKey = newPrivateKey("P-256");
      const subject = encodeName([["CN", "a server"]]);
      const altNames = [name];
      const policy = roleOid.dpTls;
      const der = writeCertificate({
        issuer,
        issuerKey,
        subject,
        subjectKey,
        notAfter,
        policy,
        altNames,
        serverAuth: true,
      });
      return { cert: certificateToPem(der), key: privateKeyToPem(subjectKey) };
    },
  };
}

/** Nobody vouches for it but itself. */
export function selfSigned(): Pick<ServerOptions, "cert" | "key"> {
  const subjectKey = newPrivateKey("P-256");
  const subject = encodeName([["CN", "myself"]]);
  const der = writeCertificate({
    issuer: subject,
    issuerKey: subjectKey,
    subject,
    subjectKey,
    notAfter: farAhead,
    policy: roleOid.dpTls,
    altNames: [loopback],
    serverAuth: true,
  });
  return { cert: certificateToPem(der), key: privateKeyToPem(subjectKey) };
}

export interface Peer {
  readonly port: number;
  /** Requests that came through to it. */
  requests(): number;
  close(): void;
}

export async function startPeer(options: ServerOptions): Promise<Peer> {
  let requests = 0;
  const server = createServer(options, (_request, response) => {
    requests++;
    response.end("{}");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
