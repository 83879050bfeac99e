import { describe, expect, it } from "vitest";
import type { HttpAnswer, HttpFailure, HttpRequest, OpenHttpTransport } from "../../../src/api/transport.js";
import { VirtualClock } from "../../../src/base/clock.js";
import { EsimdError } from "../../../src/base/errors.js";
import { ApiGate, type ApiLimits } from "../../../src/station/limits/api-gate.js";

/** A provider that answers when the test says so. */
class Provider {
  /** Requests that arrived, by their path, in order. */
  readonly arrived: string[] = [];
  readonly #underWay = new Map<string, (answer: HttpAnswer | HttpFailure) => void>();
  closed = 0;

  readonly open: OpenHttpTransport = () => ({
    exchange: (request) =>
      new Promise((resolve) => {
        this.arrived.push(request.url.pathname);
        this.#underWay.set(request.url.pathname, resolve);
      }),
    close: async () => {
      this.closed++;
    },
  });

  get underWay(): number {
    return this.#underWay.size;
  }

  answer(path: string, status = 200, headers: Readonly<Record<string, string>> = {}): void {
    this.#settle(path, { kind: "answer", status, header: (name) => headers[name], body: "" });
  }

  /** The connection breaks. */
  fail(path: string): void {
    const error = new EsimdError("api_unreachable", "the connection broke");
    this.#settle(path, { kind: "failure", error, sent: true, status: undefined });
  }

  #settle(path: string, answer: HttpAnswer | HttpFailure): void {
    const resolve = this.#underWay.get(path);
    if (resolve === undefined) throw new Error(`no request ${path} is under way`);
    this.#underWay.delete(path);
    resolve(answer);
  }
}

const never = new AbortController().signal;

function requestOf(path: string): HttpRequest {
  return { method: "GET", url: new URL(path, "https://api.example"), headers: {} };
}

function line(limits: ApiLimits) {
  const clock = new VirtualClock();
  const provider = new Provider();
  const gate = new ApiGate(clock, limits);
  const transport = gate.transport(provider.open)({ clock, connectTimeoutMs: 1, requestTimeoutMs: 1 });
  const ask = (path: string, signal: AbortSignal = never) => transport.exchange(requestOf(path), signal);
  return { clock, provider, gate, transport, ask };
}

describe("the line's share of the API", () => {
  it("is so many requests at once, first come, first served", async () => {
    const { clock, provider, gate, ask } = line({ concurrency: 2, perSecond: 1000 });
    for (const path of ["/1", "/2", "/3", "/4", "/5"]) void ask(path);
    await clock.advance(0);
    expect(provider.arrived).toEqual(["/1", "/2"]);
    expect(gate.waiting).toBe(3);
    provider.answer("/2");
    await clock.advance(0);
    expect(provider.arrived).toEqual(["/1", "/2", "/3"]);
    // One that broke makes room, too.
    provider.fail("/1");
    provider.answer("/3");
    await clock.advance(0);
    expect(provider.arrived).toEqual(["/1", "/2", "/3", "/4", "/5"]);
    expect([provider.underWay, gate.waiting]).toEqual([2, 0]);
  });

  it("passes no slot over: one that asks again is behind those that wait", async () => {
    const { clock, provider, ask } = line({ concurrency: 1, perSecond: 1000 });
    void ask("/slot1/a").then(() => ask("/slot1/b"));
    void ask("/slot2/a");
    void ask("/slot3/a");
    for (const path of ["/slot1/a", "/slot2/a", "/slot3/a"]) {
      await clock.advance(0);
      provider.answer(path);
    }
    await clock.advance(0);
    expect(provider.arrived).toEqual(["/slot1/a", "/slot2/a", "/slot3/a", "/slot1/b"]);
  });

  it("is so many requests a second, with one second's worth at once after a rest", async () => {
    const { clock, provider, ask } = line({ concurrency: 64, perSecond: 4 });
    for (let number = 1; number <= 12; number++) void ask(`/${number}`);
    await clock.advance(0);
    expect(provider.arrived).toHaveLength(4);
    await clock.advance(1_010);
    expect(provider.arrived).toHaveLength(8);
    await clock.advance(1_010);
    expect(provider.arrived).toHaveLength(12);
    // A long rest saves up no more than one second's worth.
    await clock.advance(60_000);
    for (let number = 13; number <= 24; number++) void ask(`/${number}`);
    await clock.advance(0);
    expect(provider.arrived).toHaveLength(16);
  });

  it("may be less than one a second", async () => {
    const { clock, provider, ask } = line({ concurrency: 8, perSecond: 0.1 });
    void ask("/1");
    void ask("/2");
    await clock.advance(9_900);
    expect(provider.arrived).toEqual(["/1"]);
    await clock.advance(200);
    expect(provider.arrived).toEqual(["/1", "/2"]);
  });

  it.each([
    ["2", 2_000],
    [undefined, 1_000],
    ["Wed, 21 Oct 2026 07:28:00 GMT", 1_000],
    ["-5", 1_000],
    ["0", 0],
    // A provider may not stop the line for a day.
    ["86400", 60_000],
  ])("rests as a whole when the API asks one for a pause of %s", async (retryAfter, pauseMs) => {
    const { clock, provider, gate, ask } = line({ concurrency: 2, perSecond: 1000 });
    const first = ask("/1");
    void ask("/2");
    void ask("/3");
    await clock.advance(0);
    provider.answer("/1", 429, retryAfter === undefined ? {} : { "retry-after": retryAfter });
    expect(await first).toMatchObject({ kind: "answer", status: 429 });
    expect(gate.isPaused).toBe(pauseMs > 0);
    await clock.advance(Math.max(0, pauseMs - 10));
    expect(provider.arrived).toEqual(pauseMs > 0 ? ["/1", "/2"] : ["/1", "/2", "/3"]);
    await clock.advance(20);
    expect(provider.arrived).toEqual(["/1", "/2", "/3"]);
    expect(gate.isPaused).toBe(false);
  });

  it("is not opened again early by a second pause that is shorter", async () => {
    const { clock, provider, ask } = line({ concurrency: 2, perSecond: 1000 });
    for (const path of ["/1", "/2", "/3"]) void ask(path);
    await clock.advance(0);
    provider.answer("/1", 429, { "retry-after": "10" });
    provider.answer("/2", 429, { "retry-after": "1" });
    await clock.advance(9_900);
    expect(provider.arrived).toEqual(["/1", "/2"]);
    await clock.advance(200);
    expect(provider.arrived).toContain("/3");
  });
});

describe("a request that is given up while it waits", () => {
  it("was never sent, and takes no one's place", async () => {
    const { clock, provider, gate, ask } = line({ concurrency: 1, perSecond: 1000 });
    const stop = new AbortController();
    void ask("/1");
    const given = ask("/2", stop.signal);
    void ask("/3");
    await clock.advance(0);
    stop.abort(new EsimdError("cancelled", "the station stops"));
    expect(await given).toMatchObject({
      kind: "failure",
      sent: false,
      status: undefined,
      error: { code: "cancelled" },
    });
    expect(gate.waiting).toBe(1);
    provider.answer("/1");
    await clock.advance(0);
    expect(provider.arrived).toEqual(["/1", "/3"]);
  });

  it("does not even wait when it was given up before", async () => {
    const { provider, gate, ask } = line({ concurrency: 1, perSecond: 1000 });
    const stopped = AbortSignal.abort(new EsimdError("cancelled", "the station stops"));
    expect(await ask("/1", stopped)).toMatchObject({ kind: "failure", sent: false });
    expect([provider.arrived, gate.waiting]).toEqual([[], 0]);
  });

  it("leaves no timer behind, which would hold the process until the pause is over", async () => {
    const { clock, provider, ask } = line({ concurrency: 1, perSecond: 1000 });
    const stop = new AbortController();
    void ask("/1");
    const waiting = [ask("/2", stop.signal), ask("/3", stop.signal)];
    await clock.advance(0);
    provider.answer("/1", 429, { "retry-after": "60" });
    await clock.advance(0);
    expect(clock.nextDueMs()).toBeGreaterThan(50_000);
    stop.abort(new EsimdError("cancelled", "the station stops"));
    expect(await Promise.all(waiting)).toMatchObject([{ sent: false }, { sent: false }]);
    expect(clock.nextDueMs()).toBeUndefined();
  });
});

it("closes what it was opened over", async () => {
  const { provider, transport } = line({ concurrency: 1, perSecond: 1 });
  await transport.close();
  expect(provider.closed).toBe(1);
});
