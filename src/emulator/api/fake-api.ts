import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isLoopback } from "../../api/endpoint.js";
import { type Clock, sleep } from "../../base/clock.js";
import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import { createAccess } from "./access.js";
import { type Action, type Behaviour, createBehaviourMatcher, isAnswerAction } from "./behaviours.js";
import { createCallbackSender } from "./callbacks.js";
import { createFleetStore } from "./fleets.js";
import { isSid, makeSid } from "./identifiers.js";
import { progressPath } from "./progress.js";
import { html, type Reply } from "./replies.js";
import { createRepresentations } from "./representations.js";
import { type Charge, createReservationStore, type StoredStatus } from "./reservations.js";
import { createRoutes, type Request, tokenPath } from "./routes.js";
import { createSimStore } from "./sims.js";
import { type Answer, spoiltAnswer } from "./spoilt-answers.js";
import { createEs2PlusSupplier, createInventedSupplier } from "./supplier.js";

export type { Charge } from "./reservations.js";

/** The fake API: both vendors' API on loopback, with state, a ledger and bad days on demand. */

export interface FakeApiOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Basic user and OAuth2 client id; {@link fakeApiDefaults} when left out, as all that follows. */
  readonly key?: string | undefined;
  readonly secret?: string | undefined;
  /** Signs callbacks; the secret when left out. */
  readonly webhookSecret?: string | undefined;
  /** The ES2+ interface of an SM-DP+. Without one ICCIDs are made up and nothing can be downloaded. */
  readonly smdp?: { readonly host: string; readonly releaseSeparately?: boolean } | undefined;
  /** What reservations name as SM-DP+ without `smdp`. */
  readonly smdpAddress?: string | undefined;
  readonly fleets?: readonly string[] | undefined;
  readonly behaviours?: readonly Behaviour[] | undefined;
  readonly timing?: Partial<FakeApiTiming> | undefined;
  /** The changes of status that call back; the vendor promises `available` alone. */
  readonly callbackOn?: readonly StoredStatus[] | undefined;
}

export interface FakeApiTiming {
  readonly toReservingMs: number;
  readonly toAvailableMs: number;
  /** How long a Sim stays `scheduled`; 0: its status changes at once, with 200. */
  readonly simScheduledMs: number;
  readonly tokenLifetimeMs: number;
}

export const fakeApiDefaults = {
  accountSid: `AC${"0123456789abcdef".repeat(2)}`,
  /** An API key, as a device should have one. */
  key: `SK${"0123456789abcdef".repeat(2)}`,
  secret: "fake-api-secret",
  smdpAddress: "sm-dp-plus.example.com",
  fleets: ["default"],
  timing: { toReservingMs: 200, toAvailableMs: 600, simScheduledMs: 400, tokenLifetimeMs: 3_600_000 },
  callbackOn: ["available"],
} as const satisfies Partial<FakeApiOptions> & { readonly accountSid: string };

/** A request as it came in. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly contentType: string | undefined;
}

export interface FakeApi {
  /** An origin: what the client takes as its base URL. */
  readonly url: string;
  readonly tokenUrl: string;
  readonly accountSid: string;
  ledger(): readonly Charge[];
  /** The latest requests but those for the ledger, oldest first. */
  requests(): readonly SeenRequest[];
  /** Every bearer token given out so far stops working. */
  revokeTokens(): void;
  close(): Promise<void>;
}

const maxBodyBytes = 256 * 1024;
const rememberedRequests = 10_000;

/** @throws EsimdError `bad_input` when the address is not loopback or cannot be listened on. */
export async function startFakeApi(options: FakeApiOptions): Promise<FakeApi> {
  const { clock, random, log, listen, key = fakeApiDefaults.key, secret = fakeApiDefaults.secret } = options;
  if (!isLoopback(listen.host) && listen.host !== "::1") {
    throw new EsimdError("bad_input", `the fake API listens on loopback only, not on ${quote(listen.host)}`);
  }
  const timing = { ...fakeApiDefaults.timing, ...options.timing };
  const accountSid = isSid("AC", key) ? key : fakeApiDefaults.accountSid;
  const stopping = new AbortController();
  const seen: SeenRequest[] = [];
  const actionsFor = createBehaviourMatcher(options.behaviours ?? []);

  const server = createServer((request, response) => {
    serve(request, response).catch((cause: unknown) => {
      if (!stopping.signal.aborted) log.error({ error: cause }, "the fake API could not answer");
      request.socket.destroy();
    });
  });
  const url = await listenOn(server, listen);

  const access = createAccess({ clock, key, secret, tokenLifetimeMs: timing.tokenLifetimeMs });
  const fleets = createFleetStore(clock, random, options.fleets ?? fakeApiDefaults.fleets);
  const sims = createSimStore({ clock, random, accountSid, fleets });
  const callbacks = createCallbackSender({ clock, log, secret: options.webhookSecret ?? secret });
  const callbackOn: readonly StoredStatus[] = options.callbackOn ?? fakeApiDefaults.callbackOn;
  const supplier =
    options.smdp === undefined
      ? createInventedSupplier(random, options.smdpAddress ?? fakeApiDefaults.smdpAddress)
      : createEs2PlusSupplier({
          clock,
          host: options.smdp.host,
          progressUrl: `${url}${progressPath}`,
          releaseSeparately: options.smdp.releaseSeparately ?? false,
        });
  const reservations = createReservationStore({
    clock,
    random,
    log,
    sims,
    supplier,
    onStatus: (profile) => {
      log.info({ sid: profile.sid, status: profile.status }, "a reservation changed its status");
      if (callbackOn.includes(profile.status)) callbacks.send(profile);
    },
  });
  const show = createRepresentations(url, accountSid);
  const routes = createRoutes({ baseUrl: url, access, reservations, sims, fleets, show, timing });

  const answerTo = (request: Request, actions: readonly Action[]): Answer => {
    const spoilt = actions.find(isAnswerAction);
    if (spoilt === undefined) return { kind: "reply", reply: routes(request, actions) };
    if ("effect" in spoilt && spoilt.effect) routes(request, actions);
    return spoiltAnswer(spoilt);
  };

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    if (request === undefined) {
      write(response, html(413));
      return;
    }
    const { method, path, query, body, contentType } = request;
    if (path === "/_ledger") {
      write(response, routes(request, []));
      return;
    }
    seen.push({ method, path, query, body, contentType });
    if (seen.length > rememberedRequests) seen.shift();
    const actions = actionsFor(method, path);
    for (const action of actions) if (action.do === "delay") await sleep(clock, action.ms, stopping.signal);
    log.debug({ method, path, actions: actions.map((action) => action.do) }, "request");
    perform(answerTo(request, actions), response, requestHeaders(random));
  };

  return {
    url,
    tokenUrl: `${url}${tokenPath}`,
    accountSid,
    ledger: () => reservations.ledger(),
    requests: () => [...seen],
    revokeTokens: () => access.revokeTokens(),
    close: async () => {
      stopping.abort();
      sims.close();
      await reservations.close();
      await Promise.all([callbacks.close(), supplier.close()]);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function listenOn(server: ReturnType<typeof createServer>, { host, port }: FakeApiOptions["listen"]): Promise<string> {
  return new Promise((resolve, reject) => {
    const bareHost = host.replace(/^\[(.*)\]$/, "$1");
    server.once("error", (cause) =>
      reject(new EsimdError("bad_input", `the fake API cannot listen on ${quote(`${host}:${port}`)}`, { cause })),
    );
    server.listen(port, bareHost, () => {
      const address = server.address();
      const actualPort = address !== null && typeof address === "object" ? address.port : port;
      resolve(`http://${bareHost.includes(":") ? `[${bareHost}]` : bareHost}:${actualPort}`);
    });
  });
}

/** Undefined where the body is larger than any that the API takes. */
async function readRequest(incoming: IncomingMessage): Promise<Request | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    const data = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    bytes += data.length;
    if (bytes <= maxBodyBytes) chunks.push(data);
  }
  if (bytes > maxBodyBytes) return undefined;
  const target = incoming.url ?? "/";
  const question = target.indexOf("?");
  return {
    method: incoming.method ?? "GET",
    path: question < 0 ? target : target.slice(0, question),
    query: question < 0 ? "" : target.slice(question + 1),
    contentType: incoming.headers["content-type"],
    authorization: incoming.headers.authorization,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

function requestHeaders(random: Random): Readonly<Record<string, string>> {
  return { "twilio-request-id": makeSid("RQ", random), "twilio-concurrent-requests": "1" };
}

function write(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, { ...reply.headers, "content-length": Buffer.byteLength(reply.body) });
  response.end(reply.body);
}

/** Sends the answer, breaks it off, or holds the connection open without one. */
function perform(answer: Answer, response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  switch (answer.kind) {
    case "reply":
      write(response, { ...answer.reply, headers: { ...headers, ...answer.reply.headers } });
      return;
    case "cut-in-head":
      response.destroy();
      return;
    case "cut-in-body":
      response.writeHead(200, { "content-type": "application/json", "content-length": 1000 });
      response.write('{"sid": "HP', () => response.destroy());
      return;
    case "silence":
      return;
  }
}
