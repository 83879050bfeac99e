import type { EndedEntry, Entry, Verdict } from "./entry.js";

/**
 * How the units of a record stand, made from its lines one by one. Of a line it keeps the little that is asked of it later, so that a record
 * of any length can be gone through; who needs a unit's last line goes through the record once more. Pure but for its own state.
 */

export type InterruptedEntry = Extract<Entry, { kind: "interrupted" }>;
/** The last line of a run. */
export type RunEnd = EndedEntry | InterruptedEntry;

export interface LabelStanding {
  readonly result: "printed" | "failed";
  /** Labels that were printed. */
  readonly copies: number;
  /** Why the last one was not. */
  readonly code: string | null;
}

export interface RunStanding {
  readonly unit: UnitStanding;
  readonly begunAt: string | null;
  readonly operator: string | null;
  readonly label: LabelStanding | null;
}

export interface UnitStanding {
  readonly serial: string | null;
  readonly eid: string | null;
  /** Runs that ended. */
  readonly runs: number;
  readonly interruptions: number;
  /** Of the first run that ended. */
  readonly firstVerdict: Verdict | null;
  /** The run that says how it stands: the last one that ended, else the last that was interrupted; null while its first one goes on. */
  readonly last: LastRun | null;
  readonly voided: { readonly at: string; readonly by: string | null; readonly why: string } | null;
}

export interface LastRun {
  readonly run: string;
  readonly endedAtMs: number;
  /** Null for one that was interrupted. */
  readonly verdict: Verdict | null;
  readonly code: string | null;
  readonly isHeld: boolean;
  readonly sid: string | null;
}

type Open<T> = { -readonly [Key in keyof T]: T[Key] };
type OpenUnit = Open<UnitStanding>;
interface OpenRun extends Open<RunStanding> {
  unit: OpenUnit;
}

/**
 * Who is one unit. A serial number and an EID together are one; a run that had only one of the two is of the unit that had it last, and a
 * unit that lacked one gets it. So two units with one serial number are two, and one that comes back is itself. What was voided is over:
 * its serial number begins anew.
 */
export class Standings {
  readonly #batch: string | null;
  readonly #units: OpenUnit[] = [];
  readonly #runs = new Map<string, OpenRun>();
  readonly #bySerial = new Map<string, OpenUnit[]>();
  /** The last unit of each EID. */
  readonly #byEid = new Map<string, OpenUnit>();
  /** Seconds of the runs that passed, without those that found a unit as it was left. */
  readonly #cycles: number[] = [];
  readonly #failedRuns = new Map<string, number>();
  #runsEnded = 0;

  /** Of one batch, or of all of them (null). */
  constructor(batch: string | null) {
    this.#batch = batch;
  }

  /** In the order of their first run, voided ones among them. */
  get units(): readonly UnitStanding[] {
    return this.#units;
  }

  get cycles(): readonly number[] {
    return this.#cycles;
  }

  /** How many runs failed, by their code. */
  get failedRuns(): ReadonlyMap<string, number> {
    return this.#failedRuns;
  }

  get runsEnded(): number {
    return this.#runsEnded;
  }

  runOf(run: string): RunStanding | undefined {
    return this.#runs.get(run);
  }

  /** Whether this line is the one that says how its unit stands. */
  isLast(entry: RunEnd): boolean {
    return this.#runs.get(entry.run)?.unit.last?.run === entry.run;
  }

  see(entry: Entry): void {
    if (entry.kind === "voided") this.#void(entry);
    else if (this.#batch === null || entry.batch === this.#batch) this.#seeRun(entry);
  }

  #seeRun(entry: Exclude<Entry, { kind: "voided" }>): void {
    switch (entry.kind) {
      case "batch":
        return;
      case "begun":
        this.#runs.set(entry.run, {
          unit: this.#unitOf(entry.serial, null),
          begunAt: entry.at,
          operator: entry.operator,
          label: null,
        });
        return;
      case "identified":
        this.#openRun(entry.run, entry.serial, entry.eid);
        return;
      case "ended":
        this.#end(entry);
        return;
      case "interrupted": {
        const { unit } = this.#openRun(entry.run, entry.serial, null);
        unit.interruptions++;
        if (unit.runs === 0) unit.last = { ...lastOf(entry), verdict: null, code: null, isHeld: false, sid: null };
        return;
      }
      case "label": {
        const run = this.#runs.get(entry.run);
        if (run === undefined) return;
        const printed = entry.result.kind === "printed";
        run.label = {
          result: entry.result.kind,
          copies: (run.label?.copies ?? 0) + (printed ? 1 : 0),
          code: entry.result.kind === "failed" ? entry.result.code : null,
        };
      }
    }
  }

  #end(entry: EndedEntry): void {
    const { unit } = this.#openRun(entry.run, entry.serial, entry.eid);
    const { verdict, error, state, sid } = entry;
    unit.runs++;
    unit.firstVerdict ??= verdict;
    unit.last = { ...lastOf(entry), verdict, code: error?.code ?? null, isHeld: state === "held", sid };
    this.#runsEnded++;
    if (verdict === "PASS" && !entry.again) this.#cycles.push(entry.seconds);
    if (verdict === "FAIL") {
      const code = error?.code ?? "unexpected";
      this.#failedRuns.set(code, (this.#failedRuns.get(code) ?? 0) + 1);
    }
  }

  /** The run, whose unit is looked for anew when more of it is known. */
  #openRun(id: string, serial: string | null, eid: string | null): OpenRun {
    const run = this.#runs.get(id);
    if (run === undefined) {
      const begun: OpenRun = { unit: this.#unitOf(serial, eid), begunAt: null, operator: null, label: null };
      this.#runs.set(id, begun);
      return begun;
    }
    const { unit } = run;
    const known = { serial: serial ?? unit.serial, eid: eid ?? unit.eid };
    if (known.serial === unit.serial && known.eid === unit.eid) return run;
    // It was taken for a unit that it is not, or whose other name is known only now.
    if (isBlank(unit)) this.#units.splice(this.#units.lastIndexOf(unit), 1);
    run.unit = this.#unitOf(known.serial, known.eid);
    return run;
  }

  #unitOf(serial: string | null, eid: string | null): OpenUnit {
    const named = serial === null ? [] : (this.#bySerial.get(serial) ?? []);
    const found =
      eid === null
        ? named.at(-1)
        : (named.find((unit) => unit.eid === eid) ??
          this.#ofEid(eid, serial) ??
          named.find((unit) => unit.eid === null));
    if (found !== undefined) {
      this.#name(found, serial, eid);
      return found;
    }
    const unit: OpenUnit = {
      serial: null,
      eid: null,
      runs: 0,
      interruptions: 0,
      firstVerdict: null,
      last: null,
      voided: null,
    };
    this.#units.push(unit);
    this.#name(unit, serial, eid);
    return unit;
  }

  /** With a serial number that is another's, it is no unit of this EID that has a name already. */
  #ofEid(eid: string, serial: string | null): OpenUnit | undefined {
    const unit = this.#byEid.get(eid);
    if (unit === undefined || unit.voided !== null) return undefined;
    return serial === null || unit.serial === null ? unit : undefined;
  }

  #name(unit: OpenUnit, serial: string | null, eid: string | null): void {
    unit.eid ??= eid;
    if (unit.serial === null && serial !== null) {
      unit.serial = serial;
      this.#bySerial.set(serial, [...(this.#bySerial.get(serial) ?? []), unit]);
    }
    if (unit.eid !== null) this.#byEid.set(unit.eid, unit);
  }

  #void({ serial, eid, at, by, why }: Extract<Entry, { kind: "voided" }>): void {
    for (const unit of this.#bySerial.get(serial) ?? []) {
      if (eid !== null && unit.eid !== null && unit.eid !== eid) continue;
      unit.voided = { at, by, why };
    }
    const rest = (this.#bySerial.get(serial) ?? []).filter((unit) => unit.voided === null);
    if (rest.length === 0) this.#bySerial.delete(serial);
    else this.#bySerial.set(serial, rest);
  }
}

function lastOf({ run, at }: RunEnd): Pick<LastRun, "run" | "endedAtMs"> {
  return { run, endedAtMs: Date.parse(at) };
}

/** Of a run that knew nothing yet: no other run can be of it. */
function isBlank({ runs, interruptions, serial, eid }: UnitStanding): boolean {
  return runs === 0 && interruptions === 0 && serial === null && eid === null;
}
