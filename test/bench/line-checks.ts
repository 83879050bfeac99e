import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Entry } from "../../src/station/records/entry.js";
import { readRecord } from "../../src/station/records/read.js";
import type { Summary } from "./metered.js";

/** What a line knows of its units, beside what the station says and what it has on its disk. */

const resultSchema = z.looseObject({
  units: z.int(),
  passed: z.int(),
  failed: z.int(),
  wrong: z.array(z.looseObject({ serial: z.string(), fault: z.string().nullable() })),
  wrongCount: z.int(),
  charges: z.int(),
  twiceCharged: z.array(z.string()),
  wronglyCharged: z.array(z.string()),
  planned: z.object({ units: z.int(), passed: z.int(), failed: z.int(), charges: z.int(), serials: z.int() }),
});
export type LineFacts = z.infer<typeof resultSchema>;

/** What the line left in its folder. */
export async function readLineResult(dir: string): Promise<LineFacts> {
  return resultSchema.parse(JSON.parse(await readFile(join(dir, "line-result.json"), "utf8")));
}

/** The station's record, where a station on an emulated line keeps it. */
export function readStationRecord(dir: string): Promise<readonly Entry[]> {
  return readRecord(join(dir, "state", "station"));
}

/** What is not as it must be, a sentence each; empty: nothing is. Pure. */
export function differences(parts: {
  readonly line: LineFacts;
  readonly summary: Summary;
  readonly record: readonly Entry[];
}): readonly string[] {
  const { line, summary, record } = parts;
  const { planned } = line;
  const said: readonly (readonly [string, number, number])[] = [
    ["turns at the line", line.units, planned.units],
    ["verdicts that differ from the plan", line.wrongCount, 0],
    ["charges at the provider", line.charges, planned.charges],
    ["charges as the station has them", summary.charges, planned.charges],
    ...recordCounts(record, line),
  ];
  return [
    ...said.flatMap(([what, is, must]) => (is === must ? [] : [`${what}: ${is}, and not ${must}`])),
    ...line.wrong.map((wrong) => `not as planned: ${JSON.stringify(wrong)}`),
    ...line.twiceCharged.map((eid) => `${eid} was paid for twice`),
    ...line.wronglyCharged.map((eid) => `${eid} was paid for and needed nothing, or the other way round`),
    ...unended(record).map((run) => `run ${run} has begun and has no end in the record`),
    ...repeated(record).map((run) => `run ${run} has more than one end in the record`),
  ];
}

function recordCounts(
  record: readonly Entry[],
  { planned }: LineFacts,
): readonly (readonly [string, number, number])[] {
  const ended = record.filter((entry) => entry.kind === "ended");
  const count = (verdict: string): number => ended.filter((entry) => entry.verdict === verdict).length;
  return [
    ["runs begun in the record", record.filter(({ kind }) => kind === "begun").length, planned.units],
    ["PASS in the record", count("PASS"), planned.passed],
    ["FAIL in the record", count("FAIL"), planned.failed],
  ];
}

function unended(record: readonly Entry[]): readonly string[] {
  const ended = new Set(runsOf(record, "ended"));
  return runsOf(record, "begun").filter((run) => !ended.has(run));
}

function repeated(record: readonly Entry[]): readonly string[] {
  const runs = runsOf(record, "ended");
  return runs.filter((run, index) => runs.indexOf(run) !== index);
}

function runsOf(record: readonly Entry[], kind: "begun" | "ended"): readonly string[] {
  return record.flatMap((entry) => (entry.kind === kind ? [entry.run] : []));
}
