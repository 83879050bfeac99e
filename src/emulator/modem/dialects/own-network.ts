/** ES9+ over the modem's own network: real HTTPS, verified against the roots that the modem was given, never the web's. */

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../../base/clock.js";
import { describeCause, EsimdError } from "../../../base/errors.js";
import { quote } from "../../../base/identifiers.js";
import { connectToSmdp } from "../../../lpa/es9plus/tls.js";
import type { HttpResponse } from "./http-text.js";

/** Carries one ES9+ request to the SM-DP+. @throws EsimdError `smdp_unreachable` or `smdp_untrusted`. */
export type Es9Post = (functionName: string, body: string) => Promise<HttpResponse>;

const requestTimeoutMs = 30_000;
const maxResponseBytes = 2_000_000;
const maxRootBytes = 1_000_000;

/** Reads a PEM file, or every .pem and .crt file of a folder. @throws EsimdError `bad_input` when there is no certificate. */
export async function readRoots(path: string): Promise<readonly string[]> {
  const refuse = (why: string, cause?: unknown): EsimdError =>
    new EsimdError("bad_input", `--smdp-roots ${quote(path)} ${why}`, { cause });
  try {
    const isFolder = (await stat(path)).isDirectory();
    const names = isFolder ? (await readdir(path)).filter((name) => /\.(pem|crt)$/.test(name)).sort() : [""];
    const texts = await Promise.all(names.slice(0, 100).map((name) => readFile(join(path, name), "utf8")));
    const roots = texts.filter((text) => text.length <= maxRootBytes && text.includes("-----BEGIN CERTIFICATE-----"));
    if (roots.length === 0) throw refuse("holds no PEM certificate");
    return roots;
  } catch (error) {
    throw error instanceof EsimdError ? error : refuse("cannot be read", error);
  }
}

export function es9OverOwnNetwork(smdpAddress: string, roots: readonly string[], signal: AbortSignal): Es9Post {
  return async (functionName, body) => {
    const { Agent, request } = await import("undici");
    // One connection a request: a modem keeps none, and a closed emulator must leave none behind.
    const agent = new Agent({
      connect: ({ hostname, port }, callback) => {
        const endpoint = { host: hostname, port: port === "" ? 443 : Number(port) };
        const tls = { ciRoots: roots, pins: [], clock: systemClock, timeoutMs: requestTimeoutMs };
        connectToSmdp(endpoint, tls).then(
          (socket) => callback(null, socket),
          (error: Error) => callback(error, null),
        );
      },
      pipelining: 0,
    });
    try {
      const response = await request(`https://${smdpAddress}/gsma/rsp2/es9plus/${functionName}`, {
        method: "POST",
        dispatcher: agent,
        headers: {
          "content-type": "application/json",
          "user-agent": "gsma-rsp-lpad",
          "x-admin-protocol": "gsma/rsp/v2.2.0",
        },
        body,
        headersTimeout: requestTimeoutMs,
        bodyTimeout: requestTimeoutMs,
        signal,
      });
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of response.body) {
        if (!(chunk instanceof Uint8Array)) continue;
        length += chunk.length;
        if (length > maxResponseBytes)
          throw new EsimdError("smdp_protocol", `the answer to ${functionName} is too long`);
        chunks.push(Buffer.from(chunk));
      }
      return { status: response.statusCode, body: Buffer.concat(chunks).toString("utf8") };
    } catch (error) {
      if (error instanceof EsimdError) throw error;
      const why = describeCause(error);
      const untrusted = /CERT|certificate|SELF_SIGNED|UNABLE_TO_VERIFY|issuer/i.test(why);
      throw new EsimdError(
        untrusted ? "smdp_untrusted" : "smdp_unreachable",
        `the fake modem cannot reach ${quote(smdpAddress)} for ${functionName}: ${why}`,
        { cause: error },
      );
    } finally {
      await agent.destroy();
    }
  };
}
