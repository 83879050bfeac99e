import { isIP, type Socket, connect as tcpConnect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import type { TlsMaterial } from "../../../api/transport.js";
import type { Clock } from "../../../base/clock.js";
import { withDeadline } from "../../../base/deadline.js";
import { describeCause } from "../../../base/errors.js";
import { networkStageOf } from "../../../base/network-failure.js";
import { strictTls } from "../../../base/strict-tls.js";
import { MqttFailure } from "./connection.js";

const connectMs = 20_000;

/** A connection to the broker of an `mqtt://` or `mqtts://` URL, its certificate verified. @throws MqttFailure, or the signal's reason. */
export async function dial(brokerUrl: string, tls: TlsMaterial, clock: Clock, signal: AbortSignal): Promise<Socket> {
  const url = new URL(brokerUrl);
  const isTls = url.protocol === "mqtts:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port === "" ? (isTls ? 8883 : 1883) : url.port);
  const socket = isTls
    ? tlsConnect({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...tls, ...strictTls })
    : tcpConnect({ host, port });
  socket.setNoDelay(true);
  // One that comes later than anybody waits for it must not end the process.
  socket.on("error", () => undefined);
  const opened = new Promise<Socket>((resolve, reject) => {
    socket.once(isTls ? "secureConnect" : "connect", () => resolve(socket));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed")));
  });
  try {
    return await withDeadline(
      { clock, timeoutMs: connectMs, signal, what: `the connection to ${url.host}` },
      () => opened,
    );
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    const isTrust = networkStageOf(error) === "tls";
    throw new MqttFailure(`no connection to ${url.host}: ${describeCause(error)}`, isTrust, error);
  }
}
