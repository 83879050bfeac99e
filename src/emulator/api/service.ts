import { type Clock, sleep } from "../../base/clock.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import { createAccess } from "./access.js";
import { type Action, type Behaviour, createBehaviourMatcher, isAnswerAction } from "./behaviours.js";
import { createCallbackSender } from "./callbacks.js";
import { createFleetStore } from "./fleets.js";
import { isSid, makeSid } from "./identifiers.js";
import { createRepresentations } from "./representations.js";
import { type Charge, createReservationStore, type StoredStatus } from "./reservations.js";
import { createRoutes, type Request } from "./routes.js";
import { createSimStore } from "./sims.js";
import { type Answer, spoiltAnswer } from "./spoilt-answers.js";
import { createInventedSupplier, type ProfileSupplier } from "./supplier.js";

/** The API without its wire: a whole request in, an answer out, with state, a ledger and bad days on demand. */

export interface ApiServiceOptions {
  /** An origin: resources name themselves by it. */
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Basic user and OAuth2 client id; {@link fakeApiDefaults} when left out, as all that follows. */
  readonly key?: string | undefined;
  readonly secret?: string | undefined;
  /** Signs callbacks; the secret when left out. */
  readonly webhookSecret?: string | undefined;
  /** Where profiles come from; made up when left out, so that nothing can be downloaded. */
  readonly supplier?: ProfileSupplier | undefined;
  /** What reservations name as SM-DP+ without a supplier. */
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
} as const satisfies Partial<ApiServiceOptions> & { readonly accountSid: string };

/** A request as it came in. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly contentType: string | undefined;
}

export interface ApiService {
  readonly accountSid: string;
  /** Never rejects but when the service is closed. */
  answer(request: Request): Promise<ServedAnswer>;
  ledger(): readonly Charge[];
  /** The reservations and Sims by their status, oldest first, for who compares two accounts. */
  resources(): readonly { readonly kind: "reservation" | "sim"; readonly status: string }[];
  /** The latest requests but those for the ledger, oldest first. */
  requests(): readonly SeenRequest[];
  /** How many there were, those that are no longer remembered included. */
  requestCount(): number;
  /** Every bearer token given out so far stops working. */
  revokeTokens(): void;
  close(): Promise<void>;
}

/** An answer, and the headers that go with it whatever it says. */
export interface ServedAnswer {
  readonly answer: Answer;
  readonly headers: Readonly<Record<string, string>>;
}

const rememberedRequests = 10_000;

export function createApiService(options: ApiServiceOptions): ApiService {
  const { clock, random, log, url, key = fakeApiDefaults.key, secret = fakeApiDefaults.secret } = options;
  const timing = { ...fakeApiDefaults.timing, ...options.timing };
  const accountSid = isSid("AC", key) ? key : fakeApiDefaults.accountSid;
  const stopping = new AbortController();
  const seen: SeenRequest[] = [];
  let requestCount = 0;
  const actionsFor = createBehaviourMatcher(options.behaviours ?? []);

  const access = createAccess({ clock, key, secret, tokenLifetimeMs: timing.tokenLifetimeMs });
  const fleets = createFleetStore(clock, random, options.fleets ?? fakeApiDefaults.fleets);
  const sims = createSimStore({ clock, random, accountSid, fleets });
  const callbacks = createCallbackSender({ clock, log, secret: options.webhookSecret ?? secret });
  const callbackOn: readonly StoredStatus[] = options.callbackOn ?? fakeApiDefaults.callbackOn;
  const supplier =
    options.supplier ?? createInventedSupplier(random, options.smdpAddress ?? fakeApiDefaults.smdpAddress);
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

  return {
    accountSid,
    answer: async (request) => {
      const { method, path, query, body, contentType } = request;
      if (path === "/_ledger") return { answer: { kind: "reply", reply: routes(request, []) }, headers: {} };
      requestCount++;
      seen.push({ method, path, query, body, contentType });
      if (seen.length > rememberedRequests) seen.shift();
      const actions = actionsFor(request);
      for (const action of actions) if (action.do === "delay") await sleep(clock, action.ms, stopping.signal);
      log.debug({ method, path, actions: actions.map((action) => action.do) }, "request");
      return { answer: answerTo(request, actions), headers: requestHeaders(random) };
    },
    ledger: () => reservations.ledger(),
    resources: () => [
      ...reservations.all().map(({ status }) => ({ kind: "reservation" as const, status })),
      ...sims.all().map(({ status }) => ({ kind: "sim" as const, status })),
    ],
    requests: () => [...seen],
    requestCount: () => requestCount,
    revokeTokens: () => access.revokeTokens(),
    close: async () => {
      stopping.abort();
      sims.close();
      await reservations.close();
      await Promise.all([callbacks.close(), supplier.close()]);
    },
  };
}

function requestHeaders(random: Random): Readonly<Record<string, string>> {
  return { "twilio-request-id": makeSid("RQ", random), "twilio-concurrent-requests": "1" };
}
