import type { Clock } from "../base/clock.js";
import type { Eid, Imei } from "../base/identifiers.js";
import type { Log } from "../base/logging.js";
import type { Random } from "../base/random.js";
import type { Config } from "../daemon/config/config.js";
import type { Outside } from "../daemon/outside.js";
import type { Connections } from "../daemon/provisioner.js";
import type { HostRoots } from "../serial/host-roots.js";
import type { EndedEntry, Entry } from "./records/entry.js";
import type { OpenedRecord } from "./records/log.js";
import type { SlotEntry } from "./station-file.js";
import type { UnitRunParts } from "./unit-run.js";

/** What a station is made of, and what it says at its end. */

/** What the sheet of work says of one unit; null: nothing. */
export interface WorkOfUnit {
  readonly fleet: string | null;
  readonly eid: Eid | null;
  readonly imei: Imei | null;
  /** Its user is to activate it: it is identified, recorded and labelled, and no profile is loaded here. */
  readonly activationCode: string | null;
}

/** A sheet of work: only what is on it is made. */
export interface Work {
  readonly place: string;
  readonly units: ReadonlyMap<string, WorkOfUnit>;
}

export interface StationParts {
  readonly name: string;
  readonly batch: string;
  readonly slots: readonly SlotEntry[];
  readonly serialFrom: "scan" | "imei";
  readonly verifiesRegistration: boolean;
  readonly operator: string | null;
  readonly budget: number | null;
  /** Ends by itself after so many verdicts; left out: when it is told to. */
  readonly units?: number;
  readonly config: Config;
  readonly work?: Work;
  readonly host: HostRoots;
  readonly outside: Outside;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly connections: Connections;
  readonly record: OpenedRecord;
  /** One run; the real one when left out. */
  readonly provision?: UnitRunParts["provision"];
  /** Prints the label of a unit that passed; left out: there are no labels. */
  readonly printLabel?: (unit: EndedEntry, signal: AbortSignal) => Promise<void>;
  /** Hears of each line of the record, once it is durable. Rejects for nothing that the line would have to stop for. */
  readonly tell?: (entry: Entry) => Promise<void>;
}

/** What this start of the station did. */
export interface StationSummary {
  /** Verdicts. */
  readonly units: number;
  readonly passed: number;
  readonly failed: number;
  /** Paid for since the start. */
  readonly charges: number;
  readonly seconds: number;
}
