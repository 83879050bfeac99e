import { describe, expect, it, vi } from "vitest";
import type { CreateOutcome, ESimProfile, ProviderApi } from "../../../src/api/resources.js";
import { sleep, VirtualClock } from "../../../src/base/clock.js";
import { EsimdError } from "../../../src/base/errors.js";
import { parseActivationCode } from "../../../src/base/identifiers.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { type BatchEnd, type BatchSeen, runBatch } from "../../../src/provision/batch/run.js";
import { openBatch } from "../../../src/provision/batch/store.js";
import { type Disk, durableDisk } from "../../../src/provision/store/disk.js";
import { reservation } from "../../support/reservation.js";
import { SimFiles } from "../../sweep/files.js";

/** One run of a batch against a provider that says what the test wants, on a clock that stands still. */

const activationCode = parseActivationCode("1$smdp.example.com$ABC-1", "the test");

interface Script {
  /** What the nth POST is answered with, from 1; left out: it makes `HPn`. */
  readonly post?: (nth: number) => CreateOutcome | undefined;
  /** What the provider shows of a reservation at its nth look, from 1; left out: available. */
  readonly get?: (sid: string, nth: number) => ESimProfile | EsimdError | undefined;
  readonly count: number;
  readonly parallel?: number;
  readonly goOn?: boolean;
  /** The disk takes no line that has this in it. */
  readonly refusesLine?: string;
}

interface Played {
  readonly end: BatchEnd;
  /** Seconds from the start at which the POSTs came. */
  readonly postsAtS: readonly number[];
  readonly gets: number;
  readonly endedAtS: number;
  readonly seen: readonly BatchSeen[];
}

async function played(script: Script): Promise<Played> {
  const clock = new VirtualClock();
  const files = new SimFiles();
  await files.mkdir("/state");
  const processes = { ownPid: 1, birthOf: () => "boot/1" };
  const real = durableDisk(files);
  const disk: Disk = {
    ...real,
    append: async (path, text) => {
      if (script.refusesLine !== undefined && text.includes(script.refusesLine)) {
        throw new EsimdError("disk_full", `${path} cannot be appended to`);
      }
      return real.append(path, text);
    },
  };
  const store = await openBatch("/state", "b", { disk, processes, clock, log: silentLog });
  await store.record({ kind: "batch", name: "b", provider: "twilio", count: script.count });
  const postsAtS: number[] = [];
  const looks = new Map<string, number>();
  const unused = () => Promise.reject(new Error("a batch asks for no such thing"));
  const api: ProviderApi = {
    createESimProfile: async () => {
      postsAtS.push(Math.round(clock.monotonicMs() / 100) / 10);
      const nth = postsAtS.length;
      await sleep(clock, 100);
      return script.post?.(nth) ?? { kind: "created", profile: reservation(`HP${nth}`, "new") };
    },
    getESimProfile: async (sid) => {
      const nth = (looks.get(sid) ?? 0) + 1;
      looks.set(sid, nth);
      await sleep(clock, 10);
      const shown = script.get?.(sid, nth) ?? reservation(sid, "available", { activationCode });
      if (shown instanceof EsimdError) throw shown;
      return shown;
    },
    listESimProfiles: unused,
    findSimByIccid: unused,
    getSim: unused,
    updateSim: unused,
    listFleets: unused,
    close: async () => undefined,
  };
  const seen: BatchSeen[] = [];
  let ids = 0;
  const running = runBatch(
    {
      store,
      api,
      clock,
      random: seededRandom(1),
      log: silentLog,
      newId: () => `i${++ids}`,
      parallel: script.parallel ?? 2,
      goOn: script.goOn ?? false,
      availableWaitMs: 300_000,
      observe: (one) => seen.push(one),
    },
    new AbortController().signal,
  );
  const end = await clock.runUntil(running);
  const endedAtS = clock.monotonicMs() / 1_000;
  return { end, postsAtS, endedAtS, gets: [...looks.values()].reduce((sum, looked) => sum + looked, 0), seen };
}

const refused = (error: EsimdError): CreateOutcome => ({ kind: "not-processed", error });
const limited = (seconds: number) => new EsimdError("api_rate_limited", "slowly", { retryAfterMs: seconds * 1_000 });

describe("a run of a batch", () => {
  it("makes everybody wait where one was asked to", async () => {
    const { end, postsAtS } = await played({ count: 4, post: (nth) => (nth === 1 ? refused(limited(20)) : undefined) });
    expect(end).toMatchObject({ error: undefined });
    // The two at once; then nobody before the 20 s are over.
    expect(postsAtS.slice(0, 2)).toEqual([0, 0]);
    expect(postsAtS.slice(2).every((atS) => atS >= 20)).toBe(true);
    expect(postsAtS).toHaveLength(5);
  });

  it("does not wait for hours, and brings what is under way to its end meanwhile", async () => {
    const { end, seen, endedAtS } = await played({
      count: 3,
      post: (nth) => (nth === 2 ? refused(limited(7_200)) : undefined),
    });
    expect(end.error).toMatchObject({ code: "api_rate_limited", retryAfterMs: 7_200_000 });
    expect(seen.filter(({ step }) => step === "ready").map(({ item }) => item)).toEqual([1]);
    expect(endedAtS).toBeLessThan(120);
  });

  it("asks five times, and then says why it has no code", async () => {
    const { end, postsAtS } = await played({
      count: 1,
      post: () => refused(new EsimdError("api_unreachable", "no connection")),
    });
    expect(end.error).toMatchObject({ code: "api_unreachable" });
    expect(postsAtS).toHaveLength(5);
  });

  it.each<[string, ESimProfile]>([
    ["that it had already", reservation("HP1", "new")],
    ["that is for an EID", reservation("HP7", "new", { eid: "89049032123451234512345678901235" })],
  ])("is in doubt about a reservation %s", async (_name, profile) => {
    const { end } = await played({
      count: 2,
      parallel: 1,
      post: (nth) => (nth === 2 ? { kind: "created", profile } : undefined),
    });
    expect(end.error).toMatchObject({ code: "reservation_unclear", message: expect.stringContaining(profile.sid) });
    expect([...end.ready.keys()]).toEqual([1]);
  });

  it("names what it cannot write down, and asks for nothing more", async () => {
    const { end, postsAtS } = await played({ count: 5, parallel: 1, refusesLine: '"created"' });
    expect(end.error).toMatchObject({
      code: "disk_full",
      message: expect.stringContaining("the reservation HP1 was made for item 1, and could not be recorded"),
      hint: expect.stringContaining("`esimd reserve --batch b --adopt HP1 --item 1`"),
    });
    expect(postsAtS).toHaveLength(1);
  });

  it("asks for nothing whose intent is not written", async () => {
    const { end, postsAtS } = await played({ count: 5, refusesLine: '"intent"' });
    expect(end.error).toMatchObject({ code: "disk_full" });
    expect(postsAtS).toEqual([]);
  });

  it("has sixteen under way at once, and nothing to complain about", async () => {
    const warned = vi.spyOn(process, "emitWarning");
    const { end, postsAtS } = await played({ count: 40, parallel: 16 });
    expect([end.error, end.ready.size, postsAtS.length]).toEqual([undefined, 40, 40]);
    expect(postsAtS.filter((atS) => atS === 0)).toHaveLength(16);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });

  it("waits for the code of one that is available without it", async () => {
    const { end, gets } = await played({
      count: 1,
      get: (sid, nth) => (nth < 3 ? reservation(sid, "available") : undefined),
    });
    expect(end.error).toBeUndefined();
    expect(gets).toBe(3);
  });

  it("bears a provider that does not know yet what it made, and one that cannot be reached", async () => {
    const { end, postsAtS } = await played({
      count: 1,
      get: (_sid, nth) =>
        nth === 1
          ? new EsimdError("api_missing", "no such thing")
          : nth === 2
            ? new EsimdError("api_unavailable", "500")
            : undefined,
    });
    expect([end.error, postsAtS.length]).toEqual([undefined, 1]);
  });

  it("never acts on a status that it does not know", async () => {
    const { end, postsAtS } = await played({ count: 2, parallel: 1, get: (sid) => reservation(sid, "unknown:paused") });
    expect(end.error).toMatchObject({ code: "deadline", message: expect.stringContaining("paused after 5 min") });
    expect(postsAtS).toHaveLength(1);
  });

  it("gives up after five reservations that cost nothing and failed", async () => {
    const { end, postsAtS } = await played({ count: 1, get: (sid) => reservation(sid, "failed", { errorCode: "1" }) });
    expect(end.error).toMatchObject({ code: "reservation_failed" });
    expect(postsAtS).toHaveLength(5);
  });
});
