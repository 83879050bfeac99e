import { describe, expect, it } from "vitest";
import { AtChannel } from "../../src/at/channel.js";
import { VirtualClock } from "../../src/base/clock.js";
import { type ErrorCode, EsimdError } from "../../src/base/errors.js";
import { parseEid } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { runThroughAbsences } from "../../src/daemon/resume.js";
import type { ModemLine } from "../../src/modem/exchange.js";
import { noFacts, type Observation } from "../../src/provision/run.js";
import type { RunOutcome } from "../../src/provision/runner.js";
import { MemoryPort } from "../support/memory-port.js";

/** How one run ends: after the modem answered, or before (`unanswered`). */
type End = "well" | ErrorCode | { readonly unanswered: ErrorCode };

const eid = parseEid("89049032123451234512345678901235", "the test");

/** Runs that end as told, of a modem that is there when told, on a virtual clock. */
class Absences {
  readonly clock = new VirtualClock();
  readonly startedAtMs: number[] = [];
  readonly observed: string[] = [];
  /** How long each state that was shown may last. */
  readonly within: (number | null)[] = [];
  looks = 0;
  isThere = false;
  readonly whereabouts = {
    last: "/dev/ttyUSB2",
    canBeSeen: true,
    hasAnswered: false,
    isBack: async () => this.#look(),
  };
  readonly #stop = new AbortController();
  readonly #line: ModemLine = {
    channel: new AtChannel(new MemoryPort(), this.clock, silentLog),
    clock: this.clock,
    random: { next: () => 0 },
  };
  readonly #ends: End[];
  readonly outcome: Promise<RunOutcome>;

  constructor(ends: readonly End[], options: { readonly returnWaitMs?: number; readonly socket?: boolean } = {}) {
    this.#ends = [...ends];
    this.whereabouts.canBeSeen = options.socket !== true;
    const parts = {
      run: async (observe: (observation: Observation) => void) => this.#run(observe),
      whereabouts: this.whereabouts,
      returnWaitMs: options.returnWaitMs ?? 60_000,
      clock: this.clock,
      log: silentLog,
      observe: (seen: Observation) => {
        this.observed.push(seen.kind === "state" ? seen.state : seen.stage);
        if (seen.kind === "state") this.within.push(seen.withinMs);
      },
    };
    this.outcome = runThroughAbsences(parts, this.#stop.signal);
  }

  /** The outcome once the clock has run on, in short. */
  async end(): Promise<{ readonly state: string; readonly code: string | undefined; readonly message: string }> {
    const { state, error } = await this.clock.runUntil(this.outcome);
    return { state, code: error?.code, message: error?.message ?? "" };
  }

  stop(): void {
    this.#stop.abort(new EsimdError("deadline", "the run did not finish within 15 min"));
  }

  #look(): boolean {
    this.looks++;
    return this.isThere;
  }

  #run(observe: (observation: Observation) => void): RunOutcome {
    const nth = this.startedAtMs.push(this.clock.monotonicMs());
    const end = this.#ends.shift() ?? "well";
    const code = typeof end === "object" ? end.unanswered : end === "well" ? undefined : end;
    const answered = typeof end !== "object";
    if (answered) this.whereabouts.hasAnswered = true;
    const state = code === undefined ? "provisioned" : "failed";
    for (const entered of ["connecting", state] as const)
      observe({ kind: "state", state: entered, sentence: "", withinMs: null });
    const error = code === undefined ? undefined : new EsimdError(code, `run ${nth} failed`);
    // Only the first run reserves, and only it gets to know the EID.
    const first = nth === 1 ? { changed: true, eid } : {};
    const facts = { ...noFacts(), ...(answered ? { line: this.#line } : {}), ...first };
    const nowMs = this.clock.nowMs();
    return { state, error, facts, startedAtMs: nowMs, finishedAtMs: nowMs, timings: { connecting: 10 * nth } };
  }
}

describe("a run whose modem goes away", () => {
  it("goes on when it is back, and is one run to those who look", async () => {
    const run = new Absences(["serial_gone", "well"]);
    await run.clock.advance(7_400);
    expect(run.startedAtMs).toEqual([0]);
    run.isThere = true;
    expect(await run.end()).toMatchObject({ state: "provisioned" });
    expect(run.startedAtMs).toEqual([0, 7_500]);
    // Waiting, then the second run; that the first one failed is not the end, and is not shown.
    expect(run.observed).toEqual(["connecting", "connecting", "connecting", "provisioned"]);
    const { facts, startedAtMs, finishedAtMs, timings } = await run.outcome;
    expect(facts).toMatchObject({ changed: true, eid });
    expect(finishedAtMs - startedAtMs).toBe(7_500);
    expect(timings).toEqual({ connecting: 30 });
  });

  it("ends when it does not come back within the wait, and says so", async () => {
    const run = new Absences(["serial_gone"]);
    expect(await run.end()).toEqual({
      state: "failed",
      code: "serial_gone",
      message: "the modem on /dev/ttyUSB2 went away in the middle of the run and did not come back within 60 s",
    });
    expect(run.clock.monotonicMs()).toBe(60_000);
    expect(run.looks).toBe(120);
    expect(run.observed.at(-1)).toBe("failed");
  });

  it("says after each try in vain how long it still waits, since the try's own deadline is not the wait's", async () => {
    const run = new Absences(["serial_gone", { unanswered: "port_busy" }, "well"], { returnWaitMs: 3_600_000 });
    await run.clock.advance(400);
    run.isThere = true;
    await run.clock.advance(100);
    expect(run.startedAtMs).toEqual([0, 500]);
    expect(run.observed).toEqual(["connecting", "connecting", "connecting", "connecting"]);
    expect(run.within).toEqual([null, 3_600_000, null, 3_599_500]);
    expect(await run.end()).toMatchObject({ state: "provisioned" });
  });

  it("ends at once where there is no wait", async () => {
    const run = new Absences(["serial_gone"], { returnWaitMs: 0 });
    expect(await run.end()).toMatchObject({ code: "serial_gone", message: "run 1 failed" });
    expect(run.looks).toBe(0);
  });

  it.each<ErrorCode>(["modem_silent", "wrong_port", "sim_locked", "deadline"])(
    "is not waited for after %s",
    async (code) => {
      const run = new Absences([code]);
      run.isThere = true;
      expect(await run.end()).toMatchObject({ code });
      expect(run.startedAtMs).toHaveLength(1);
    },
  );

  it("is not waited for when it was not there to begin with, and is when it was", async () => {
    const never = new Absences([{ unanswered: "port_missing" }]);
    never.isThere = true;
    expect(await never.end()).toMatchObject({ code: "port_missing" });
    expect(never.startedAtMs).toHaveLength(1);

    const once = new Absences([{ unanswered: "port_missing" }, "well"]);
    once.whereabouts.hasAnswered = true;
    once.isThere = true;
    expect(await once.end()).toMatchObject({ state: "provisioned" });
  });

  it("is taken for gone when a write fails and its port is not there any more, and only then", async () => {
    const gone = new Absences(["serial_io", "well"]);
    await gone.clock.advance(900);
    gone.isThere = true;
    expect(await gone.end()).toMatchObject({ state: "provisioned" });

    const there = new Absences(["serial_io"]);
    there.isThere = true;
    expect(await there.end()).toMatchObject({ code: "serial_io" });
    expect(there.startedAtMs).toHaveLength(1);
  });

  it.each<ErrorCode>(["port_busy", "port_forbidden", "port_missing", "serial_gone"])(
    "is tried again while its port comes: %s",
    async (unanswered) => {
      const run = new Absences(["serial_gone", { unanswered }, { unanswered }, "well"]);
      run.isThere = true;
      expect(await run.end()).toMatchObject({ state: "provisioned" });
      expect(run.startedAtMs).toEqual([0, 500, 1_000, 1_500]);
    },
  );

  it("ends with the reason why its port cannot be opened, if that stays", async () => {
    const run = new Absences([
      "serial_gone",
      ...Array.from({ length: 200 }, () => ({ unanswered: "port_busy" }) as const),
    ]);
    run.isThere = true;
    expect(await run.end()).toMatchObject({ code: "port_busy" });
    expect(run.clock.monotonicMs()).toBe(60_000);
  });

  it("again and again is given up after five returns: each may cost a session of the paid order", async () => {
    const run = new Absences(Array.from({ length: 20 }, () => "serial_gone" as const));
    run.isThere = true;
    expect(await run.end()).toMatchObject({ code: "serial_gone", message: "run 6 failed" });
    expect(run.startedAtMs).toHaveLength(6);
    expect(run.observed.at(-1)).toBe("failed");
  });

  it("ends with its own deadline, whatever is left of the wait", async () => {
    const run = new Absences(["serial_gone"]);
    await run.clock.advance(10_000);
    run.stop();
    expect(await run.end()).toMatchObject({ state: "failed", code: "serial_gone" });
    expect(run.clock.monotonicMs()).toBe(10_000);
  });
});

describe("a modem behind a socket", () => {
  it("is tried now and then once it has answered", async () => {
    const run = new Absences(["serial_gone", { unanswered: "port_missing" }, "well"], { socket: true });
    run.isThere = true;
    expect(await run.end()).toMatchObject({ state: "provisioned" });
    expect(run.startedAtMs).toEqual([0, 5_000, 10_000]);
  });

  it("that never answered may be no modem, and is left alone", async () => {
    const run = new Absences([{ unanswered: "serial_gone" }], { socket: true });
    run.isThere = true;
    expect(await run.end()).toMatchObject({ code: "serial_gone" });
    expect(run.startedAtMs).toHaveLength(1);
  });
});
