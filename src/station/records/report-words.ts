import type { BatchSummary, Held } from "./summary.js";

/** The words of a batch's report, for its page and its text alike. Pure. */

export interface Figure {
  readonly name: string;
  readonly value: string;
}

export function titleOf({ batch }: BatchSummary): string {
  return batch === null ? "All batches" : `Batch ${batch}`;
}

export function figuresOf(summary: BatchSummary): readonly Figure[] {
  const { units, passed, failed, passedFirst, interrupted, voided, runs, cycle, charges, budget, sheet } = summary;
  const ran = passed + failed;
  return [
    { name: "Units", value: String(units) },
    { name: "PASS", value: String(passed) },
    { name: "FAIL", value: String(failed) },
    { name: "Yield", value: percent(passed, ran) },
    { name: "First-pass yield", value: percent(passedFirst, ran) },
    { name: "Runs", value: String(runs) },
    { name: "Median cycle", value: cycle === null ? "none" : duration(cycle.medianS) },
    { name: "90 % within", value: cycle === null ? "none" : duration(cycle.p90S) },
    { name: "Longest cycle", value: cycle === null ? "none" : duration(cycle.maxS) },
    { name: "Charges", value: budget === null ? String(charges) : `${charges} of ${budget}` },
    { name: "Charges for each PASS", value: passed === 0 ? "none" : (charges / passed).toFixed(2) },
    ...(interrupted === 0 ? [] : [{ name: "Only interrupted", value: String(interrupted) }]),
    ...(voided === 0 ? [] : [{ name: "Taken back", value: String(voided) }]),
    ...(sheet === null ? [] : [{ name: "Units on the sheet", value: String(sheet.units) }]),
  ];
}

export function framesOf(summary: BatchSummary): readonly Figure[] {
  const { openedAtMs, endedAtMs, stations, operators, versions, sheet } = summary;
  return [
    { name: "Opened", value: openedAtMs === null ? "not recorded" : minute(openedAtMs) },
    { name: "Last unit", value: endedAtMs === null ? "none" : minute(endedAtMs) },
    { name: "Station", value: listed(stations) },
    { name: "Operator", value: listed(operators) },
    { name: "esimd", value: listed(versions) },
    ...(sheet === null ? [] : [{ name: "Sheet of work", value: sheet.file }]),
  ];
}

/** What a person types to decide about a unit that is held. */
export function decisionOf({ eid, sid }: Held): readonly string[] {
  if (eid === null) return ["esimd reservation list"];
  return [
    `esimd reservation list --eid ${eid}`,
    `esimd reservation adopt ${sid ?? "SID"} --eid ${eid}`,
    `esimd reservation release ${sid ?? "ID"} --eid ${eid}`,
  ];
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? "none" : `${((100 * part) / whole).toFixed(1)} %`;
}

export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 120
    ? `${seconds.toFixed(1)} s`
    : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** UTC, which the record has. */
export function minute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "not recorded" : names.join(", ");
}
