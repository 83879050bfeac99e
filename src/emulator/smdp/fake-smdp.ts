import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, systemClock } from "../../base/clock.js";
import { describeCause } from "../../base/errors.js";
import { parseSmdpAddress, type SmdpAddress } from "../../base/identifiers.js";
import { type Log, silentLog } from "../../base/logging.js";
import { type Random, systemRandom } from "../../base/random.js";
import { tlsServerOptions } from "../pki/tls.js";
import { readBody, reply } from "./http.js";
import { openSharedPort } from "./port.js";
import { createSmdpService, type SmdpService, type SmdpServiceOptions } from "./service.js";

/** An SM-DP+ on one port: ES9+ over HTTPS for devices; ES2+ and a look inside over plain HTTP for operators and tests. */

export interface FakeSmdpOptions extends Omit<SmdpServiceOptions, "address" | "clock" | "random" | "log"> {
  readonly listen: { readonly host: string; readonly port: number };
  /** What devices call it by, where they reach it through a forwarded port; where it listens when left out. */
  readonly address?: SmdpAddress | undefined;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
  /** Hears of every request that was answered, for whoever measures. */
  readonly onServed?: ((served: Served) => void) | undefined;
}

export interface Served {
  readonly path: string;
  readonly isTls: boolean;
  /** From the last byte of the request to the last one of the answer that was handed to the system. */
  readonly tookMs: number;
}

export interface FakeSmdp extends Omit<SmdpService, "answer"> {
  /** What devices call it by. */
  readonly address: SmdpAddress;
  readonly es2plusUrl: string;
  readonly ciRootPem: string;
}

/** @throws EsimdError `bad_input` */
export async function startFakeSmdp(options: FakeSmdpOptions): Promise<FakeSmdp> {
  const { pki, clock = systemClock, random = systemRandom, log = silentLog } = options;
  let isClosed = false;
  // Its address is part of what the server signs, and a free port is known only once the port is open.
  let service: SmdpService | undefined;

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse, isTls: boolean): Promise<void> => {
    if (service === undefined) return reply(outgoing, 503, "text/plain", "starting");
    const { method = "", url: path = "", headers } = incoming;
    const body = await readBody(incoming);
    const fromMs = clock.monotonicMs();
    const answer = await service.answer({ method, path, headers, body, isTls });
    if (answer.kind === "cut") outgoing.destroy();
    else reply(outgoing, answer.status, answer.type, answer.body);
    options.onServed?.({ path, isTls, tookMs: clock.monotonicMs() - fromMs });
  };
  const listener =
    (isTls: boolean) =>
    (incoming: IncomingMessage, outgoing: ServerResponse): void => {
      serve(incoming, outgoing, isTls).catch((error: unknown) => {
        if (!isClosed) log.error({ error }, "the SM-DP+ failed");
        if (outgoing.headersSent) outgoing.destroy();
        else reply(outgoing, 500, "text/plain", describeCause(error));
      });
    };

  const port = await openSharedPort({
    listen: options.listen,
    tls: tlsServerOptions(pki),
    onTls: listener(true),
    onPlain: listener(false),
    clock,
  });
  const address = options.address ?? parseSmdpAddress(`${port.host}:${port.port}`, "the SM-DP+'s own address");
  const { answer, ...rest } = createSmdpService({ ...options, address, clock, random, log });
  service = { answer, ...rest };
  return {
    ...rest,
    address,
    es2plusUrl: `http://${port.host}:${port.port}/gsma/rsp2/es2plus`,
    ciRootPem: pki.ciPem,
    close: async () => {
      isClosed = true;
      const stopped = rest.close();
      await port.close();
      await stopped;
    },
  };
}
