import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { realProcesses } from "../../src/provision/store/lock.js";
import { until } from "./conditions.js";
import { atDesk, itemsIn, make, post } from "./reserve-desk.js";

/** Activation codes made ahead, on good days and bad ones: never more charges than were agreed to, and no code lost. */

describe("a batch on a good day", { concurrent: true }, () => {
  it("has its codes in a file that only its owner reads, and each was paid for once", () =>
    atDesk({}, async (desk) => {
      const out = join(desk.dir, "codes.csv");
      const { status, result, stdout } = await desk.reserve(make(6, "--out", out));
      expect({ status, result }).toMatchObject({
        status: 0,
        result: { batch: "b", count: 6, ready: 6, budget: { spent: 6, allowed: 6, left: 0 }, error: null },
      });
      expect([desk.posts(), desk.charges()]).toEqual([6, 6]);
      expect((await stat(out)).mode & 0o777).toBe(0o600);
      const [head, ...lines] = (await readFile(out, "utf8")).trimEnd().split("\r\n");
      expect(head).toBe("item,sid,iccid,activation_code,smdp,matching_id,status");
      const fields = lines.map((line) => line.split(","));
      expect(fields.map(([item]) => item)).toEqual(["1", "2", "3", "4", "5", "6"]);
      expect(new Set(fields.map(([, sid]) => sid))).toEqual(new Set(desk.api.ledger().map(({ sid }) => sid)));
      for (const [, , iccid, code, smdp, matchingId, state] of fields) {
        expect(code).toBe(`LPA:1$${smdp}$${matchingId}`);
        expect([iccid, state]).toEqual([expect.stringMatching(/^\d{18,20}$/), "available"]);
        // What claims a profile is in the file, and nowhere else.
        expect(stdout).not.toContain(matchingId);
      }
    }));

  it("does nothing when it is asked for again, and goes on where more are wanted", () =>
    atDesk({}, async (desk) => {
      await desk.reserve(make(2));
      expect(await desk.reserve(make(2))).toMatchObject({ status: 0, result: { ready: 2 } });
      expect(desk.posts()).toBe(2);
      // More is a new question.
      const more = ["--activation-code", "--batch", "b", "--count", "4"];
      const unasked = await desk.reserve(more);
      expect(unasked).toMatchObject({ status: 64, result: { error: { code: "not_confirmed" } } });
      expect(unasked.result.error?.message).toContain("its count goes from 2 to 4");
      const asked = await desk.reserve(more, { answers: { "Go on? [y/N] ": "n" } });
      expect(asked).toMatchObject({ status: 64, result: { error: { code: "not_confirmed" } } });
      expect(desk.posts()).toBe(2);
      expect(await desk.reserve(more, { answers: { "Go on? [y/N] ": "y" } })).toMatchObject({ status: 0 });
      expect([desk.posts(), desk.charges()]).toEqual([4, 4]);
      // Without a number it is the batch's own.
      expect(await desk.reserve(["--activation-code", "--batch", "b"])).toMatchObject({
        status: 0,
        result: { count: 4 },
      });
      expect(await desk.reserve(make(3))).toMatchObject({ status: 64, result: { error: { code: "usage" } } });
      expect(desk.posts()).toBe(4);
    }));

  it("goes the same at KORE", () =>
    atDesk({}, async (desk) => {
      const kore = { env: { ESIMD_PROVIDER: "kore", ESIMD_TOKEN_URL: desk.api.tokenUrl } };
      expect(await desk.reserve(make(3), kore)).toMatchObject({ status: 0, result: { ready: 3, error: null } });
      expect([desk.posts(), desk.charges()]).toEqual([3, 3]);
    }));

  it("takes the time for its name, and says it first", () =>
    atDesk({}, async (desk) => {
      const done = await desk.reserve(["--activation-code", "--count", "1", "--yes"]);
      const [first = ""] = done.stdout.split("\n");
      expect(done.result.batch).toMatch(/^\d{8}-\d{6}$/);
      expect(JSON.parse(first)).toMatchObject({ note: `batch ${done.result.batch}` });
    }));

  it("writes JSON lines too, and never over a file that is there", () =>
    atDesk({}, async (desk) => {
      const out = join(desk.dir, "codes.jsonl");
      await writeFile(out, "mine\n");
      expect(await desk.reserve(make(1, "--out", out))).toMatchObject({
        status: 65,
        result: { error: { code: "bad_input", message: expect.stringContaining("nothing is written over") } },
      });
      const nowhere = join(desk.dir, "nowhere", "codes.csv");
      expect(await desk.reserve(make(1, "--out", nowhere))).toMatchObject({
        status: 65,
        result: { error: { message: expect.stringContaining("no file can be made in") } },
      });
      expect(desk.posts()).toBe(0);
      await desk.reserve(make(1));
      const other = join(desk.dir, "others.jsonl");
      expect(await desk.reserve(["list", "--batch", "b", "--out", other])).toMatchObject({ status: 0 });
      const [sid] = await desk.named();
      expect(JSON.parse(await readFile(other, "utf8"))).toMatchObject({ item: 1, sid, status: "available" });
      expect(await readFile(out, "utf8")).toBe("mine\n");
    }));

  it("is listed from its ledger and from the provider, its codes whole only when asked for", () =>
    atDesk({}, async (desk) => {
      await desk.reserve(make(2));
      const masked = await desk.esimd(["reserve", "list", "--batch", "b"]);
      expect(masked.stdout).toMatch(/^batch b at twilio: 2 of 2 codes, 2 of 2 charge\(s\) spent\n/);
      expect(masked.stdout.match(/available {2}LPA:1\$sm-dp-plus\.example\.com\$…/g)).toHaveLength(2);
      const whole = await desk.reserve(["list", "--batch", "b", "--show-codes"]);
      const codes = whole.result.batches?.[0]?.items.map(({ activationCode }) => activationCode);
      expect(codes).toEqual(Array(2).fill(expect.stringMatching(/^LPA:1\$sm-dp-plus\.example\.com\$[A-Z0-9-]+$/)));
      const before = desk.api.requests().length;
      const offline = await desk.reserve(["list", "--batch", "b", "--offline"]);
      expect(offline.result.batches?.[0]).toMatchObject({ ready: 2, items: [{ status: null }, { status: null }] });
      expect(desk.api.requests()).toHaveLength(before);
      const nobody = { env: { ESIMD_API_URL: "http://127.0.0.1:9" } };
      expect(await desk.reserve(["list", "--batch", "b"], nobody)).toMatchObject({
        status: 0,
        result: { error: { code: "api_unreachable" }, batches: [{ ready: 2 }] },
      });
    }));

  it("counts in the lists of charges, and its codes are nobody's orphans", () =>
    atDesk({}, async (desk) => {
      await desk.reserve(make(3));
      const list = await desk.esimd(["reservation", "list", "--json"]);
      expect(JSON.parse(list.stdout)).toMatchObject({ orphans: [], batches: { batches: 1, charges: 3, undecided: 0 } });
      for (const words of [["reservation", "list"], ["status"]]) {
        expect((await desk.esimd(words)).stdout).toContain("3 charge(s) in 1 batch(es) of activation codes");
      }
      const [sid = ""] = await desk.named();
      const eid = ["--eid", "89049032123451234512345678901235"];
      const taken = await desk.esimd(["reservation", "adopt", sid, ...eid]);
      expect(taken).toMatchObject({ status: 65, stderr: expect.stringContaining("the batch b of this state folder") });
    }));
});

describe("what is refused before a POST", { concurrent: true }, () => {
  it.each<[string, readonly string[], string]>([
    ["no kind", ["--count", "2", "--yes"], "--activation-code is not given"],
    ["no number", ["--activation-code", "--yes"], "say how many codes"],
    ["none", ["--activation-code", "--count", "0", "--yes"], '--count is "0"'],
    ["too many", ["--activation-code", "--count", "2001", "--yes"], "from 1 to 2000"],
    ["too many at once", make(2, "--parallel", "17"), "from 1 to 16"],
    ["a name that is none", ["--activation-code", "--count", "1", "--batch", "../x", "--yes"], "--batch is"],
    ["a file of another kind", make(2, "--out", "codes.txt"), "ends in .csv or .jsonl"],
    ["no consent", ["--activation-code", "--count", "2"], "as many as 2 charge(s) at twilio"],
    ["no provider", make(2, "--provider", "none"), "provider none never reserves"],
    ["two things at once", make(2, "--release", "1"), "one thing each"],
    ["a word", ["buy"], 'there is no "buy"'],
    ["a decision without a batch", ["--adopt", "HP1"], "--batch must name"],
    ["a batch that is not there", ["--batch", "x", "--release", "1"], 'no batch "x"'],
    ["nothing to go on with", ["--activation-code", "--batch", "x"], 'there is no batch "x"'],
  ])("%s", (_name, words, sentence) =>
    atDesk({}, async (desk) => {
      const done = await desk.reserve(words);
      expect(done).toMatchObject({ status: 64, result: { error: { message: expect.stringContaining(sentence) } } });
      expect([desk.posts(), await readdir(desk.dir)]).toEqual([0, []]);
    }),
  );

  it("a dry run says what it may cost, and leaves nothing behind", () =>
    atDesk({}, async (desk) => {
      const words = ["--activation-code", "--batch", "b", "--count", "5", "--dry-run"];
      const plan = await desk.reserve(words);
      expect(plan).toMatchObject({
        status: 0,
        result: { schema: "esimd.reserve-plan/1", count: 5, charges: 5, spent: 0 },
      });
      expect([desk.api.requests().length, await readdir(desk.dir)]).toEqual([0, []]);
      await desk.reserve(make(2));
      expect((await desk.reserve(words)).result).toMatchObject({ charges: 3, spent: 2, ready: 2 });
      expect(desk.posts()).toBe(2);
    }));

  it("a batch that another process works on, or that another provider made", () =>
    atDesk({}, async (desk) => {
      await desk.reserve(make(1));
      expect(await desk.reserve(make(2, "--provider", "kore"))).toMatchObject({
        status: 64,
        result: { error: { message: expect.stringContaining("twilio's") } },
      });
      const lock = join(desk.stateDir, "reserve/b/lock");
      await mkdir(join(desk.stateDir, "reserve/b"), { recursive: true });
      await writeFile(lock, `${process.ppid} ${realProcesses.birthOf(process.ppid)}\n`);
      expect(await desk.reserve(make(2))).toMatchObject({ status: 75, result: { error: { code: "state_locked" } } });
      expect(desk.posts()).toBe(1);
    }));

  it.each<[string, (text: string) => string | undefined]>([
    ["damaged", (text) => text.replace('"kind":"created"', '"kind":"made"')],
    ["short of a line that it had", (text) => `${text.trimEnd().split("\n").slice(0, -1).join("\n")}\n`],
    ["empty", () => ""],
  ])("a ledger that is %s", (_name, spoil) =>
    atDesk({}, async (desk) => {
      await desk.reserve(make(1));
      const path = join(desk.stateDir, "reserve/b/ledger.jsonl");
      await writeFile(path, spoil(await readFile(path, "utf8")) ?? "");
      expect(await desk.reserve(make(2))).toMatchObject({
        status: 79,
        result: { error: { code: "ledger_damaged", hint: expect.stringContaining(path) } },
      });
      expect(desk.posts()).toBe(1);
      expect((await desk.esimd(["status"])).stdout).toContain("the ledger of the batch b cannot be used");
    }),
  );
});

describe("a POST that was not processed", { concurrent: true }, () => {
  it("asks all for a pause, and is made again: one charge each", () =>
    atDesk({ api: [post(1, { do: "error", status: 429, retryAfter: 1 })] }, async (desk) => {
      const started = performance.now();
      expect(await desk.reserve(make(3))).toMatchObject({ status: 0, result: { ready: 3 } });
      expect(performance.now() - started).toBeGreaterThan(1_000);
      expect([desk.posts(), desk.charges()]).toEqual([4, 3]);
    }));

  it("for want of stock: the batch stops, and goes on later", () =>
    atDesk({ api: [post(2, { do: "stock-out" })] }, async (desk) => {
      const stopped = await desk.reserve(make(3, "--parallel", "1"));
      expect(stopped).toMatchObject({ status: 75, result: { ready: 1, error: { code: "no_stock" } } });
      expect(await desk.reserve(make(3))).toMatchObject({ status: 0, result: { ready: 3 } });
      expect([desk.posts(), desk.charges()]).toEqual([4, 3]);
    }));

  it("by wrong credentials: nothing is paid, and it says whose fault it is", () =>
    atDesk({}, async (desk) => {
      const done = await desk.reserve(make(2), { env: { ESIMD_API_SECRET: "another-secret" } });
      expect(done).toMatchObject({
        status: 77,
        result: { ready: 0, budget: { spent: 0 }, error: { code: "api_credentials" } },
      });
      expect(desk.charges()).toBe(0);
    }));
});

describe("a reservation that fails", { concurrent: true }, () => {
  it("before it was charged: another one is made in its place", () =>
    atDesk({ api: [post(1, { do: "reservation-fails", code: "83999", message: "no" })] }, async (desk) => {
      expect(await desk.reserve(make(2))).toMatchObject({ status: 0, result: { ready: 2, budget: { spent: 2 } } });
      expect([desk.posts(), desk.charges()]).toEqual([3, 2]);
    }));

  it("after it was charged: a person gives it up, and then one more is made", () =>
    atDesk({ api: [post(1, { do: "fails-after-available", ms: 0 })] }, async (desk) => {
      const held = await desk.reserve(make(2, "--parallel", "1"));
      expect(held).toMatchObject({ status: 79, result: { error: { code: "reservation_lost" } } });
      expect(itemsIn(held.result, "lost")).toEqual([1]);
      expect(held.result.error?.hint).toContain("`esimd reserve --batch b --release 1`");
      expect(await desk.reserve(make(2))).toMatchObject({ status: 79 });
      expect(desk.posts()).toBe(1);
      const released = await desk.reserve(["--batch", "b", "--release", "1", "--confirm", "b/1"]);
      expect(released).toMatchObject({ status: 0, result: { changed: true, budget: { spent: 1, allowed: 3 } } });
      expect(await desk.reserve(make(2))).toMatchObject({ status: 0, result: { ready: 2 } });
      expect([desk.posts(), desk.charges()]).toEqual([3, 3]);
    }));
});

describe("a POST in doubt", { concurrent: true }, () => {
  it("stops the batch until a person takes what it made", () =>
    atDesk({ api: [post(2, { do: "error", status: 500, effect: true })] }, async (desk) => {
      const held = await desk.reserve(make(4, "--parallel", "1"));
      expect(held).toMatchObject({ status: 79, result: { ready: 1, error: { code: "reservation_unclear" } } });
      expect(itemsIn(held.result, "held")).toEqual([2]);
      expect(await desk.reserve(make(4))).toMatchObject({ status: 79 });
      expect(desk.posts()).toBe(2);

      const { result } = await desk.reserve(["list", "--batch", "b"]);
      const [candidate, ...more] = result.batches?.[0]?.candidates ?? [];
      expect([candidate?.item, more]).toEqual([2, []]);
      const sid = candidate?.sid ?? "";
      expect(await desk.reserve(["--batch", "b", "--adopt", sid])).toMatchObject({
        status: 0,
        result: { changed: true, item: 2, budget: { spent: 2, allowed: 4 } },
      });
      expect((await desk.reserve(["--batch", "b", "--adopt", sid])).result).toMatchObject({ changed: false });
      expect(await desk.reserve(make(4))).toMatchObject({ status: 0, result: { ready: 4 } });
      expect([desk.posts(), desk.charges()]).toEqual([4, 4]);
      expect(await desk.named()).toEqual(new Set(desk.api.ledger().map(({ sid: one }) => one)));
    }));

  it("is given up by a person's own words where the account has nothing of it", () =>
    atDesk({ api: [post(1, { do: "cut" })] }, async (desk) => {
      expect(await desk.reserve(make(2, "--parallel", "1"))).toMatchObject({ status: 79, result: { ready: 0 } });
      expect((await desk.reserve(["list", "--batch", "b"])).result.batches?.[0]?.candidates).toEqual([]);
      const release = ["--batch", "b", "--release", "1"];
      for (const words of [
        [...release, "--yes"],
        [...release, "--confirm", "1"],
      ]) {
        expect(await desk.reserve(words)).toMatchObject({ status: 64, result: { error: { code: "not_confirmed" } } });
      }
      const asked = await desk.reserve(release, { answers: { "Type b/1: ": "b/1" } });
      expect(asked).toMatchObject({ status: 0, stderr: expect.stringContaining("only in") });
      expect((await desk.reserve(["--batch", "b", "--release", "1", "--confirm", "b/1"])).result.changed).toBe(false);
      expect(await desk.reserve(make(2))).toMatchObject({ status: 0, result: { ready: 2 } });
      expect([desk.posts(), desk.charges()]).toEqual([3, 2]);
    }));

  it("does not keep the others waiting with --go-on; and three in a row do", () =>
    atDesk(
      {
        api: [
          post(2, { do: "wrong-json", effect: true }),
          { ...post(5, { do: "cut" }), match: { method: "POST", path: "/v1/ESimProfiles", nth: 5, times: 9 } },
        ],
      },
      async (desk) => {
        const first = await desk.reserve(make(4, "--parallel", "1", "--go-on"));
        expect(first).toMatchObject({ status: 79, result: { ready: 3, budget: { spent: 4, left: 0 } } });
        expect(itemsIn(first.result, "held")).toEqual([2]);
        expect(desk.posts()).toBe(4);
        const second = await desk.reserve(make(12, "--parallel", "1", "--go-on"));
        expect(itemsIn(second.result, "held")).toEqual([2, 5, 6, 7]);
        expect([second.status, desk.posts(), desk.charges()]).toEqual([79, 7, 4]);
      },
    ));

  it("takes no reservation that is older, or in a ledger, or not in the account", () =>
    atDesk({ api: [post(3, { do: "cut", effect: true })] }, async (desk) => {
      await desk.reserve(["--activation-code", "--batch", "other", "--count", "1", "--yes"]);
      const [others = ""] = await desk.named("other");
      await desk.reserve(make(2, "--parallel", "1"));
      const refused = [
        [others, "reservation_state", "the batch other has"],
        [`HP${"0".repeat(32)}`, "reservation_unknown", "the account has no reservation"],
      ] as const;
      for (const [sid, code, message] of refused) {
        expect(await desk.reserve(["--batch", "b", "--adopt", sid])).toMatchObject({
          status: 65,
          result: { error: { code, message: expect.stringContaining(message) } },
        });
      }
      expect(await desk.named()).toEqual(
        new Set(
          desk.api
            .ledger()
            .slice(1, 2)
            .map(({ sid }) => sid),
        ),
      );
    }));

  it("a code that is good is not given up", () =>
    atDesk({}, async (desk) => {
      await desk.reserve(make(1));
      expect(await desk.reserve(["--batch", "b", "--release", "1", "--confirm", "b/1"])).toMatchObject({
        status: 65,
        result: { error: { code: "reservation_state" } },
      });
    }));
});

describe("a provider that is slow", { concurrent: true }, () => {
  it("gets no further POST, and what is under way is taken up again", () =>
    atDesk({ timing: { toAvailableMs: 2_500 } }, async (desk) => {
      const config = join(desk.dir, "short.toml");
      await writeFile(config, '[reservation]\navailable_wait = "1s"\n');
      const late = await desk.reserve(make(3, "--parallel", "1", "--config", config));
      expect(late).toMatchObject({ status: 75, result: { ready: 0, error: { code: "deadline" } } });
      expect(desk.posts()).toBe(1);
      await until(() => desk.charges() === 1, "the first reservation is available");
      expect(await desk.reserve(make(3))).toMatchObject({ status: 0, result: { ready: 3 } });
      expect([desk.posts(), desk.charges()]).toEqual([3, 3]);
    }));
});

describe("Ctrl-C", () => {
  it("begins nothing new, and waits for the answers of what is on its way", () =>
    atDesk(
      { api: [{ match: { method: "POST", path: "/v1/ESimProfiles" }, actions: [{ do: "delay", ms: 300 }] }] },
      async (desk) => {
        const stop = new AbortController();
        const running = desk.reserve(make(8, "--parallel", "2"), { signal: stop.signal });
        await until(() => desk.posts() === 2, "two POSTs are on their way");
        stop.abort(new Error("SIGINT"));
        const stopped = await running;
        expect(itemsIn(stopped.result, "reserved")).toEqual([1, 2]);
        expect(desk.posts()).toBe(2);
        expect(await desk.reserve(make(8))).toMatchObject({ status: 0, result: { ready: 8 } });
        expect([desk.posts(), desk.charges()]).toEqual([8, 8]);
      },
    ));
});
