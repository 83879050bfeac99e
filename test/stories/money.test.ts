import { describe, expect, it, type TestContext } from "vitest";
import type { BehaviourInput } from "../../src/emulator/api/behaviours.js";
import { configured, endOf, endsAs, provisioned, reservationPosts, type Sections, until } from "./conditions.js";
import { type Field, type FieldOptions, startField } from "./field.js";

/** Bad days of the provider while a profile is paid for: how each ends, and what it costs. */

async function start(test: TestContext, options: FieldOptions): Promise<Field> {
  const field = await startField(options);
  test.onTestFinished(() => field.close());
  return field;
}

const post = (...actions: BehaviourInput["actions"]): BehaviourInput => ({
  match: { method: "POST", path: "/v1/ESimProfiles", nth: 1 },
  actions,
});
const lists: BehaviourInput["match"] = { method: "GET", path: "/v1/ESimProfiles" };

interface Day {
  readonly name: string;
  readonly api: readonly BehaviourInput[];
  readonly config?: Sections;
  readonly end: object;
  readonly posts: number;
  readonly charges: number;
  /** Of the run after it, on a good day. */
  readonly next?: { readonly end: object; readonly posts: number; readonly charges: number };
}

const recovers = { end: provisioned, posts: 2, charges: 1 };
const staysHeld = (code: string, posts: number, charges: number) => ({ end: endsAs(79, "held", code), posts, charges });

const byEid: readonly Day[] = [
  ...(
    [
      ["500 after the effect", { do: "error", status: 500, effect: true }],
      ["503 with Retry-After after the effect", { do: "error", status: 503, retryAfter: 1, effect: true }],
      ["a gateway's 504 after the effect", { do: "error", status: 504, shape: "html", effect: true }],
      ["408 after the effect", { do: "error", status: 408, shape: "empty", effect: true }],
      ["cut before a byte of the answer, after the effect", { do: "cut", effect: true }],
      ["cut in the middle of the answer, after the effect", { do: "cut", within: "body", effect: true }],
      ["an HTML page with 200, after the effect", { do: "html", effect: true }],
      ["broken JSON with 200, after the effect", { do: "wrong-json", effect: true }],
      ["no answer within the deadline, after the effect", { do: "silence", effect: true }],
    ] as const
  ).map(([name, action]): Day => ({ name, api: [post(action)], end: provisioned, posts: 1, charges: 1 })),
  {
    name: "an answer that comes after the request's deadline",
    api: [post({ do: "delay", ms: 1300 })],
    config: { api: { timeout: "1s" }, reservation: { reserve_settle: "4s" } },
    end: provisioned,
    posts: 1,
    charges: 1,
  },
  {
    name: "the list shows what the lost answer made only later",
    api: [post({ do: "cut", effect: true }, { do: "stale-list", ms: 1200 })],
    config: { reservation: { reserve_settle: "4s" } },
    end: provisioned,
    posts: 1,
    charges: 1,
  },
  ...(
    [
      ["500 without effect", { do: "error", status: 500 }],
      ["cut without effect", { do: "cut" }],
      ["an HTML page with 200 without effect", { do: "html" }],
    ] as const
  ).map(([name, action]): Day => ({ name, api: [post(action)], end: provisioned, posts: 2, charges: 1 })),
  {
    name: "500 without effect, and on_unclear is hold",
    api: [post({ do: "error", status: 500 })],
    config: { reservation: { on_unclear: "hold" } },
    ...staysHeld("reservation_unclear", 1, 0),
    // A person looked, and allows another one.
    next: recovers,
  },
  {
    name: "500 without effect again and again",
    api: [{ match: { method: "POST", path: "/v1/ESimProfiles" }, actions: [{ do: "error", status: 500 }] }],
    ...staysHeld("reservation_unclear", 2, 0),
    next: staysHeld("reservation_unclear", 2, 0),
  },
  {
    name: "429 without Retry-After",
    api: [post({ do: "error", status: 429, code: 20429 })],
    end: provisioned,
    posts: 2,
    charges: 1,
  },
  {
    name: "429 with Retry-After",
    api: [post({ do: "error", status: 429, code: 20429, retryAfter: 1 })],
    end: provisioned,
    posts: 2,
    charges: 1,
  },
  {
    name: "429 with a Retry-After of an hour",
    api: [post({ do: "error", status: 429, code: 20429, retryAfter: 3600 })],
    end: endsAs(75, "failed", "api_rate_limited"),
    posts: 1,
    charges: 0,
    next: recovers,
  },
  {
    name: "no stock, said at once",
    api: [post({ do: "stock-out" })],
    end: endsAs(75, "failed", "no_stock"),
    posts: 1,
    charges: 0,
    next: recovers,
  },
  {
    name: "no stock, said later",
    api: [post({ do: "reservation-fails" })],
    end: endsAs(75, "failed", "no_stock"),
    posts: 1,
    charges: 0,
    next: recovers,
  },
  {
    name: "the reservation fails before it was available",
    api: [post({ do: "reservation-fails", code: "83000", message: "internal" })],
    end: endsAs(75, "failed", "reservation_failed"),
    posts: 1,
    charges: 0,
    next: recovers,
  },
  {
    name: "it is never available within the time that a run waits",
    api: [post({ do: "walk", toAvailableMs: 4000 })],
    config: { reservation: { available_wait: "1s" } },
    end: endsAs(75, "failed", "deadline"),
    posts: 1,
    charges: 0,
    next: { end: provisioned, posts: 1, charges: 1 },
  },
  {
    name: "the provider never hears of the installation",
    api: [post({ do: "never-updates" })],
    config: { confirm: { wait: "1s" } },
    end: provisioned,
    posts: 1,
    charges: 1,
  },
  {
    name: "the list of reservations is an HTML page",
    api: [{ match: lists, actions: [{ do: "html" }] }],
    end: endsAs(69, "failed", "api_protocol"),
    posts: 0,
    charges: 0,
  },
  {
    name: "the list of reservations is broken JSON",
    api: [{ match: lists, actions: [{ do: "wrong-json" }] }],
    end: endsAs(69, "failed", "api_protocol"),
    posts: 0,
    charges: 0,
  },
  {
    name: "the list of reservations is a redirect",
    api: [{ match: lists, actions: [{ do: "redirect", location: "https://portal.example.com/login" }] }],
    end: endsAs(69, "failed", "api_protocol"),
    posts: 0,
    charges: 0,
  },
  {
    name: "the list of reservations ends in a server error, however often it is asked",
    api: [{ match: lists, actions: [{ do: "error", status: 500, retryAfter: 0 }] }],
    end: endsAs(75, "failed", "api_unavailable"),
    posts: 0,
    charges: 0,
  },
  {
    name: "the list of reservations fails once",
    api: [{ match: { ...lists, nth: 1 }, actions: [{ do: "error", status: 503 }] }],
    end: provisioned,
    posts: 1,
    charges: 1,
  },
  {
    name: "the POST is forbidden to this key",
    api: [post({ do: "error", status: 403, code: 20403 })],
    end: endsAs(77, "failed", "api_credentials"),
    posts: 1,
    charges: 0,
    next: recovers,
  },
  {
    name: "the POST is rejected",
    api: [post({ do: "error", status: 400, code: 20001 })],
    end: endsAs(65, "failed", "api_rejected"),
    posts: 1,
    charges: 0,
    next: recovers,
  },
  {
    name: "the POST is redirected by a captive portal",
    api: [post({ do: "redirect", location: "http://portal.example.com/" })],
    end: provisioned,
    posts: 2,
    charges: 1,
  },
];

describe("a reservation by EID", { concurrent: true }, () => {
  it.for(byEid)("$name", async ({ api, config, end, posts, charges, next }, test) => {
    const field = await start(test, { api });
    const words = await configured(field, config);
    const ended = await field.provision(words);
    expect({ ...endOf(ended), posts: reservationPosts(field), charges: field.charges() }).toEqual({
      ...end,
      posts,
      charges,
    });
    if (next === undefined) return;
    const again = await field.provision(await configured(field));
    expect({ ...endOf(again), posts: reservationPosts(field), charges: field.charges() }).toEqual({
      ...next.end,
      posts: next.posts,
      charges: next.charges,
    });
  });
});

const byCode: readonly Day[] = [
  {
    name: "500 after the effect",
    api: [post({ do: "error", status: 500, effect: true })],
    ...staysHeld("reservation_unclear", 1, 1),
  },
  { name: "500 without effect", api: [post({ do: "error", status: 500 })], ...staysHeld("reservation_unclear", 1, 0) },
  { name: "cut after the effect", api: [post({ do: "cut", effect: true })], ...staysHeld("reservation_unclear", 1, 1) },
  { name: "an HTML page with 200", api: [post({ do: "html" })], ...staysHeld("reservation_unclear", 1, 0) },
  {
    name: "no answer within the deadline",
    api: [post({ do: "silence", effect: true })],
    ...staysHeld("reservation_unclear", 1, 1),
  },
];

describe("a reservation by activation code whose answer is lost", { concurrent: true }, () => {
  it.for(byCode)("is held, and stays so: $name", async ({ api, end, posts, charges }, test) => {
    const field = await start(test, { api });
    const words = [...(await configured(field, { api: { timeout: "1s" } })), "--method", "activation-code"];
    for (const _run of [1, 2]) {
      const ended = await field.provision(words);
      // What an answer that is over sooner than the account made cost, the ledger shows a moment later.
      await until(() => field.charges() === charges, `the ledger has ${charges} charges`);
      expect({ ...endOf(ended), posts: reservationPosts(field) }).toEqual({ ...end, posts });
    }
    expect(field.charges()).toBe(charges);
  });

  it("while one that was not processed is tried again", async (test) => {
    const field = await start(test, { api: [post({ do: "error", status: 429, code: 20429, retryAfter: 1 })] });
    const words = [...(await configured(field)), "--method", "activation-code"];
    expect(endOf(await field.provision(words))).toEqual(provisioned);
    expect([reservationPosts(field), field.charges()]).toEqual([2, 1]);
  });
});

describe("a reservation that was charged and failed", { concurrent: true }, () => {
  it("before it was downloaded is held, with the journal and without it", async (test) => {
    const field = await start(test, { api: [post({ do: "fails-after-available", ms: 0 })] });
    const words = await configured(field);
    for (const env of [{}, {}, { ESIMD_STATE_DIR: `${field.dir}/blank` }]) {
      expect(endOf(await field.provision(words, env))).toEqual(endsAs(79, "held", "reservation_lost"));
    }
    expect([reservationPosts(field), field.charges()]).toEqual([1, 1]);
  });
});
