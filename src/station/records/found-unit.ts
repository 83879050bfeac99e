import type { FoundUnit } from "../control.js";
import type { Register, UnitRecord } from "./register.js";

/** Units that have `text` in one of their names and a verdict, the newest first. */
export function searchUnits(register: Register, text: string, limit: number): readonly FoundUnit[] {
  const found: FoundUnit[] = [];
  for (const unit of register.search(text)) {
    if (found.length >= limit) break;
    const shown = foundUnit(unit);
    if (shown !== undefined) found.push(shown);
  }
  return found;
}

function foundUnit({ last, serial, batch, slot, eid, imei, runs }: UnitRecord): FoundUnit | undefined {
  if (last === null) return undefined;
  const { verdict, iccid, error, seconds } = last;
  return {
    serial,
    batch,
    slot,
    verdict,
    eid,
    iccid,
    imei,
    code: error?.code ?? null,
    message: error?.message ?? null,
    endedAtMs: Date.parse(last.at),
    seconds,
    runs,
  };
}
