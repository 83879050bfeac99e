import { join } from "node:path";
import type { Clock } from "../../base/clock.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import type { Disk } from "../../provision/store/disk.js";
import { type Processes, takeLock } from "../../provision/store/lock.js";
import { voidedSchema } from "../../report/unit.js";
import type { Entry } from "./entry.js";
import { RecordFile, recordPath } from "./read.js";
import { Standings, type UnitStanding } from "./standing.js";

/** Takes back by hand, where no station runs, that a serial number belongs to an eUICC. */

export interface VoidRequest {
  readonly folder: string;
  readonly serial: string;
  /** Needed where several units have the serial number. */
  readonly eid: string | null;
  readonly why: string;
  readonly by: string | null;
}

type Voided = Extract<Entry, { kind: "voided" }>;

/** @throws EsimdError `station_running`, `station_refused`, `bad_input`, `record_damaged`, `state_unwritable`, `disk_full`. */
export async function voidUnit(
  { folder, serial, eid, why, by }: VoidRequest,
  { disk, processes, clock }: { readonly disk: Disk; readonly processes: Processes; readonly clock: Clock },
): Promise<Voided> {
  const unlock = await takeLock(disk, join(folder, "lock"), processes).catch((cause: unknown) => {
    if (!isEsimdError(cause, "state_locked")) throw cause;
    throw new EsimdError("station_running", `a station works with the record in ${quote(folder)}`, {
      cause,
      hint: "Take the unit back at the station itself, or stop it first.",
    });
  });
  try {
    const file = await RecordFile.open(folder);
    const standings = new Standings(null);
    let station: string | undefined;
    if (file !== undefined) {
      for await (const entry of file.entries()) {
        standings.see(entry);
        ({ station } = entry);
      }
    }
    const unit = theOne(standings, serial, eid);
    if (file?.isTorn === true || station === undefined) {
      throw new EsimdError(
        "station_refused",
        `the last line of ${file?.path ?? folder} was cut short by a loss of power`,
        {
          hint: "Start the station once, which puts that right, and take the unit back then.",
        },
      );
    }
    const at = new Date(clock.nowMs()).toISOString();
    const entry = voidedSchema.parse({ v: 1, at, station, kind: "voided", serial, eid: unit.eid, by, why });
    await disk.append(recordPath(folder), `${JSON.stringify(entry)}\n`);
    return entry;
  } finally {
    await unlock();
  }
}

function theOne(standings: Standings, serial: string, eid: string | null): UnitStanding {
  const named = standings.units.filter((unit) => unit.serial === serial && unit.voided === null);
  const meant = eid === null ? named : named.filter((unit) => unit.eid === eid);
  const [unit] = meant;
  if (unit === undefined) {
    const whose = eid === null ? "" : ` with the EID ${quote(eid)}`;
    throw new EsimdError("bad_input", `the record has no unit ${quote(serial)}${whose} that could be taken back`, {
      hint: "See `esimd station list --search TEXT`.",
    });
  }
  if (meant.length === 1) return unit;
  throw new EsimdError("bad_input", `${meant.length} units have the serial number ${quote(serial)}`, {
    hint: "Say which one with --eid EID; `esimd station list --search SERIAL` shows them.",
  });
}
