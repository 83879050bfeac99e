import { afterEach } from "vitest";
import { createProviderApi, type ProviderApiOptions } from "../../../src/api/client.js";
import type { ESimProfile, ProviderApi } from "../../../src/api/resources.js";
import { sleep, systemClock } from "../../../src/base/clock.js";
import { parseEid } from "../../../src/base/identifiers.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { type BehaviourInput, parseBehaviours } from "../../../src/emulator/api/behaviours.js";
import {
  type FakeApi,
  type FakeApiOptions,
  fakeApiDefaults,
  startFakeApi,
} from "../../../src/emulator/api/fake-api.js";

/** A fake API and our client on loopback, both closed after the test. */

export const eid = parseEid("89049032123451234512345678901235", "test");
export const never = new AbortController().signal;
const quick = { toReservingMs: 5, toAvailableMs: 5, simScheduledMs: 20 };

const open: (() => Promise<void>)[] = [];

/** Closes after the test, in reverse order. */
export function closeAfterTest(close: () => Promise<void>): void {
  open.push(close);
}

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

export async function fakeApi(
  changes: Partial<FakeApiOptions> = {},
  ...behaviours: readonly BehaviourInput[]
): Promise<FakeApi> {
  const api = await startFakeApi({
    listen: { host: "127.0.0.1", port: 0 },
    clock: systemClock,
    random: seededRandom(7),
    log: silentLog,
    timing: quick,
    behaviours: parseBehaviours(behaviours, "test"),
    ...changes,
  });
  closeAfterTest(() => api.close());
  return api;
}

export function clientOf(api: FakeApi, changes: Partial<ProviderApiOptions> = {}): ProviderApi {
  const client = createProviderApi({
    provider: "twilio",
    baseUrl: api.url,
    tokenUrl: api.tokenUrl,
    key: fakeApiDefaults.key,
    secret: fakeApiDefaults.secret,
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
    // Real HTTP on a machine that may be busy: what is about a timeout has its own.
    requestTimeoutMs: 20_000,
    retry: { attempts: 2, backoff: { firstMs: 5, maxMs: 5 }, longestRetryAfterMs: 1000 },
    ...changes,
  });
  closeAfterTest(() => client.close());
  return client;
}

export async function create(
  client: ProviderApi,
  request: Parameters<ProviderApi["createESimProfile"]>[0],
): Promise<ESimProfile> {
  const outcome = await client.createESimProfile(request, never);
  if (outcome.kind !== "created") throw outcome.error;
  return outcome.profile;
}

export async function until<T>(read: () => Promise<T>, isDone: (value: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    const value = await read();
    if (isDone(value)) return value;
    await sleep(systemClock, 5);
  }
  throw new Error("the state did not come within 400 looks");
}

export const reaches = (client: ProviderApi, { sid }: ESimProfile, status: string): Promise<ESimProfile> =>
  until(
    () => client.getESimProfile(sid, never),
    (profile) => profile.status === status,
  );

const basic = `Basic ${Buffer.from(`${fakeApiDefaults.key}:${fakeApiDefaults.secret}`).toString("base64")}`;

/** A request as no client of ours would send it. */
export async function raw(
  api: FakeApi,
  method: string,
  target: string,
  body?: string,
  headers: Record<string, string> = {},
) {
  const form = body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
  const response = await fetch(`${api.url}${target}`, {
    method,
    headers: { authorization: basic, ...form, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
}
