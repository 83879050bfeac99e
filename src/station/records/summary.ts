import { type Actor, errorRegistry } from "../../base/error-registry.js";
import type { ChargeBook } from "./charge-book.js";
import type { Entry } from "./entry.js";
import type { Standings, UnitStanding } from "./standing.js";

/** A batch in figures: what the report says, and `esimd station batches`. Pure. */

type BatchEntry = Extract<Entry, { kind: "batch" }>;

/** What the lines that begin a batch said; the last one counts, and of the versions each. */
export class BatchFrame {
  #first: BatchEntry | undefined;
  #last: BatchEntry | undefined;
  readonly #versions = new Set<string>();
  readonly #stations = new Set<string>();
  readonly #operators = new Set<string>();

  see(entry: Entry): void {
    if (entry.kind === "voided") return;
    this.#stations.add(entry.station);
    if (entry.kind === "begun" && entry.operator !== null) this.#operators.add(entry.operator);
    if (entry.kind !== "batch") return;
    this.#first ??= entry;
    this.#last = entry;
    this.#versions.add(entry.version);
  }

  get facts(): FrameFacts {
    return {
      openedAtMs: this.#first === undefined ? null : Date.parse(this.#first.at),
      budget: this.#last?.budget ?? null,
      sheet: this.#last?.sheet ?? null,
      versions: [...this.#versions],
      stations: [...this.#stations],
      operators: [...this.#operators],
    };
  }
}

export interface FrameFacts {
  readonly openedAtMs: number | null;
  readonly budget: number | null;
  readonly sheet: { readonly file: string; readonly units: number } | null;
  readonly versions: readonly string[];
  readonly stations: readonly string[];
  readonly operators: readonly string[];
}

export interface Failure {
  readonly code: string;
  /** Units that stand so. */
  readonly units: number;
  /** Runs that ended so, also of units that passed later. */
  readonly runs: number;
  readonly sentence: string;
  readonly actor: Actor;
  readonly next: string;
}

export interface Held {
  readonly serial: string | null;
  readonly eid: string | null;
  readonly code: string;
  readonly sid: string | null;
}

export interface ChartPiece {
  readonly fromMs: number;
  readonly passed: number;
  readonly failed: number;
}

export interface BatchSummary extends FrameFacts {
  /** Null: all batches. */
  readonly batch: string | null;
  readonly endedAtMs: number | null;
  /** Units whose run ended, without those that were voided. */
  readonly units: number;
  readonly passed: number;
  readonly failed: number;
  /** Passed at their first run. */
  readonly passedFirst: number;
  /** Units of which only interrupted runs are known. */
  readonly interrupted: number;
  readonly voided: number;
  readonly runs: number;
  readonly cycle: { readonly medianS: number; readonly p90S: number; readonly maxS: number } | null;
  readonly charges: number;
  readonly failures: readonly Failure[];
  readonly held: readonly Held[];
  readonly chart: { readonly pieceMs: number; readonly pieces: readonly ChartPiece[] };
}

export function summarise(
  batch: string | null,
  { standings, charges, frame }: { standings: Standings; charges: ChargeBook; frame: BatchFrame },
): BatchSummary {
  const ended = standings.units.filter((unit) => unit.runs > 0);
  const counted = ended.filter(({ voided }) => voided === null);
  const passed = counted.filter((unit) => unit.last?.verdict === "PASS").length;
  return {
    ...frame.facts,
    batch,
    endedAtMs: ended.reduce<number | null>((last, unit) => Math.max(last ?? 0, unit.last?.endedAtMs ?? 0), null),
    units: counted.length,
    passed,
    failed: counted.length - passed,
    passedFirst: counted.filter(({ firstVerdict }) => firstVerdict === "PASS").length,
    interrupted: standings.units.filter(({ runs, last, voided }) => runs === 0 && last !== null && voided === null)
      .length,
    voided: standings.units.filter(({ voided }) => voided !== null).length,
    runs: standings.runsEnded,
    cycle: cycleOf(standings.cycles),
    charges: charges.of(batch),
    failures: failuresOf(counted, standings.failedRuns),
    held: counted.flatMap(({ serial, eid, last }) =>
      last?.isHeld === true ? [{ serial, eid, code: last.code ?? "unexpected", sid: last.sid }] : [],
    ),
    chart: chartOf(counted),
  };
}

function cycleOf(seconds: readonly number[]): BatchSummary["cycle"] {
  if (seconds.length === 0) return null;
  const sorted = Float64Array.from(seconds).sort();
  return { medianS: quantile(sorted, 0.5), p90S: quantile(sorted, 0.9), maxS: quantile(sorted, 1) };
}

/** The nearest rank: a time that a unit really took. */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

function failuresOf(units: readonly UnitStanding[], runs: ReadonlyMap<string, number>): readonly Failure[] {
  const standing = new Map<string, number>();
  for (const { last } of units) {
    if (last?.verdict === "FAIL")
      standing.set(last.code ?? "unexpected", (standing.get(last.code ?? "unexpected") ?? 0) + 1);
  }
  return [...runs]
    .map(([code, count]): Failure => {
      // A code of another version is told of all the same.
      const { sentence, actor, next } = isKnown(code) ? errorRegistry[code] : unknownError;
      return { code, units: standing.get(code) ?? 0, runs: count, sentence, actor, next };
    })
    .sort((a, b) => b.units - a.units || b.runs - a.runs || a.code.localeCompare(b.code));
}

const unknownError = {
  sentence: "An error that this version does not know.",
  actor: "operator",
  next: "Read the docs of the version that worked.",
} as const;

function isKnown(code: string): code is keyof typeof errorRegistry {
  return Object.hasOwn(errorRegistry, code);
}

const minuteMs = 60_000;
const pieceLengthsMs = [10, 30, 60, 240, 1440, 10_080].map((minutes) => minutes * minuteMs);
const mostPieces = 72;

/** When units ended, in so many pieces as a page shows. */
function chartOf(units: readonly UnitStanding[]): BatchSummary["chart"] {
  const ends = units.flatMap(({ last }) => (last === null ? [] : [last]));
  const first = ends.reduce((least, { endedAtMs }) => Math.min(least, endedAtMs), Number.POSITIVE_INFINITY);
  const last = ends.reduce((most, { endedAtMs }) => Math.max(most, endedAtMs), 0);
  const countOf = (pieceMs: number): number => Math.floor(last / pieceMs) - Math.floor(first / pieceMs) + 1;
  const [shortest = minuteMs] = pieceLengthsMs;
  if (ends.length === 0) return { pieceMs: shortest, pieces: [] };
  // A clock that was wrong makes a batch of decades; it gets longer pieces, and no more of them.
  const pieceMs =
    pieceLengthsMs.find((length) => countOf(length) <= mostPieces) ?? Math.ceil((last - first + 1) / (mostPieces - 1));
  const from = Math.floor(first / pieceMs) * pieceMs;
  const counts = Array.from({ length: countOf(pieceMs) }, () => ({ passed: 0, failed: 0 }));
  for (const { endedAtMs, verdict } of ends) {
    const count = counts[Math.floor((endedAtMs - from) / pieceMs)];
    if (count !== undefined) count[verdict === "PASS" ? "passed" : "failed"]++;
  }
  return { pieceMs, pieces: counts.map((count, index) => ({ fromMs: from + index * pieceMs, ...count })) };
}
