import { join } from "node:path";
import { parseEid } from "../base/identifiers.js";
import { type Charges, chargesOf, foldLedger, parseLedger } from "../provision/ledger.js";
import type { Disk } from "../provision/store/disk.js";
import { storeFolder } from "../provision/store/store.js";

/** What the ledger of one eUICC has as paid for, for who only counts; undefined where it is damaged: its next run says so. */
export async function chargesOnDisk(disk: Disk, stateDir: string, eid: string): Promise<Charges | undefined> {
  const text = await disk.read(join(storeFolder(stateDir, parseEid(eid, "the record")), "ledger.jsonl"));
  if (text === undefined) return { known: 0, doubtful: 0 };
  const reading = parseLedger(text);
  return reading.kind === "good" ? chargesOf(foldLedger(reading.entries)) : undefined;
}
