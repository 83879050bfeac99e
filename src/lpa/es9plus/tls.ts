import { createHash, type X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { checkServerIdentity, connect, type TLSSocket } from "node:tls";
import type { Clock } from "../../base/clock.js";
import { formatMs } from "../../base/deadline.js";
import { describeCause } from "../../base/errors.js";
import { strictTls } from "../../base/strict-tls.js";

/** How a connection to an SM-DP+ could not be made: nothing was sent, so that trying again is harmless. */
export class ConnectFailure extends Error {
  override readonly name = "ConnectFailure";
  readonly code: string;

  constructor(message: string, code: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export interface SmdpEndpoint {
  readonly host: string;
  readonly port: number;
}

export interface SmdpTlsOptions {
  /** PEM certificates; the only ones that are trusted. */
  readonly ciRoots: readonly string[];
  /** SHA-256 of the certificates that are accepted, lower-case hex; empty for any that chains to a root. */
  readonly pins: readonly string[];
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly locate?: Locate | undefined;
  /** Gives up a connection that is still being made. */
  readonly signal?: AbortSignal | undefined;
}

/** Where a server is to be found, in place of what DNS says of its name; its certificate has to name it all the same. */
export type Locate = (endpoint: SmdpEndpoint) => SmdpEndpoint;

/**
 * P-256 and brainpoolP256r1 are the curves of SGP.22 (2.6.7.1); Node offers no brainpool unless told to, and a server with such a
 * certificate is then refused. The others are for servers behind an ordinary TLS front.
 */
const curves = "X25519:P-256:P-384:brainpoolP256r1:brainpoolP384r1";

/** Connects, and resolves when the server's certificate was verified against the roots and its name. @throws ConnectFailure */
export function connectToSmdp(endpoint: SmdpEndpoint, options: SmdpTlsOptions): Promise<TLSSocket> {
  const { host } = endpoint;
  const { ciRoots, pins, clock, timeoutMs, locate, signal } = options;
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...(locate === undefined ? endpoint : locate(endpoint)),
      ...(isIP(host) === 0 ? { servername: host } : {}),
      checkServerIdentity: (_connectedTo, certificate) => checkServerIdentity(host, certificate),
      ca: [...ciRoots],
      ...strictTls,
      ecdhCurve: curves,
      ALPNProtocols: ["http/1.1"],
    });
    // A head and a body are two writes: the second would wait for the first one's acknowledgement, which a server may put off for 40 ms.
    socket.setNoDelay(true);
    const peerCertificate = avoidLegacyCertificates(socket);
    const cancelTimer = clock.setTimer(timeoutMs, () =>
      socket.destroy(new ConnectFailure(`no connection within ${formatMs(timeoutMs)}`, "ETIMEDOUT")),
    );
    const onAbort = (): void => {
      socket.destroy(new ConnectFailure("the connection is not wanted any more", "ECANCELED"));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    const onError = (cause: Error): void => {
      cancelTimer();
      signal?.removeEventListener("abort", onAbort);
      const code = "code" in cause && typeof cause.code === "string" ? cause.code : "ECONNECT";
      reject(cause instanceof ConnectFailure ? cause : new ConnectFailure(describeCause(cause), code, cause));
    };
    socket.once("error", onError);
    socket.once("secureConnect", () => {
      cancelTimer();
      signal?.removeEventListener("abort", onAbort);
      socket.removeListener("error", onError);
      if (pins.length === 0 || pins.includes(fingerprintOf(peerCertificate()))) {
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(new ConnectFailure("its certificate is none of the pinned ones", "ERR_TLS_PIN"));
    });
  });
}

function fingerprintOf(certificate: X509Certificate | undefined): string {
  return certificate === undefined ? "" : createHash("sha256").update(certificate.raw).digest("hex");
}

/**
 * Node 24.21 crashes as a process when it turns a certificate on a brainpool curve into its legacy object, which it does for every
 * handshake in order to check the name. The X509Certificate object gives what that check needs without the conversion.
 * Node 20 hands the object out once for each handshake, so that it is kept; the function gives it.
 */
function avoidLegacyCertificates(socket: TLSSocket): () => X509Certificate | undefined {
  let certificate: X509Certificate | undefined;
  const peerCertificate = (): X509Certificate | undefined => {
    certificate ??= socket.getPeerX509Certificate();
    return certificate;
  };
  Object.defineProperty(socket, "getPeerCertificate", {
    value: () => {
      const peer = peerCertificate();
      return peer === undefined ? {} : { subject: {}, subjectaltname: peer.subjectAltName, raw: peer.raw };
    },
  });
  return peerCertificate;
}
