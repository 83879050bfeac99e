import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EsimdError } from "../../src/base/errors.js";
import { planLine } from "../../src/emulator/line/plan.js";
import { differences, readLineResult, readStationRecord } from "../bench/line-checks.js";
import { summaryOf } from "../bench/metered.js";
import { builtProgram } from "./field.js";

/** `esimd station --fake`, the built program as a user starts it: what it says at its end, what it has recorded, and what the line knows. */

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "esimd-station-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  /** For whoever has to find out why a story failed. */
  readonly stderr: string;
}

async function station(words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [builtProgram, "station", ...words, "--json", "--dir", dir], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += String(text);
  });
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += String(text);
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { status, stdout, stderr };
}

const inOrder = (units: readonly { readonly serial: string | null; readonly verdict: string }[]): readonly string[] =>
  units.map(({ serial, verdict }) => `${serial} ${verdict}`).sort();

describe("a batch of 24 units over 8 slots, every other one with a fault", () => {
  it("ends with a verdict on each, pays for those that need a profile, and has all of it on its disk", async () => {
    const order = { seed: 7, units: 24, faultPercent: 50 };
    const { status, stdout, stderr } = await station([
      "--fake",
      "8",
      "--units",
      "24",
      "--fault-percent",
      "50",
      "--seed",
      "7",
    ]);
    expect(status, stderr).toBe(0);
    const [line, record] = [await readLineResult(dir), await readStationRecord(dir)];
    const { units, passed, failed, charges } = line.planned;
    expect(summaryOf(stdout)).toEqual({ units, passed, failed, charges, seconds: expect.any(Number) });
    expect([units, failed > 0, passed > 0]).toEqual([24, true, true]);
    expect(differences({ line, summary: summaryOf(stdout), record })).toEqual([]);
    const planned = planLine(order).map(({ serial, expected }) => ({ serial, verdict: expected.verdict }));
    expect(inOrder(record.filter((entry) => entry.kind === "ended"))).toEqual(inOrder(planned));
  });
});

describe("a station of one unit", () => {
  it("ends with the exit status of that unit: one without an eUICC", async () => {
    const [unit] = planLine({ seed: 37, units: 1, faultPercent: 100 });
    expect(unit?.fault).toBe("no-euicc");
    const { status, stdout, stderr } = await station([
      "--fake",
      "1",
      "--units",
      "1",
      "--fault-percent",
      "100",
      "--seed",
      "37",
    ]);
    expect(status, stderr).toBe(new EsimdError("no_euicc", "as the unit").exitStatus);
    expect(summaryOf(stdout)).toMatchObject({ units: 1, passed: 0, failed: 1, charges: 0 });
    expect(await readStationRecord(dir)).toContainEqual(
      expect.objectContaining({
        kind: "ended",
        serial: unit?.serial,
        verdict: "FAIL",
        error: expect.objectContaining({ code: "no_euicc" }),
      }),
    );
  });
});
