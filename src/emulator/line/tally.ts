import type { Charge } from "../api/fake-api.js";
import type { Expected, FaultKind } from "./faults.js";
import type { HeardVerdict } from "./operator.js";
import type { UnitPlan } from "./plan.js";

/** What came of a line, beside what was planned. Pure but for its record. */

export interface WrongVerdict {
  readonly index: number;
  readonly serial: string;
  readonly eid: string;
  readonly fault: FaultKind | null;
  readonly expected: Expected;
  readonly heard: HeardVerdict;
}

export interface LineResult {
  /** Units that had their turn; one that came back counts again. */
  readonly units: number;
  readonly passed: number;
  readonly failed: number;
  /** Verdicts that differ from the plan, the first of them. */
  readonly wrong: readonly WrongVerdict[];
  readonly wrongCount: number;
  /** In the ledger of the emulated provider. */
  readonly charges: number;
  readonly unitsCharged: number;
  /** EIDs that were charged more than once, the first of them. */
  readonly twiceCharged: readonly string[];
  /** EIDs that were charged though they need no profile, or were not though they had their turn and need one; the first of them. */
  readonly wronglyCharged: readonly string[];
  /** That the emulated API got. */
  readonly requests: number;
  /** What the plan as a whole comes to. */
  readonly planned: Planned;
}

export interface Planned {
  /** Turns. */
  readonly units: number;
  readonly passed: number;
  readonly failed: number;
  readonly charges: number;
  readonly serials: number;
}

/** How many are named of each kind of trouble. */
const named = 20;

export function plannedOf(plan: readonly UnitPlan[]): Planned {
  const passed = plan.filter(({ expected }) => expected.verdict === "PASS").length;
  return {
    units: plan.length,
    passed,
    failed: plan.length - passed,
    charges: plan.filter(({ costsCharge }) => costsCharge).length,
    serials: new Set(plan.map(({ serial }) => serial)).size,
  };
}

export class Tally {
  readonly #plan: readonly UnitPlan[];
  readonly #heard = new Map<number, HeardVerdict>();

  constructor(plan: readonly UnitPlan[]) {
    this.#plan = plan;
  }

  note(unit: UnitPlan, heard: HeardVerdict): void {
    this.#heard.set(unit.index, heard);
  }

  result(ledger: readonly Charge[], requests: number): LineResult {
    const had = this.#plan.flatMap((unit) => {
      const heard = this.#heard.get(unit.index);
      return heard === undefined ? [] : [{ unit, heard }];
    });
    const wrong = had.filter(({ unit, heard }) => !isAsPlanned(unit.expected, heard));
    const passed = had.filter(({ heard }) => heard.verdict === "PASS").length;
    const charged = countBy(ledger.map(({ eid }) => eid ?? ""));
    return {
      units: had.length,
      passed,
      failed: had.length - passed,
      wrong: wrong.slice(0, named).map(({ unit, heard }) => {
        const { index, serial, eid, fault, expected } = unit;
        return { index, serial, eid, fault, expected, heard };
      }),
      wrongCount: wrong.length,
      charges: ledger.length,
      unitsCharged: charged.size,
      twiceCharged: [...charged].flatMap(([eid, times]) => (times > 1 ? [eid] : [])).slice(0, named),
      wronglyCharged: wronglyCharged(
        had.map(({ unit }) => unit),
        this.#plan,
        charged,
      ).slice(0, named),
      requests,
      planned: plannedOf(this.#plan),
    };
  }
}

/** A FAIL whose code nobody heard is taken for the planned one. Pure. */
export function isAsPlanned(expected: Expected, { verdict, code }: HeardVerdict): boolean {
  if (expected.verdict === "PASS") return verdict === "PASS";
  return verdict === "FAIL" && (code === null || expected.codes.includes(code));
}

function wronglyCharged(
  had: readonly UnitPlan[],
  plan: readonly UnitPlan[],
  charged: ReadonlyMap<string, number>,
): readonly string[] {
  const mayCost = eidsThatCost(plan);
  const tooMany = [...charged.keys()].filter((eid) => !mayCost.has(eid));
  return [...tooMany, ...[...eidsThatCost(had)].filter((eid) => !charged.has(eid))];
}

function eidsThatCost(plan: readonly UnitPlan[]): ReadonlySet<string> {
  return new Set(plan.flatMap(({ costsCharge, eid }) => (costsCharge ? [eid] : [])));
}

function countBy(items: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}
