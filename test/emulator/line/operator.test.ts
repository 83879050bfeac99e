import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { sleep, systemClock, VirtualClock } from "../../../src/base/clock.js";
import { silentLog } from "../../../src/base/logging.js";
import { type HeardVerdict, type OperatorOptions, operate } from "../../../src/emulator/line/operator.js";
import { planLine, type UnitPlan } from "../../../src/emulator/line/plan.js";
import { type ScriptedStation, startScriptedStation } from "./scripted-station.js";

/** The operator at a station that says what each test says; the slots are a list of what was done. */

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Desk {
  readonly station: ScriptedStation;
  readonly done: readonly string[];
  readonly verdicts: readonly (HeardVerdict & { readonly serial: string })[];
  readonly finished: Promise<void>;
  readonly clock: VirtualClock;
  /** What the station says of its slots when it is asked, from now on. */
  rows: readonly string[];
  /** In place of OK, for the lines that begin so, once each. */
  readonly refusals: Map<string, string>;
  until(isSo: () => boolean): Promise<void>;
  /** Until the operator is done. */
  finish(): Promise<void>;
}

/** Lets sockets have their say, and a little time go by, until something is so. */
async function goOn(clock: VirtualClock, isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await sleep(systemClock, 2);
    await clock.advance(20);
  }
}

/** The rejection of a promise, which takes some time to come. */
async function refusalOf(clock: VirtualClock, finished: Promise<void>): Promise<unknown> {
  let refusal: unknown;
  finished.catch((error: unknown) => {
    refusal = error;
  });
  await goOn(clock, () => refusal !== undefined);
  return refusal;
}

async function operator(
  plan: readonly UnitPlan[],
  slots: number,
  changes: Partial<OperatorOptions> = {},
): Promise<Desk> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-operator-"));
  open.push(() => rm(dir, { recursive: true, force: true }));
  const clock = new VirtualClock();
  const path = join(dir, "s.sock");
  const done: string[] = [];
  const verdicts: (HeardVerdict & { serial: string })[] = [];
  const refusals = new Map<string, string>();
  const numbers = Array.from({ length: slots }, (_, index) => index + 1);
  const answer = (line: string): readonly string[] | undefined => {
    if (line === "STATUS") return [`OK ${desk.rows.length}`, ...desk.rows];
    const refused = [...refusals].find(([start]) => line.startsWith(start));
    if (refused === undefined) return undefined;
    refusals.delete(refused[0]);
    return [refused[1]];
  };
  const station = await startScriptedStation(path, answer);
  open.push(() => station.close());
  const stop = new AbortController();
  const finished = operate(
    {
      bench: {
        slots: numbers.map((number) => ({ number, port: `unix:/slot/${number}` })),
        putIn: async (slot, { serial }) => void done.push(`in ${slot} ${serial}`),
        takeOut: async (slot) => void done.push(`out ${slot}`),
      },
      plan,
      executive: { kind: "unix", path },
      mode: "auto",
      thinkMs: 0,
      connectWaitMs: 5_000,
      drains: false,
      clock,
      log: silentLog,
      onPutIn: async () => undefined,
      onVerdict: (unit, heard) => void verdicts.push({ serial: unit.serial, ...heard }),
      ...changes,
    },
    stop.signal,
  );
  finished.catch(() => undefined);
  open.push(async () => {
    stop.abort(new Error("the test is over"));
    await finished.catch(() => undefined);
  });
  const desk: Desk = {
    station,
    done,
    verdicts,
    finished,
    rows: numbers.map((number) => `SLOT ${number} empty -`),
    refusals,
    clock,
    until: (isSo) => goOn(clock, isSo),
    finish: async () => {
      let isOver = false;
      void finished.then(() => {
        isOver = true;
      });
      await goOn(clock, () => isOver);
    },
  };
  await desk.until(() => station.heard.includes("STATUS"));
  return desk;
}

const sound = (units: number) => planLine({ seed: 1, units, faultPercent: 0 });
const [first, second] = ["FL1-000001", "FL1-000002"] as const;
const serials = (desk: Desk) => desk.station.heard.filter((line) => line.startsWith("SERIAL"));
const pass = (slot: number, serial: string) => `EVENT PASS ${slot} 0 1.0 - - ${serial}`;

describe("the operator", () => {
  it("scans a unit when the station has seen it, and puts the next one in when it has seen the slot empty", async () => {
    const desk = await operator(sound(2), 1);
    expect(desk.done).toEqual([`in 1 ${first}`]);
    expect(serials(desk)).toEqual([]);
    desk.station.say("EVENT PUTIN 1");
    await desk.until(() => serials(desk).length === 1);
    expect(serials(desk)).toEqual([`SERIAL 1 ${first}`]);
    desk.station.say(`EVENT BEGUN 1 ${first}`, pass(1, first));
    await desk.until(() => desk.done.length === 2);
    expect(desk.done).toEqual([`in 1 ${first}`, "out 1"]);
    desk.station.say("EVENT TAKENOUT 1");
    await desk.until(() => desk.done.length === 3);
    desk.station.say("EVENT PUTIN 1", `EVENT FAIL 1 75 1.0 no_stock ${second}`, "EVENT TAKENOUT 1");
    await desk.finish();
    expect(desk.verdicts).toEqual([
      { serial: first, verdict: "PASS", code: null },
      { serial: second, verdict: "FAIL", code: "no_stock" },
    ]);
    expect(desk.done).toEqual([`in 1 ${first}`, "out 1", `in 1 ${second}`, "out 1"]);
  });

  it("does not take another unit's verdict for its own", async () => {
    const desk = await operator(sound(1), 1);
    desk.station.say("EVENT PUTIN 1", pass(1, "SOMEBODY-ELSE"), `EVENT FAIL 1 69 1.0 modem_silent ${first}`);
    await desk.until(() => desk.verdicts.length === 1);
    expect(desk.verdicts).toEqual([{ serial: first, verdict: "FAIL", code: "modem_silent" }]);
  });

  it("lets a unit that has to do with an earlier one wait for it", async () => {
    const plan = sound(3).map((unit) => (unit.index === 1 ? { ...unit, after: 0 } : unit));
    const desk = await operator(plan, 2);
    expect(desk.done).toEqual([`in 1 ${first}`, "in 2 FL1-000003"]);
    desk.station.say("EVENT PUTIN 2", pass(2, "FL1-000003"), "EVENT TAKENOUT 2");
    await desk.until(() => desk.done.includes("out 2"));
    expect(desk.done).toHaveLength(3);
    desk.station.say("EVENT PUTIN 1", pass(1, first));
    await desk.until(() => desk.done.includes("out 1"));
    expect(desk.done).toHaveLength(4);
    desk.station.say("EVENT TAKENOUT 1");
    await desk.until(() => desk.done.length === 5);
    expect(desk.done.at(-1)).toMatch(new RegExp(`in [12] ${second}`));
  });

  it("takes a serial number that is refused for good as a FAIL, and gives one again that is refused for now", async () => {
    const desk = await operator(sound(2), 1);
    desk.refusals.set("SERIAL", "ERR unit_duplicate it belongs to another unit");
    desk.station.say("EVENT PUTIN 1");
    await desk.until(() => desk.verdicts.length === 1);
    expect(desk.verdicts).toEqual([{ serial: first, verdict: "FAIL", code: "unit_duplicate" }]);
    desk.rows = ["SLOT 1 needs-serial -"];
    desk.refusals.set("SERIAL", "ERR station_refused not now");
    desk.station.say("EVENT TAKENOUT 1");
    await desk.until(() => desk.done.length === 3);
    desk.station.say("EVENT PUTIN 1");
    await desk.until(() => serials(desk).length === 3);
    expect(serials(desk)).toEqual([`SERIAL 1 ${first}`, `SERIAL 1 ${second}`, `SERIAL 1 ${second}`]);
  });

  it("leaves the scanning to a person where it is told to", async () => {
    const desk = await operator(sound(1), 1, { mode: "manual" });
    desk.station.say("EVENT PUTIN 1", pass(1, "AS-SCANNED"), "EVENT TAKENOUT 1");
    await desk.finish();
    expect(serials(desk)).toEqual([]);
    expect(desk.verdicts).toEqual([{ serial: first, verdict: "PASS", code: null }]);
  });

  it("tells the station to drain at the end, where it is told to", async () => {
    const desk = await operator(sound(1), 1, { drains: true });
    desk.station.say("EVENT PUTIN 1", pass(1, first), "EVENT TAKENOUT 1");
    await desk.finish();
    expect(desk.station.heard.at(-1)).toBe("DRAIN");
  });
});

describe("the operator at a station that came back", () => {
  it.each([
    ["knows nothing of the unit: it is scanned again", "needs-serial -", [`SERIAL 1 ${first}`], 0],
    ["works with it: its verdict is waited for", `running ${first}`, [], 0],
    ["passed it meanwhile: that is its verdict", `passed ${first}`, [], 1],
    ["failed it meanwhile: it runs again, and says why", `failed ${first}`, ["RETRY 1"], 0],
    ["has not seen it yet: it waits", "empty -", [], 0],
  ])("and %s", async (_what, row, expected, verdicts) => {
    const desk = await operator(sound(1), 1);
    desk.station.say("EVENT PUTIN 1");
    await desk.until(() => serials(desk).length === 1);
    const before = desk.station.heard.length;
    desk.rows = [`SLOT 1 ${row}`];
    desk.station.hangUp();
    const since = () => desk.station.heard.slice(before);
    const looks = () => since().filter((line) => line === "STATUS").length;
    await desk.until(() => looks() === 1);
    // The next look comes by itself; by then the first has had its consequence.
    await desk.clock.advance(30_000);
    await desk.until(() => looks() === 2);
    expect(since().slice(0, 3)).toEqual(["HELLO fake-line", "LISTEN", "STATUS"]);
    expect([...new Set(since().filter((line) => /^(SERIAL|RETRY)/.test(line)))]).toEqual(expected);
    expect(desk.verdicts).toHaveLength(verdicts);
  });

  it("gives up when none listens for too long", async () => {
    const desk = await operator(sound(1), 1);
    await desk.station.close();
    expect(await refusalOf(desk.clock, desk.finished)).toMatchObject({ code: "deadline" });
  });

  it("does not talk to what is no station", async () => {
    const dir = await mkdtemp(join(tmpdir(), "esimd-operator-"));
    open.push(() => rm(dir, { recursive: true, force: true }));
    const other = await startScriptedStation(join(dir, "x.sock"), () => undefined, "220 mail.example ESMTP");
    open.push(() => other.close());
    const clock = new VirtualClock();
    const finished = operate(
      {
        bench: { slots: [], putIn: async () => undefined, takeOut: async () => undefined },
        plan: sound(1),
        executive: { kind: "unix", path: join(dir, "x.sock") },
        mode: "auto",
        thinkMs: 0,
        connectWaitMs: 1_000,
        drains: true,
        clock,
        log: silentLog,
        onPutIn: async () => undefined,
        onVerdict: () => undefined,
      },
      new AbortController().signal,
    );
    const refusal = await refusalOf(clock, finished);
    expect(refusal).toMatchObject({ code: "deadline", message: expect.stringContaining("220 mail") });
    expect(other.heard).toEqual([]);
  });
});
