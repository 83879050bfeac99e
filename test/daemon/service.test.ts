import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../src/base/clock.js";
import { type ErrorCode, EsimdError } from "../../src/base/errors.js";
import { silentLog } from "../../src/base/logging.js";
import type { ProvisionResult } from "../../src/daemon/provisioner.js";
import { serve } from "../../src/daemon/service.js";
import type { Presence } from "../../src/daemon/whereabouts.js";
import { noFacts } from "../../src/provision/run.js";
import { buildReport } from "../../src/report/build.js";
import { restOn } from "../support/rest.js";

/** How a run ends: well, with an error in its report, or before it could begin. */
type End =
  | "well"
  | "owing"
  | ErrorCode
  | { readonly rejects: ErrorCode }
  | { readonly code: ErrorCode; readonly askedMs: number };

/** The daemon on a virtual clock. Chance is at its least, so that each pause is half of its step. */
class Daemon {
  readonly clock = new VirtualClock();
  readonly startedAtMs: number[] = [];
  reports = 0;
  present = false;
  presence: Presence = "same";
  /** Looks at who is there, while nothing is due. */
  looks = 0;
  asked = 0;
  ended = false;
  failure: unknown;
  readonly #stop = new AbortController();
  readonly #served: Promise<void>;

  constructor(ends: readonly End[]) {
    const left = [...ends];
    this.#served = serve(
      {
        port: "/dev/modem",
        clock: this.clock,
        random: { next: () => 0 },
        log: silentLog,
        provision: async () => {
          this.startedAtMs.push(this.clock.monotonicMs());
          return this.#result(left.shift() ?? "well");
        },
        onResult: () => {
          this.reports++;
        },
        isPresent: async () => {
          this.asked++;
          return this.present;
        },
        presence: async () => {
          this.looks++;
          return this.presence;
        },
        rest: restOn(this.clock),
      },
      this.#stop.signal,
    ).then(
      () => {
        this.ended = true;
      },
      (error: unknown) => {
        this.failure = error;
      },
    );
  }

  /** Pauses between the starts of runs. */
  get pausesMs(): number[] {
    return this.startedAtMs.slice(1).map((atMs, index) => atMs - (this.startedAtMs[index] ?? 0));
  }

  async stop(): Promise<void> {
    this.#stop.abort(new EsimdError("cancelled", "stopped"));
    await this.#served;
  }

  #result(end: End): ProvisionResult {
    if (typeof end === "object" && "rejects" in end) throw new EsimdError(end.rejects, "it cannot begin");
    const code = typeof end === "string" ? end : end.code;
    const options = typeof end === "object" ? { retryAfterMs: end.askedMs } : {};
    const error = code === "well" || code === "owing" ? undefined : new EsimdError(code, "it failed", options);
    const state = error === undefined ? "provisioned" : error.entry.held ? "held" : "failed";
    const outcome = {
      state,
      error,
      facts: { ...noFacts(), owedNotifications: code === "owing" ? 1 : 0 },
      startedAtMs: 0,
      finishedAtMs: 0,
      timings: {},
    } as const;
    return { outcome, report: buildReport(outcome, "/dev/modem", true), exitStatus: error?.exitStatus ?? 0 };
  }
}

const day = 86_400_000;

describe("the daemon with one modem", () => {
  it("provisions it, and rests until it is stopped", async () => {
    const daemon = new Daemon(["well"]);
    await daemon.clock.advance(day);
    expect(daemon.startedAtMs).toEqual([0]);
    expect(daemon.reports).toBe(1);
    expect(daemon.ended).toBe(false);
    await daemon.stop();
    expect(daemon.ended).toBe(true);
  });

  it("tries again what is worth it, with pauses that double up to an hour", async () => {
    const daemon = new Daemon(Array.from({ length: 10 }, () => "api_unavailable" as const));
    await daemon.clock.advance(day);
    expect(daemon.pausesMs.map((ms) => ms / 1000)).toEqual([15, 30, 60, 120, 240, 480, 960, 1800, 1800, 1800]);
    expect(daemon.reports).toBe(11);
    await daemon.stop();
  });

  it("asks an SM-DP+ that has nothing yet quickly at first, and once a day in the end, whatever fails in between", async () => {
    const none: End = "no_profile_waiting";
    const ends: readonly End[] = [none, none, none, "smdp_unreachable", ...Array.from({ length: 30 }, () => none)];
    const daemon = new Daemon(ends);
    await daemon.clock.advance(12 * day);
    const minutes = daemon.pausesMs.map((ms) => ms / 60_000);
    expect(minutes.slice(0, 6)).toEqual([0.25, 0.5, 1, 0.25, 2, 4]);
    expect(minutes.slice(-4)).toEqual([720, 720, 720, 720]);
    // Most of the questions come in the first hours: a fleet that waits costs its SM-DP+ little.
    expect(daemon.startedAtMs.filter((atMs) => atMs > day).length).toBeLessThanOrEqual(11 * 2);
    await daemon.stop();
  });

  it("comes back to a provisioned modem whose eUICC still has something to tell the SM-DP+", async () => {
    const daemon = new Daemon(["owing", "owing", "well"]);
    await daemon.clock.advance(day);
    expect(daemon.pausesMs.map((ms) => ms / 1000)).toEqual([15, 30]);
    await daemon.stop();
  });

  it("comes back to a crowded provider ever more seldom, by how long the crowd lasts, and forgets it with a success", async () => {
    const crowd = Array.from({ length: 40 }, () => "api_rate_limited" as const);
    const daemon = new Daemon([...crowd, "owing", "api_rate_limited", "well"]);
    await daemon.clock.advance(day);
    const [last = 0, afterwards] = daemon.startedAtMs.slice(39, 41);
    // Chance at its least: a sixteenth of the time since the first run.
    expect((afterwards ?? 0) - last).toBeCloseTo(last / 16, -1);
    expect(last).toBeGreaterThan(900_000);
    expect(daemon.pausesMs.slice(-2)).toEqual([15_000, 15_000]);
    await daemon.stop();
  });

  it("waits as long as the other side asks", async () => {
    const daemon = new Daemon([{ code: "api_rate_limited", askedMs: 100_000 }]);
    await daemon.clock.advance(day);
    expect(daemon.pausesMs).toEqual([100_000]);
    await daemon.stop();
  });

  it.each<ErrorCode>(["reservation_unclear", "euicc_full", "isdr_closed", "api_credentials"])(
    "does nothing more after %s: a person must act",
    async (code) => {
      const daemon = new Daemon([code]);
      await daemon.clock.advance(30 * day);
      expect(daemon.startedAtMs).toHaveLength(1);
      await daemon.stop();
      expect(daemon.ended).toBe(true);
    },
  );

  it.each<ErrorCode>([
    "no_euicc",
    "euicc_other_slot",
    "euicc_m2m",
    "modem_unknown",
    "lpa_holds_isdr",
    "port_forbidden",
    "smdp_untrusted",
  ])("does not end its work over %s, which may be a SIM, a port or a clock that is slow at boot", async (code) => {
    const daemon = new Daemon([code, "well"]);
    await daemon.clock.advance(day);
    expect(daemon.startedAtMs).toHaveLength(2);
    await daemon.stop();
  });

  it("looks once a day at the most for what only a person or another modem changes", async () => {
    const daemon = new Daemon(Array<ErrorCode>(200).fill("no_euicc"));
    await daemon.clock.advance(30 * day);
    const first = daemon.pausesMs.slice(0, 3).map((ms) => ms / 1000);
    // The first tries are for a slow start; chance at its least halves each pause.
    expect(first).toEqual([15, 30, 60]);
    expect(daemon.pausesMs.at(-1)).toBe(day / 2);
    await daemon.stop();
  });

  it.each<[string, End]>([
    ["provisioned", "well"],
    ["held", "reservation_unclear"],
  ])("works on with the modem that takes the place of one that is %s", async (_name, end) => {
    const daemon = new Daemon([end]);
    await daemon.clock.advance(day);
    // A look each three minutes costs nobody anything.
    expect(daemon.looks).toBe(day / 180_000);
    daemon.presence = "other";
    await daemon.clock.advance(180_000);
    expect(daemon.startedAtMs).toHaveLength(2);
    daemon.presence = "same";
    await daemon.clock.advance(day);
    expect(daemon.startedAtMs).toHaveLength(2);
    await daemon.stop();
  });

  it.each([
    ["the same", "same", 3_600_000, 1],
    ["one of its kind, soon, as after a restart", "perhaps-same", 30_000, 1],
    ["one of its kind, later", "perhaps-same", 90_000, 2],
  ] as const)("after the modem was away finds %s", async (_name, who, awayMs, runs) => {
    const daemon = new Daemon([]);
    await daemon.clock.advance(100_000);
    daemon.presence = "absent";
    await daemon.clock.advance(80_000 + awayMs);
    daemon.presence = who;
    await daemon.clock.advance(day);
    expect(daemon.startedAtMs).toHaveLength(runs);
    await daemon.stop();
  });

  it("waits for a port that is not there, looking every 5 s, and begins at once when it comes", async () => {
    const daemon = new Daemon(["port_missing"]);
    await daemon.clock.advance(600_000);
    expect(daemon.startedAtMs).toHaveLength(1);
    expect(daemon.asked).toBe(120);
    daemon.present = true;
    await daemon.clock.advance(5_000);
    expect(daemon.startedAtMs).toEqual([0, 605_000]);
    await daemon.stop();
  });

  it("goes on at once after an unplug and a replug, and backs off from a modem that flaps", async () => {
    const daemon = new Daemon(["serial_gone", "serial_gone", "serial_gone", "well"]);
    daemon.present = true;
    await daemon.clock.advance(day);
    // Each pause holds the 5 s until the port was looked for.
    expect(daemon.pausesMs.map((ms) => ms / 1000)).toEqual([5, 35, 65]);
    await daemon.stop();
  });

  it("waits for a clock that is not set yet", async () => {
    const daemon = new Daemon([{ rejects: "clock_insane" }, "well"]);
    await daemon.clock.advance(day);
    expect(daemon.pausesMs).toEqual([15_000]);
    expect(daemon.reports).toBe(1);
    await daemon.stop();
  });

  it("ends with the error of a configuration that cannot work", async () => {
    const daemon = new Daemon([{ rejects: "credentials_missing" }]);
    await daemon.clock.advance(1_000);
    expect(daemon.failure).toMatchObject({ code: "credentials_missing" });
  });

  it("stops in the middle of a pause, and while it waits for a port", async () => {
    for (const code of ["api_unavailable", "port_missing"] as const) {
      const daemon = new Daemon([code]);
      await daemon.clock.advance(1_000);
      await daemon.stop();
      expect(daemon.ended).toBe(true);
      expect(daemon.startedAtMs).toHaveLength(1);
    }
  });
});
