import { describe, expect, it } from "vitest";
import { sleep, systemClock, VirtualClock } from "../../../src/base/clock.js";
import { clientOf, create, eid, fakeApi, never, reaches } from "./harness.js";

describe("bad days", () => {
  const post = { method: "POST", path: "/v1/ESimProfiles" } as const;

  it.each([
    ["5xx before the effect", { do: "error", status: 500 }, "unclear", 0],
    ["5xx after the effect", { do: "error", status: 500, effect: true }, "unclear", 1],
    ["a cut before the effect", { do: "cut" }, "unclear", 0],
    ["a cut after the effect", { do: "cut", effect: true }, "unclear", 1],
    ["a cut within the body", { do: "cut", within: "body", effect: true }, "unclear", 1],
    ["silence after the effect", { do: "silence", effect: true }, "unclear", 1],
    ["HTML", { do: "html" }, "unclear", 0],
    ["wrong JSON after the effect", { do: "wrong-json", effect: true }, "unclear", 1],
    ["a redirect", { do: "redirect", location: "http://portal.example/" }, "unclear", 0],
    ["429 with Retry-After", { do: "error", status: 429, code: 20429, retryAfter: 3 }, "not-processed", 0],
    ["400 after RFC 9457", { do: "error", status: 400, shape: "problem" }, "not-processed", 0],
    ["out of stock", { do: "stock-out" }, "not-processed", 0],
  ] as const)("%s: once, and then all is well", async (_name, action, kind, made) => {
    const api = await fakeApi({}, { match: { ...post, nth: 1 }, actions: [action] });
    // Only a silent one is waited for.
    const impatient = clientOf(api, action.do === "silence" ? { requestTimeoutMs: 500 } : {});
    const outcome = await impatient.createESimProfile({ eid }, never);
    expect(outcome.kind).toBe(kind);
    const client = clientOf(api);
    await expect(client.listESimProfiles({ eid }, never)).resolves.toHaveLength(made);
    await expect(create(client, { eid })).resolves.toMatchObject({ status: "new" });
  });

  it("carries Retry-After to the caller", async () => {
    const api = await fakeApi({}, { actions: [{ do: "error", status: 429, retryAfter: 3 }] });
    expect(await clientOf(api).createESimProfile({ eid }, never)).toMatchObject({ error: { retryAfterMs: 3000 } });
  });

  it("a stale list does not show a new reservation for a while; the resource itself is there", async () => {
    const clock = new VirtualClock();
    const api = await fakeApi({ clock }, { match: post, actions: [{ do: "stale-list", ms: 5000 }] });
    const client = clientOf(api);
    const { sid } = await create(client, { eid });
    await expect(client.listESimProfiles({ eid }, never)).resolves.toEqual([]);
    await expect(client.getESimProfile(sid, never)).resolves.toMatchObject({ sid });
    await clock.advance(5000);
    await expect(client.listESimProfiles({ eid }, never)).resolves.toMatchObject([{ sid }]);
  });

  it("a reservation fails later with 83500: nothing is charged", async () => {
    const api = await fakeApi({}, { match: post, actions: [{ do: "reservation-fails" }] });
    const client = clientOf(api);
    const failed = await reaches(client, await create(client, { eid }), "failed");
    expect(failed).toMatchObject({ errorCode: "83500", iccid: undefined });
    expect(api.ledger()).toEqual([]);
  });

  it("a reservation fails after it was available: it was charged", async () => {
    const api = await fakeApi({}, { match: post, actions: [{ do: "fails-after-available", ms: 5 }] });
    const client = clientOf(api);
    await reaches(client, await create(client, { eid }), "failed");
    expect(api.ledger()).toHaveLength(1);
  });

  it("the walk may be slow and a request delayed, and the first behaviour that matches decides", async () => {
    const api = await fakeApi(
      {},
      {
        match: { ...post, nth: 1 },
        actions: [
          { do: "delay", ms: 30 },
          { do: "walk", toReservingMs: 60_000 },
        ],
      },
      { match: post, actions: [{ do: "stock-out" }] },
    );
    const client = clientOf(api);
    const startedAtMs = systemClock.monotonicMs();
    const slow = await create(client, { eid });
    expect(systemClock.monotonicMs() - startedAtMs).toBeGreaterThanOrEqual(29);
    expect((await client.createESimProfile({ eid }, never)).kind).toBe("not-processed");
    await sleep(systemClock, 40);
    await expect(client.getESimProfile(slow.sid, never)).resolves.toMatchObject({ status: "new" });
  });

  it("an unreachable SM-DP+ makes the reservation fail before it is charged", async () => {
    const api = await fakeApi({ smdp: { host: "127.0.0.1:1" } });
    const client = clientOf(api);
    const failed = await reaches(client, await create(client, { eid }), "failed");
    expect(failed.errorMessage).toContain("127.0.0.1:1");
    expect(api.ledger()).toEqual([]);
  });
});
