import { describe, expect, it } from "vitest";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import type { CommandContext } from "../../src/commands/command.js";
import { main } from "../../src/commands/main.js";
import { writeStatus } from "../../src/daemon/status-file.js";
import { realDisk } from "../../src/provision/store/disk.js";
import type { Report } from "../../src/report/schema.js";
import { type Bench, onBench } from "../daemon/control/bench.js";
import { until } from "../stories/conditions.js";
import { testContext } from "./test-context.js";

/** `esimd watch` and `ctl` against a control socket: what a person and a program see, while the daemon comes and goes. */

const eid = "89049032000001000000000000000069";

const report = (finishedAt: string, state: Report["state"] = "provisioned"): Report => ({
  schema: "esimd.report/1",
  state,
  changed: true,
  eid,
  iccid: "8988300000000000017",
  sim: null,
  modem: { port: "/dev/gate", vendor: null, model: null, revision: null, imei: null, dialect: null, lpa: null },
  network: null,
  error: null,
  timings: { total: 1 },
  startedAt: "2026-01-01T00:00:00.000Z",
  finishedAt,
});

interface Watch {
  stdout(): string;
  stderr(): string;
  lines(): readonly string[];
  stop(): Promise<number>;
}

function watch(bench: Bench, words: readonly string[] = [], more: Partial<CommandContext> = {}): Watch {
  const test = testContext({ env: bench.env });
  const context: CommandContext = { ...test.context, clock: bench.clock, random: seededRandom(3), ...more };
  const status = main(["watch", ...words], context);
  return {
    stdout: test.stdout,
    stderr: test.stderr,
    lines: () => test.stdout().trimEnd().split("\n"),
    stop: () => {
      test.abort(new Error("Ctrl-C"));
      return status;
    },
  };
}

describe("esimd watch", () => {
  it("writes a line for each event, with identifiers masked", () =>
    onBench({}, async (bench) => {
      bench.modems.put("gate");
      await bench.open();
      const seen = watch(bench);
      await until(() => seen.stdout().includes("Nothing more is due."), "how everything stands");
      const { events } = bench.daemon;
      events.publish({ modem: "gate", kind: "state", state: "surveying", sentence: `Looking at ${eid}.`, withinMs: 1 });
      events.publish({ modem: "gate", kind: "progress", stage: "loading", doneBytes: 512, totalBytes: 2048 });
      events.publish({ modem: "gate", kind: "report", report: report("2026-01-01T00:00:00.000Z") });
      for (const _ of [1, 2]) events.publish({ modem: "gate", kind: "rest", forMs: 60_000, sentence: "Later." });
      events.publish({ kind: "daemon", is: "draining" });
      await until(() => seen.stdout().includes("draining"), "the last event");
      const at = "2026-01-01T00:00:00.000Z";
      expect(seen.lines()).toEqual([
        expect.stringMatching(/^2026-01-01T00:00:00.000Z {2}esimd {2}esimd \S+, process \d+, starting: 1 modem$/),
        `${at}  gate  resting: Nothing more is due.`,
        `${at}  gate  surveying: Looking at 8904…0069.`,
        `${at}  gate  loading: 25 % of 2048 bytes`,
        `${at}  gate  a run ended: provisioned  EID 8904…0069  ${at}`,
        `${at}  gate  resting: Later. (for 60 s at most)`,
        `${at}  esimd  the daemon is draining`,
      ]);
      expect(await seen.stop()).toBe(0);
      expect(seen.stderr()).toBe("");
      await bench.close();
      expect(bench.clock.nextDueMs()).toBeUndefined();
    }));

  it("comes back to a daemon that was started again, and follows the status files meanwhile", () =>
    onBench({}, async (bench) => {
      bench.modems.put("gate");
      const first = await bench.open();
      const seen = watch(bench, ["--json"]);
      const kinds = (): readonly string[] =>
        seen.lines().map((line) => {
          const { schema, kind } = JSON.parse(line) as { schema: string; kind?: string };
          return kind ?? schema;
        });
      await until(() => seen.stdout() !== "", "how everything stands");
      await first.close();
      await until(() => kinds().at(-1) === "absent", "the absence");
      await writeStatus(realDisk, bench.dir, report("2026-01-01T00:01:00.000Z"), silentLog);
      // The tries go on, and the absence is said once.
      for (let count = 0; count < 20 && kinds().at(-1) !== "report"; count++) await later(bench);
      await later(bench);
      await bench.open();
      for (let count = 0; count < 20 && kinds().at(-1) !== "esimd.daemon/1"; count++) await later(bench);
      bench.daemon.events.publish({ modem: "gate", kind: "dropped" });
      await until(() => kinds().at(-1) === "dropped", "an event of the second");
      expect(kinds()).toEqual(["esimd.daemon/1", "absent", "report", "esimd.daemon/1", "dropped"]);
      expect(JSON.parse(seen.lines()[2] ?? "")).toMatchObject({ id: null, modem: "/dev/gate", report: { eid } });
      expect(await seen.stop()).toBe(0);
    }));

  it("shows the one modem that was named, by name and by port", () =>
    onBench({}, async (bench) => {
      bench.modems.put("gate");
      bench.modems.put("spare", { path: "/dev/ttyUSB7" });
      await bench.open();
      const byName = watch(bench, ["--modem", "gate"]);
      const byPort = watch(bench, ["--port", "/dev/ttyUSB7"]);
      await until(() => [byName, byPort].every((seen) => seen.stdout().includes("Nothing more")), "both look");
      for (const modem of ["gate", "spare"]) bench.daemon.events.publish({ modem, kind: "dropped" });
      bench.daemon.events.publish({ kind: "daemon", is: "ready" });
      await until(() => [byName, byPort].every((seen) => seen.stdout().includes("is ready")), "the last event");
      const who = (seen: Watch) => seen.lines().map((line) => line.split("  ")[1]);
      expect(who(byName)).toEqual(["esimd", "gate", "gate", "esimd"]);
      expect(who(byPort)).toEqual(["esimd", "spare", "spare", "esimd"]);
      await Promise.all([byName.stop(), byPort.stop()]);
    }));

  it("on a terminal keeps a line for each modem, in its place and within the width", () =>
    onBench({ env: { COLUMNS: "60", NO_COLOR: "1" } }, async (bench) => {
      bench.modems.put("gate");
      bench.modems.put("spare");
      await bench.open();
      const seen = watch(bench, [], { stdoutIsTerminal: true });
      await until(() => seen.stdout().includes("2 modems"), "how everything stands");
      await bench.clock.advance(100);
      const sentence = `Waiting for \x1b[2J${"a very long time ".repeat(10)}`;
      bench.daemon.events.publish({ modem: "gate", kind: "state", state: "awaiting", sentence, withinMs: 1 });
      const picture = (): readonly string[] => (seen.stdout().split("\x1b[J").at(-1) ?? "").trimEnd().split("\n");
      for (let count = 0; count < 50 && !picture()[0]?.includes("awaiting"); count++) await later(bench, 100);
      await later(bench, 61_000);
      expect(picture()).toEqual([
        expect.stringMatching(/^gate {2}awaiting: Waiting for \?\[2Ja very long.*… \(\d+(\.\d)? (s|min)\)$/),
        expect.stringMatching(/^spare {2}resting: Nothing more is due\. \(.*\)$/),
      ]);
      for (const line of picture()) expect(line.length).toBeLessThan(60);
      // The block is painted over itself: two lines up, each time.
      const moves = seen
        .stdout()
        .split("\x1b[")
        .flatMap((part) => /^\d+A/.exec(part) ?? []);
      expect(new Set(moves)).toEqual(new Set(["2A"]));
      expect(await seen.stop()).toBe(0);
      expect(seen.stdout().endsWith("\n")).toBe(true);
    }));
});

describe("esimd ctl", () => {
  const ctl = async (bench: Bench, words: readonly string[]) => {
    const test = testContext({ env: bench.env });
    const status = await main(["ctl", ...words], { ...test.context, clock: bench.clock });
    return { status, stdout: test.stdout(), stderr: test.stderr() };
  };

  it("tells a modem by its name, the only one without, and the daemon", () =>
    onBench({}, async (bench) => {
      bench.modems.put("gate");
      await bench.open();
      expect(await ctl(bench, ["pause", "gate"])).toMatchObject({
        status: 0,
        stdout: "gate  paused: nothing is done until it is resumed\n",
      });
      expect(await ctl(bench, ["resume"])).toMatchObject({ status: 0, stdout: "gate  goes on\n" });
      expect(JSON.parse((await ctl(bench, ["provision", "--json"])).stdout)).toMatchObject({ name: "gate" });
      expect(bench.modems.calls).toEqual(["pause gate", "resume gate", "provision gate"]);
      expect(await ctl(bench, ["reload"])).toMatchObject({ status: 0 });
      expect(await ctl(bench, ["drain"])).toMatchObject({ status: 0 });
      expect(bench.told).toEqual(["reload", "drain"]);
    }));

  it.each([
    [[], 64, "say what to do"],
    [["restart"], 64, "there is no"],
    [["reload", "gate"], 64, "takes no name"],
    [["pause"], 64, "more than one: gate, spare"],
    [["pause", "gat"], 66, "no modem under the name"],
  ])("refuses %j with %i", (words, status, sentence) =>
    onBench({}, async (bench) => {
      bench.modems.put("gate");
      bench.modems.put("spare");
      await bench.open();
      const refused = await ctl(bench, words);
      expect(refused).toMatchObject({ status, stderr: expect.stringContaining(sentence) });
      expect(bench.modems.calls).toEqual([]);
    }),
  );

  it("says that no daemon runs", () =>
    onBench({}, async (bench) => {
      const absent = await ctl(bench, ["reload"]);
      expect(absent.status).toBe(69);
      expect(absent.stderr).toContain(`no daemon answers on ${bench.path}`);
      expect((await ctl({ ...bench, env: { ...bench.env, ESIMD_SOCKET: "none" } }, ["reload"])).status).toBe(69);
    }));
});

/** Time goes on, and what goes over sockets and files arrives. */
async function later(bench: Bench, ms = 5_000): Promise<void> {
  await bench.clock.advance(ms);
  const settled = performance.now() + 30;
  await until(() => performance.now() >= settled, "what is under way");
}
