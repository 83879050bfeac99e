import { type Clock, sleep } from "../base/clock.js";
import { formatMs } from "../base/deadline.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import type { Log } from "../base/logging.js";
import type { Random } from "../base/random.js";
import { errorFromAnswer, refusesToken, requestIdOf } from "./answer-errors.js";
import { type Authorization, basicAuthorization, clientCredentialsAuthorization } from "./authorization.js";
import { type ApiProvider, defaultBaseUrls, defaultKoreTokenUrl, parseBaseUrl, parseTokenUrl } from "./endpoint.js";
import { readWholeList } from "./paging.js";
import type { CreateOutcome, ESimProfile, ESimProfileRequest, ProviderApi, Sim } from "./resources.js";
import { crowdAfter, defaultRetry, nextTryMs, noCrowd, type RetryPolicy } from "./retries.js";
import { parseAnswerBody, parseESimProfile, parseFleet, parseSim } from "./schemas.js";
import {
  createHttpTransport,
  type HttpAnswer,
  type HttpRequest,
  type HttpTransport,
  type OpenHttpTransport,
} from "./transport.js";

export { type ApiProvider, defaultBaseUrls, defaultKoreTokenUrl } from "./endpoint.js";

export interface ProviderApiOptions {
  readonly provider: ApiProvider;
  /** An origin; the provider's own when left out. */
  readonly baseUrl?: string | undefined;
  /** KORE only. */
  readonly tokenUrl?: string | undefined;
  /** Twilio: account SID or API key SID. KORE: client id. */
  readonly key: string;
  readonly secret: string;
  /** Passed on with every reservation; never read back, the API does not return it. */
  readonly callbackUrl?: string | undefined;
  readonly callbackMethod?: "GET" | "POST" | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** One request with its answer, 30 s when left out. */
  readonly requestTimeoutMs?: number | undefined;
  /** Name resolution, TCP and TLS, 10 s when left out. */
  readonly connectTimeoutMs?: number | undefined;
  readonly retry?: RetryPolicy | undefined;
  /** How requests travel; over undici when left out. */
  readonly openTransport?: OpenHttpTransport | undefined;
}

interface ApiCall {
  readonly method: "GET" | "POST";
  /** Path and query. */
  readonly target: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly ownConnection?: true;
}

type CallResult =
  | { readonly kind: "success"; readonly answer: HttpAnswer }
  | { readonly kind: "failure"; readonly error: EsimdError; readonly processed: "no" | "unclear" };

/** The provider's API over HTTP. @throws EsimdError `config_invalid` or `credentials_missing`, before any request. */
export function createProviderApi(options: ProviderApiOptions): ProviderApi {
  const { provider, clock, random, log, requestTimeoutMs = 30_000, connectTimeoutMs = 10_000 } = options;
  const retry = options.retry ?? defaultRetry;
  const baseUrl = parseBaseUrl(options.baseUrl ?? defaultBaseUrls[provider], "api.url");
  const callback = callbackForm(options);
  const openTransport = options.openTransport ?? createHttpTransport;
  const transport = openTransport({ clock, connectTimeoutMs, requestTimeoutMs });
  const authorization = createAuthorization(options, transport, clock);
  let crowd = noCrowd;
  const noteRefusal = ({ code }: EsimdError): void => {
    if (code === "api_rate_limited") crowd = crowdAfter(crowd, "refused");
  };

  /** One request with its authorization; a refused token is renewed once, which is safe since a refused request was not processed. */
  const call = async (request: ApiCall, signal: AbortSignal): Promise<CallResult> => {
    const url = new URL(request.target, baseUrl);
    const operation = `${request.method} ${url.pathname}`;
    for (let renewed = false; ; renewed = true) {
      let authorizationHeader: string;
      try {
        authorizationHeader = await authorization.header(signal);
      } catch (cause) {
        if (!isEsimdError(cause)) throw cause;
        noteRefusal(cause);
        return { kind: "failure", error: cause, processed: "no" };
      }
      const startedAtMs = clock.monotonicMs();
      const answer = await transport.exchange(httpRequest(request, url, authorizationHeader), signal);
      const ms = Math.round(clock.monotonicMs() - startedAtMs);
      if (answer.kind === "failure") {
        const processed = !answer.sent || isRefusal(answer.status) ? "no" : "unclear";
        log.debug({ operation, ms, processed, error: answer.error }, "no answer from the API");
        return { kind: "failure", error: answer.error, processed };
      }
      log.debug({ operation, ms, status: answer.status, requestId: requestIdOf(answer) }, "the API answered");
      if (answer.status >= 200 && answer.status < 300) {
        crowd = crowdAfter(crowd, "success");
        return { kind: "success", answer };
      }
      if (!renewed && refusesToken(answer) && authorization.renew()) continue;
      const error = errorFromAnswer(operation, answer, clock.nowMs());
      noteRefusal(error);
      return {
        kind: "failure",
        error,
        processed: isRefusal(answer.status) || saysNothingDone(error) ? "no" : "unclear",
      };
    }
  };

  /** Tries again while `mayRetry` allows, with back-off; rejects with the last error, or with the signal's reason. */
  const callUntilDone = async (
    request: ApiCall,
    mayRetry: (failure: Extract<CallResult, { kind: "failure" }>) => boolean,
    signal: AbortSignal,
  ): Promise<HttpAnswer> => {
    const startMs = clock.monotonicMs();
    for (let attempt = 1; ; attempt++) {
      const result = await call(request, signal);
      if (result.kind === "success") return result.answer;
      signal.throwIfAborted();
      const { error } = result;
      const tried = { attempt, waitedMs: clock.monotonicMs() - startMs, crowd };
      const pauseMs = mayRetry(result) ? nextTryMs(retry, error, tried, random) : undefined;
      if (pauseMs === undefined) throw error;
      log.info({ attempt, pauseMs: Math.round(pauseMs), error }, `the API failed, next try in ${formatMs(pauseMs)}`);
      await sleep(clock, pauseMs, signal);
    }
  };

  const read = async (target: string, signal: AbortSignal): Promise<unknown> => {
    const answer = await callUntilDone({ method: "GET", target }, () => true, signal);
    return parseAnswerBody(answer.body, placeOf("GET", target));
  };

  const list = (path: string, key: string, filter: Readonly<Record<string, string>>, signal: AbortSignal) =>
    readWholeList({ path, key, filter, baseUrl, read: (target) => read(target, signal) });

  return {
    createESimProfile: async (request, signal): Promise<CreateOutcome> => {
      const form = { ...profileForm(request), ...callback };
      const result = await call({ method: "POST", target: profilesPath, form, ownConnection: true }, signal);
      if (result.kind === "failure") {
        return { kind: result.processed === "no" ? "not-processed" : "unclear", error: result.error };
      }
      const place = placeOf("POST", profilesPath);
      try {
        const profile = parseESimProfile(parseAnswerBody(result.answer.body, place), place);
        if ("eid" in request) checkEid(profile, request.eid, place);
        return { kind: "created", profile };
      } catch (cause) {
        if (!isEsimdError(cause)) throw cause;
        return { kind: "unclear", error: cause };
      }
    },

    getESimProfile: async (sid, signal) => {
      const target = `${profilesPath}/${pathSegment(sid)}`;
      const profile = parseESimProfile(await read(target, signal), placeOf("GET", target));
      return sameSid(profile, sid, target);
    },

    listESimProfiles: async (filter, signal) => {
      const place = placeOf("GET", profilesPath);
      const query = {
        ...(filter.eid === undefined ? {} : { Eid: filter.eid }),
        ...(filter.simSid === undefined ? {} : { SimSid: filter.simSid }),
      };
      const items = await list(profilesPath, "esim_profiles", query, signal);
      const profiles = items.map((item) => parseESimProfile(item, place));
      const { eid } = filter;
      if (eid !== undefined) for (const profile of profiles) checkEid(profile, eid, place);
      return onePerSid(profiles);
    },

    findSimByIccid: async (iccid, signal) => {
      const place = placeOf("GET", simsPath);
      const sims = onePerSid(
        (await list(simsPath, "sims", { Iccid: iccid }, signal)).map((item) => parseSim(item, place)),
      );
      const [sim, second] = sims;
      if (second !== undefined || (sim !== undefined && sim.iccid !== iccid)) {
        const found = `${sims.length} Sims, the first with ICCID ${quote(sim?.iccid ?? "none")}`;
        throw new EsimdError("api_protocol", `${place}: asked for the ICCID ${quote(iccid)}, the list has ${found}`);
      }
      return sim;
    },

    getSim: async (sid, signal) => {
      const target = `${simsPath}/${pathSegment(sid)}`;
      return sameSid(parseSim(await read(target, signal), placeOf("GET", target)), sid, target);
    },

    updateSim: async (sid, update, signal): Promise<Sim> => {
      const target = `${simsPath}/${pathSegment(sid)}`;
      const form = {
        ...(update.status === undefined ? {} : { Status: update.status }),
        ...(update.fleet === undefined ? {} : { Fleet: update.fleet }),
        ...(update.uniqueName === undefined ? {} : { UniqueName: update.uniqueName }),
      };
      if (Object.keys(form).length === 0) throw new EsimdError("bad_input", `the update of Sim ${sid} changes nothing`);
      const call: ApiCall = { method: "POST", target, form };
      const answer = await callUntilDone(call, ({ processed }) => processed === "no", signal);
      const place = placeOf("POST", target);
      return sameSid(parseSim(parseAnswerBody(answer.body, place), place), sid, target);
    },

    listFleets: async (signal) =>
      onePerSid(
        (await list(fleetsPath, "fleets", {}, signal)).map((item) => parseFleet(item, placeOf("GET", fleetsPath))),
      ),

    close: () => transport.close(),
  };
}

const profilesPath = "/v1/ESimProfiles";
const simsPath = "/v1/Sims";
const fleetsPath = "/v1/Fleets";

function createAuthorization(options: ProviderApiOptions, transport: HttpTransport, clock: Clock): Authorization {
  const { provider, key, secret, tokenUrl } = options;
  if (key === "" || secret === "")
    throw new EsimdError("credentials_missing", `provider ${provider}: key or secret is empty`);
  if (provider === "twilio") return basicAuthorization(key, secret);
  return clientCredentialsAuthorization({
    transport,
    clock,
    tokenUrl: parseTokenUrl(tokenUrl ?? defaultKoreTokenUrl, "api.token_url"),
    clientId: key,
    clientSecret: secret,
  });
}

function callbackForm({ provider, callbackUrl, callbackMethod }: ProviderApiOptions): Readonly<Record<string, string>> {
  if (callbackUrl === undefined) return {};
  if (!/^https?:\/\//i.test(callbackUrl) || !URL.canParse(callbackUrl)) {
    throw new EsimdError("config_invalid", `api.callback_url: ${quote(callbackUrl)} is not an http: or https: URL`);
  }
  if (provider === "kore" && callbackMethod === "GET") {
    throw new EsimdError("config_invalid", "api.callback_method: GET cannot be used with kore", {
      hint: "Use POST: KORE's signature covers only the body, so the parameters of a GET callback are unprotected.",
    });
  }
  return { CallbackUrl: callbackUrl, ...(callbackMethod === undefined ? {} : { CallbackMethod: callbackMethod }) };
}

function httpRequest(request: ApiCall, url: URL, authorization: string): HttpRequest {
  const headers = { authorization, accept: "application/json", "user-agent": "esimd" };
  const ownConnection = request.ownConnection === undefined ? {} : { ownConnection: request.ownConnection };
  if (request.form === undefined) return { method: request.method, url, headers, ...ownConnection };
  return {
    method: request.method,
    url,
    headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(request.form).toString(),
    ...ownConnection,
  };
}

/**
 * A 4xx is the API's refusal: the request had no effect. Except 408, which something in between gives when it lost patience with a
 * request that it may have passed on.
 */
function isRefusal(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408;
}

/** The vendor's own code for "no profile to reserve" and "not processed, safe to retry", under whatever HTTP status they come. */
function saysNothingDone(error: EsimdError): boolean {
  return error.code === "no_stock" || error.code === "api_rate_limited";
}

function profileForm(request: ESimProfileRequest): Readonly<Record<string, string>> {
  return "eid" in request ? { Eid: request.eid } : { GenerateMatchingId: "true" };
}

/** A list or an answer about another eUICC must not pass for ours: its reservation would be adopted. */
function checkEid(profile: ESimProfile, eid: string, place: string): void {
  if (profile.eid === undefined || profile.eid === eid) return;
  const theirs = quote(profile.eid);
  throw new EsimdError("api_protocol", `${place}: asked for EID ${quote(eid)}, but ${profile.sid} has EID ${theirs}`);
}

function sameSid<T extends { readonly sid: string }>(resource: T, sid: string, target: string): T {
  if (resource.sid === sid) return resource;
  throw new EsimdError("api_protocol", `${target}: the answer is about ${resource.sid}`);
}

/** A resource that a new one pushed from page to page while we read is listed twice; the later sight of it is the newer. */
function onePerSid<T extends { readonly sid: string }>(resources: readonly T[]): readonly T[] {
  return [...new Map(resources.map((resource) => [resource.sid, resource])).values()];
}

function pathSegment(sid: string): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(sid)) throw new EsimdError("bad_input", `${quote(sid)} is not a SID`);
  return sid;
}

function placeOf(method: string, target: string): string {
  return `${method} ${target.split("?")[0] ?? target}`;
}
