import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { readBounded } from "../../base/bounded-read.js";
import { withDeadline } from "../../base/deadline.js";
import { describeCause, EsimdError } from "../../base/errors.js";
import { strictTls } from "../../base/strict-tls.js";
import type { Companion, Daemon, OpenCompanion } from "../companions.js";
import type { Config } from "../config/config.js";
import { type CallbackSetup, judgeCallback } from "./judge.js";
import { SeenTokens } from "./seen-tokens.js";
import { takeHint } from "./take-hint.js";

/**
 * The listener for the provider's callbacks, off by default. It answers as soon as the signature is judged, forgets what the callback says
 * but for whom it concerns, and at most makes the run ask the provider sooner.
 */

/** The largest callback has eight short values. */
const maxBodyBytes = 16 * 1024;
/** A provider calls once for each change; more at a time is not the provider. */
const maxConnections = 32;
/** Both vendors give up after 15 s; who takes longer to say so little has another purpose. */
const requestTimeoutMs = 10_000;
const closeMs = 2_000;
/** A scanner may call as often as it likes, and must not fill the journal. */
const refusalsLogged = 5;
const refusalWindowMs = 3_600_000;

/** Undefined while it is off. @throws EsimdError `credentials_missing`. */
function setupOf({ api, callbacks }: Config): CallbackSetup | undefined {
  const { provider, callbackUrl, callbackMethod } = api;
  // The configuration was refused with a listener and no one to call it.
  if (callbacks.listen === undefined || provider === "none" || callbackUrl === undefined) return undefined;
  if (callbacks.secret === undefined) {
    throw new EsimdError(
      "credentials_missing",
      "callbacks.listen is set, and there is no secret to check signatures with",
      {
        hint:
          provider === "twilio"
            ? "Put the account's auth token, with which Twilio signs (an API key's secret signs nothing), into the credential esimd_callback_secret or callbacks.secret_file; or take callbacks.listen away, since esimd polls anyway."
            : "Make a webhook secret at KORE and put it into the credential esimd_callback_secret or callbacks.secret_file; or take callbacks.listen away, since esimd polls anyway.",
      },
    );
  }
  const path = callbacks.path ?? new URL(callbackUrl).pathname;
  return { provider, secret: callbacks.secret, callbackUrl, callbackMethod, path };
}

export const listenForCallbacks: OpenCompanion = async (daemon, signal) => {
  const config = daemon.config();
  const setup = setupOf(config);
  if (setup === undefined) return { close: async () => undefined };
  return open(daemon, setup, config.callbacks, signal);
};

async function open(
  daemon: Daemon,
  setup: CallbackSetup,
  { listen, tlsCertFile, tlsKeyFile }: Config["callbacks"],
  signal: AbortSignal,
): Promise<Companion> {
  const { clock, log } = daemon;
  const seen = new SeenTokens(clock);
  const refusals: number[] = [];

  const noteRefusal = (why: string, from: string | undefined): void => {
    const now = clock.monotonicMs();
    while (refusals[0] !== undefined && now - refusals[0] > refusalWindowMs) refusals.shift();
    if (refusals.length >= refusalsLogged) return;
    refusals.push(now);
    const last = refusals.length === refusalsLogged ? "; no more of these are told for an hour" : "";
    log.warn({ from, why }, `a call to the callback listener was refused${last}`);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const rawBody = await bodyOf(request);
    if (rawBody === undefined) {
      noteRefusal("the body is too large", request.socket.remoteAddress);
      answer(response, 413, `a callback has at most ${maxBodyBytes} bytes`);
      return;
    }
    const { method = "", url: target = "", headers } = request;
    const judgement = judgeCallback(setup, { method, target, headers, rawBody });
    if (judgement.kind === "refused") {
      noteRefusal(judgement.why, request.socket.remoteAddress);
      answer(response, judgement.status, judgement.why);
      return;
    }
    answer(response, 204, "");
    const { hint, token } = judgement;
    if (token !== undefined && !seen.isNew(token)) {
      log.debug({}, "a callback came once more");
      return;
    }
    log.info(
      { sid: hint.sid, eid: hint.eid, led: takeHint(daemon, hint) },
      "the provider called back; it is asked, and not believed",
    );
  };

  const listener: RequestListener = (request, response) => {
    serve(request, response).catch((error: unknown) => {
      log.info({ error }, "a call to the callback listener broke off");
      response.destroy();
    });
  };
  const limits = { maxHeaderSize: 8 * 1024, headersTimeout: requestTimeoutMs, requestTimeout: requestTimeoutMs };
  const server =
    tlsCertFile === undefined || tlsKeyFile === undefined
      ? createServer(limits, listener)
      : createTlsServer(
          { ...limits, minVersion: strictTls.minVersion, cert: await pem(tlsCertFile), key: await pem(tlsKeyFile) },
          listener,
        );
  server.maxConnections = maxConnections;
  server.keepAliveTimeout = 1_000;
  const { host, port } = listen ?? { host: "", port: 0 };
  await withDeadline(
    { clock, timeoutMs: 5_000, signal, what: "opening the callback listener" },
    () =>
      new Promise<void>((resolve, reject) => {
        server.once("error", (cause) =>
          reject(
            new EsimdError(
              "config_invalid",
              `callbacks.listen ${host}:${port} cannot be listened on: ${describeCause(cause)}`,
              {
                cause,
                hint: "Take an address of this host and a port that is free.",
              },
            ),
          ),
        );
        server.listen(port, host, resolve);
      }),
  );
  server.on("error", (error) => log.error({ error }, "the callback listener has trouble"));
  const bound = server.address();
  log.info(
    { host, port: typeof bound === "object" ? bound?.port : port, path: setup.path },
    "callbacks are listened for",
  );
  return {
    close: () =>
      withDeadline(
        { clock, timeoutMs: closeMs, what: "closing the callback listener" },
        () =>
          new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
          }),
      ),
  };
}

async function pem(path: string): Promise<Buffer> {
  try {
    return await readBounded(path, 64 * 1024);
  } catch (cause) {
    throw new EsimdError("config_unreadable", `${path} cannot be read for callbacks.listen: ${describeCause(cause)}`, {
      cause,
    });
  }
}

/** Undefined when it is larger than it may be: the rest is not read. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function answer(response: ServerResponse, status: number, why: string): void {
  const headers = { connection: "close", ...(why === "" ? {} : { "content-type": "text/plain; charset=utf-8" }) };
  response.writeHead(status, headers).end(why === "" ? undefined : `${why}\n`);
}
