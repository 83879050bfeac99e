import type { FoundUnit } from "../control.js";
import type { RecordSource } from "./read.js";
import { type RunEnd, type RunStanding, Standings } from "./standing.js";

/** Looks for units in a record. */

export interface FoundInRecord extends FoundUnit {
  readonly isVoided: boolean;
}

export interface Findings {
  /** The newest first. */
  readonly units: readonly FoundInRecord[];
  /** How many older ones there are beyond these. */
  readonly more: number;
}

/** Units whose serial number, EID, IMEI or ICCID contains `text` (all of them where it is empty), each by how it stood last. */
export async function findUnits(
  source: RecordSource,
  { text, batch, limit }: { readonly text: string; readonly batch: string | null; readonly limit: number },
): Promise<Findings> {
  const standings = new Standings(batch);
  for await (const entry of source.entries()) standings.see(entry);
  const wanted = text.trim().toLowerCase();
  const found: FoundInRecord[] = [];
  let count = 0;
  for await (const entry of source.entries()) {
    if (entry.kind !== "ended" || (batch !== null && entry.batch !== batch)) continue;
    const run = standings.runOf(entry.run);
    if (run === undefined || !standings.isLast(entry)) continue;
    const unit = foundOf(entry, run);
    const names = [unit.serial, unit.eid, unit.imei, unit.iccid];
    if (wanted !== "" && !names.some((name) => name?.toLowerCase().includes(wanted))) continue;
    count++;
    found.push(unit);
    // Twice the limit, so that the older half goes at once and not one by one.
    if (found.length >= 2 * limit) found.splice(0, limit);
  }
  const units = found.slice(-limit).reverse();
  return { units, more: count - units.length };
}

function foundOf(entry: Extract<RunEnd, { kind: "ended" }>, { unit }: RunStanding): FoundInRecord {
  return {
    serial: unit.serial ?? "",
    batch: entry.batch,
    slot: entry.slot,
    verdict: entry.verdict,
    eid: entry.eid ?? unit.eid,
    iccid: entry.iccid,
    imei: entry.imei,
    code: entry.error?.code ?? null,
    message: entry.error?.message ?? null,
    endedAtMs: Date.parse(entry.at),
    seconds: entry.seconds,
    runs: unit.runs,
    isVoided: unit.voided !== null,
  };
}
