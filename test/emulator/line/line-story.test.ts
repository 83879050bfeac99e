import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type Clock, sleep } from "../../../src/base/clock.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { type FakeLine, type FakeLineOptions, startFakeLine } from "../../../src/emulator/line/fake-line.js";
import { faultKinds } from "../../../src/emulator/line/faults.js";
import { startEagerClock } from "../../support/eager-clock.js";
import { type Record, startRehearsedStation } from "./rehearsed-station.js";

/** Whole lines: real modems on real sockets, real cryptography, the program's own runs, and nothing left out but real time. */

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function aLine(changes: Partial<FakeLineOptions>): Promise<{
  readonly line: FakeLine;
  readonly clock: Clock;
  readonly dir: string;
  readonly socket: string;
}> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-line-"));
  open.push(() => rm(dir, { recursive: true, force: true }));
  const clock = startEagerClock();
  open.push(async () => clock.stop());
  const socket = join(dir, "station.sock");
  const line = await startFakeLine({
    dir,
    slots: 4,
    units: 4,
    seed: 1,
    faultPercent: 0,
    clock,
    random: seededRandom(3),
    log: silentLog,
    profileSizeBytes: 2_000,
    executive: { kind: "unix", path: socket },
    ...changes,
  });
  open.push(() => line.close());
  return { line, clock, dir, socket };
}

describe("a line with every fault", () => {
  it("gets the verdicts and the charges that were planned", { timeout: 120_000 }, async () => {
    const units = 2 * faultKinds.length;
    const { line, clock, dir, socket } = await aLine({ units, faultPercent: 50 });
    expect(new Set(line.plan.flatMap(({ fault }) => fault ?? []))).toEqual(new Set(faultKinds));
    const station = await startRehearsedStation(line.ready, socket, clock);
    open.push(() => station.kill());
    await line.finished;
    const result = line.result();
    expect(result.wrong).toEqual([]);
    expect(result).toMatchObject({ units, passed: result.planned.passed, failed: result.planned.failed });
    expect(result).toMatchObject({ charges: result.planned.charges, twiceCharged: [], wronglyCharged: [] });
    await line.close();
    expect(JSON.parse(await readFile(join(dir, "line-result.json"), "utf8"))).toEqual(result);
  });
});

describe("a station that is killed", () => {
  it("finds its units in their slots, gets their serial numbers again, and nobody is paid for twice", {
    timeout: 60_000,
  }, async () => {
    const { line, clock, socket } = await aLine({ units: 10 });
    const record: Record = new Map();
    for (let kills = 0; kills < 3; kills++) {
      const station = await startRehearsedStation(line.ready, socket, clock, record);
      while (line.result().units < 3 * kills + 1 || station.running === 0) await sleep(clock, 100);
      await station.kill();
    }
    const last = await startRehearsedStation(line.ready, socket, clock, record);
    open.push(() => last.kill());
    await line.finished;
    expect(line.result()).toMatchObject({ units: 10, passed: 10, charges: 10, twiceCharged: [], wrongCount: 0 });
  });
});
