import { isIP, connect as tcpConnect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { describeCause, EsimdError } from "../base/errors.js";
import { networkStageOf } from "../base/network-failure.js";
import { strictTls } from "../base/strict-tls.js";
import type { Reach, ReachTarget } from "../provision/reach.js";

/**
 * Whether the host's network reaches a server: name, connection, and for the API its certificate, which a captive portal does not have.
 * No request is sent. An SM-DP+'s certificate is judged when a session begins, by the GSMA's roots.
 */
export const reachByNetwork: Reach = async (target, signal) => {
  const { host, port, isTls } = endpointOf(target);
  try {
    await connectOnce(host, port, isTls, signal);
  } catch (cause) {
    signal.throwIfAborted();
    const stage = networkStageOf(cause) ?? "connect";
    const code = target.kind === "api" ? "api_unreachable" : "smdp_unreachable";
    const message = `${host}:${port} cannot be reached: ${sentences[stage]} (${describeCause(cause)})`;
    throw new EsimdError(code, message, { cause, hint: hints[stage] });
  }
};

const sentences = {
  dns: "its name is not found",
  connect: "its name is known and the connection is not made",
  tls: "what answers does not show its certificate",
} as const;

const hints = {
  dns: "Check the cable, the Wi-Fi or the bootstrap profile that this host is to go online by, and its DNS (resolvectl query, /etc/resolv.conf).",
  connect: "Check route and firewall of this host (ip route get, curl -v); a bootstrap profile may bar this server.",
  tls: "Look who answers: a captive portal wants a person to sign in, and a proxy that opens TLS wants its root in NODE_EXTRA_CA_CERTS.",
} as const;

interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}

function endpointOf(target: ReachTarget): Endpoint {
  if (target.kind === "smdp") {
    const [host = "", port = "443"] = target.address.split(":");
    return { host, port: Number(port), isTls: false };
  }
  const { hostname, port, protocol } = new URL(target.url);
  const isTls = protocol === "https:";
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? (isTls ? 443 : 80) : Number(port), isTls };
}

function connectOnce(host: string, port: number, isTls: boolean, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = isTls
      ? tlsConnect({ host, port, ...strictTls, ...(isIP(host) === 0 ? { servername: host } : {}) })
      : tcpConnect({ host, port });
    const settle = (end: () => void): void => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      end();
    };
    const onAbort = (): void => settle(() => reject(signal.reason));
    signal.addEventListener("abort", onAbort, { once: true });
    // What it still says after it was given up is nobody's business.
    socket.on("error", (error) => settle(() => reject(error)));
    socket.once(isTls ? "secureConnect" : "connect", () => settle(resolve));
    if (signal.aborted) onAbort();
  });
}
