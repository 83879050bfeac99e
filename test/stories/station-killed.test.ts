import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { sleep, systemClock } from "../../src/base/clock.js";
import { seededRandom } from "../../src/base/random.js";
import { planLine } from "../../src/emulator/line/plan.js";
import { type LineResult, plannedOf } from "../../src/emulator/line/tally.js";
import { realDisk } from "../../src/provision/store/disk.js";
import { chargesOnDisk } from "../../src/station/charges-on-disk.js";
import { parseLineReady } from "../../src/station/line/fake-line-child.js";
import type { Entry } from "../../src/station/records/entry.js";
import { readRecord, recordPath } from "../../src/station/records/read.js";
import { Register } from "../../src/station/records/register.js";
import { until } from "./conditions.js";
import { builtProgram } from "./field.js";

/**
 * The station is killed fifty times during a batch, at moments that nobody chose. The line lives on: its units stay in their slots, and its
 * operator scans them again. In the end every unit has its right verdict, and each that needed a profile was paid for once.
 */

const kills = 50;
const slots = 6;
const batch = "killed";
/**
 * The nine faults of this seed are of nine kinds, and `api-error` is none of them: a unit with it whose station is killed between its second
 * intent and the provider's answer is held by right (docs/fake-line.md), so that its verdict would hang on the moment of a kill.
 */
const order = { seed: 31, units: 60, faultPercent: 15 };
const plan = planLine(order);
/** A unit may see each kill in a session of its own, and an SM-DP+ with less patience would give its order up by right. */
const downloadSessions = 1_000;
/** Fifty-one starts of the program, on a machine that may have much else to do. */
const timeoutMs = 600_000;

interface Child {
  readonly process: ChildProcess;
  /** Whole lines of its stdout so far. */
  readonly lines: readonly string[];
  /** Its status; null: it was killed. */
  readonly exited: Promise<number | null>;
  readonly stderr: () => string;
}

const open: Child[] = [];
let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "esimd-killed-"));
});
afterEach(async () => {
  for (const child of open.splice(0)) {
    child.process.kill("SIGKILL");
    await child.exited;
  }
  await rm(dir, { recursive: true, force: true });
});

function start(words: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
  const process_ = spawn(process.execPath, [builtProgram, ...words], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const lines: string[] = [];
  let rest = "";
  let stderr = "";
  process_.stdout.setEncoding("utf8").on("data", (text) => {
    const pieces = `${rest}${String(text)}`.split("\n");
    rest = pieces.pop() ?? "";
    lines.push(...pieces);
  });
  process_.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += String(text);
  });
  const exited = once(process_, "close").then(() => process_.exitCode);
  const child: Child = { process: process_, lines, exited, stderr: () => stderr };
  open.push(child);
  return child;
}

/** @throws Error when the child has ended by itself. */
async function said(child: Child, count: number, what: string): Promise<void> {
  const { process: process_, lines } = child;
  await until(() => lines.length >= count || process_.exitCode !== null, what, timeoutMs);
  if (lines.length < count) throw new Error(`${what}: it ended with ${process_.exitCode}: ${child.stderr()}`);
}

const isVerdict = (line: string): boolean => line.includes('"kind":"ended"');

/** The record was only ever added to: what is in it now begins with what was in it before. */
function expectAdded(before: Buffer, now: Buffer): void {
  expect(now.subarray(0, before.length).equals(before), "a line of the record was changed").toBe(true);
}

const batchesSchema = z.object({
  batches: z.array(z.looseObject({ units: z.int(), passed: z.int(), failed: z.int(), charges: z.int() })),
});

function verdictsOf(entries: readonly Entry[], serial: string): readonly string[] {
  return entries.flatMap((entry) =>
    entry.kind === "ended" && entry.serial === serial ? `${entry.verdict} ${entry.error?.message ?? ""}` : [],
  );
}

/** Every serial number has a verdict; the first runs after a kill were told of, and each run that began has an end. */
function expectNothingLost(entries: readonly Entry[]): void {
  const runs = (kind: "begun" | "ended" | "interrupted"): readonly string[] =>
    entries.flatMap((entry) => (entry.kind === kind ? entry.run : []));
  expect(new Set([...runs("ended"), ...runs("interrupted")])).toEqual(new Set(runs("begun")));
  const ended = entries.flatMap((entry) => (entry.kind === "ended" ? (entry.serial ?? []) : []));
  expect(new Set(ended)).toEqual(new Set(plan.map(({ serial }) => serial)));
  expect(entries.filter(({ kind }) => kind === "batch")).toHaveLength(kills + 1);
}

/**
 * By the ledger on the disk of each eUICC that the plan has. One that was killed between its intent and the POST has a doubt in it, too: the
 * provider's own ledger says that nothing was bought by it.
 */
async function expectNothingPaidTwice(stateDir: string): Promise<void> {
  const costs = new Set(plan.flatMap(({ costsCharge, eid }) => (costsCharge ? [eid] : [])));
  for (const eid of new Set(plan.map((unit) => unit.eid))) {
    const charges = await chargesOnDisk(realDisk, stateDir, eid);
    expect(charges?.known, `the ledger of ${eid}`).toBe(costs.has(eid) ? 1 : 0);
  }
}

describe("a station that is killed", () => {
  it(
    `${kills} times during a batch (seed ${order.seed}): nothing is lost, and nothing is paid for twice`,
    async () => {
      expect(new Set(plan.flatMap(({ fault }) => fault ?? []))).not.toContain("api-error");
      const socket = join(dir, "executive.sock");
      const records = join(dir, "records");
      const asked = Object.entries({
        slots,
        units: order.units,
        seed: order.seed,
        "fault-percent": order.faultPercent,
        "download-sessions": downloadSessions,
      });
      const line = start([
        ...["fake-line", "--dir", dir, "--executive", `unix:${socket}`, "--drain"],
        ...asked.flatMap(([flag, value]) => [`--${flag}`, String(value)]),
      ]);
      await said(line, 1, "the line is ready");
      const ready = parseLineReady(line.lines[0] ?? "", "the line");
      const file = join(dir, "station.toml");
      await writeFile(
        file,
        [
          `[station]\nname = "line-1"\nrecords = ${JSON.stringify(records)}`,
          `[page]\nlisten = "none"\n[executive]\nlisten = ${JSON.stringify(`unix:${socket}`)}`,
          ...ready.slots.map(({ number, port }) => `[[slot]]\nnumber = ${number}\nport = ${JSON.stringify(port)}`),
        ].join("\n"),
      );
      const words = ["station", "--station", file, "--batch", batch, "--json"];

      const random = seededRandom(order.seed);
      const read = (): Promise<Buffer> => readFile(recordPath(records));
      let before: Buffer = Buffer.alloc(0);
      let verdicts = 0;
      for (let kill = 0; kill < kills; kill++) {
        const station = start(words, ready.env);
        await said(station, 1, "the station sees its units");
        // All kills are to fall into the batch, however quick the machine is; and on a slow one the batch must come on between them.
        const isAhead = verdicts / order.units > kill / kills;
        const [whether, moment] = [random.next(), random.next()];
        if (!isAhead && whether < 1 / 3) {
          const hasVerdict = (): boolean => station.lines.some(isVerdict) || station.process.exitCode !== null;
          await until(hasVerdict, "a unit has its verdict", timeoutMs);
        }
        await sleep(systemClock, 100 + Math.floor(moment * (isAhead ? 300 : 900)));
        expect(station.process.exitCode, `it ended by itself: ${station.stderr()}`).toBeNull();
        station.process.kill("SIGKILL");
        await station.exited;
        verdicts += station.lines.filter(isVerdict).length;
        const now = await read();
        expectAdded(before, now);
        before = now;
      }

      const last = start(words, ready.env);
      expect(await last.exited, last.stderr()).toBe(0);
      expectAdded(before, await read());
      line.process.stdin?.end();
      expect(await line.exited, line.stderr()).toBe(0);
      const result: LineResult = JSON.parse(await readFile(join(dir, "line-result.json"), "utf8"));
      const { units, passed, failed, charges } = plannedOf(plan);
      const entries = await readRecord(records);
      // With what the record says of each, so that a failure tells why.
      expect(result.wrong.map((wrong) => ({ ...wrong, verdicts: verdictsOf(entries, wrong.serial) }))).toEqual([]);
      expect(result).toMatchObject({ wrongCount: 0, units, passed, failed });
      expect(result).toMatchObject({ charges, twiceCharged: [], wronglyCharged: [] });

      expectNothingLost(entries);
      await expectNothingPaidTwice(ready.env["ESIMD_STATE_DIR"] ?? "");

      // What is made of the record afterwards and what the station itself counts are the plan, in which a unit that comes back is one unit.
      const again = plan.filter(({ fault }) => fault === "comes-back").length;
      const counted = { passed: passed - again, failed, charges };
      const shown = start(["station", "batches", "--records", records, "--json"]);
      expect(await shown.exited, shown.stderr()).toBe(0);
      expect(batchesSchema.parse(JSON.parse(shown.lines.join(""))).batches).toMatchObject([
        { batch, units: units - again, ...counted },
      ]);
      expect(new Register(entries).tally(batch, 0)).toMatchObject(counted);
    },
    timeoutMs,
  );
});
