import { EsimdError } from "../../base/errors.js";
import type { Eid, Imei } from "../../base/identifiers.js";
import { type Random, seededRandom } from "../../base/random.js";
import { eidOf, imeiOf, imeis } from "./digits.js";
import { type Expected, type FaultKind, faultKinds, faultOf } from "./faults.js";

/** Who comes to a line, in which order, what is wrong with whom, and what must come of each. Pure: the same order makes the same plan. */

export interface LineOrder {
  readonly seed: number;
  /** Units that are put into a slot; one that comes back counts again. */
  readonly units: number;
  readonly faultPercent: number;
}

/** One unit in one slot, once. */
export interface UnitPlan {
  /** From 0, in the order in which they are put in. */
  readonly index: number;
  /** As its label has it. */
  readonly serial: string;
  readonly eid: Eid;
  readonly imei: Imei;
  readonly fault: FaultKind | null;
  /** It is put in only once the verdict on this one is known. */
  readonly after: number | null;
  /** It is that one itself, with all that is on its eUICC. */
  readonly isSameUnit: boolean;
  readonly expected: Expected;
  /** A profile must be paid for in this turn. */
  readonly costsCharge: boolean;
}

const maxUnits = 100_000;
const maxSeed = 9_999_999;

/** Exactly round(units * percent / 100) of them have a fault; the kinds are spread evenly, the places by seed. @throws EsimdError `usage`. */
export function planLine(order: LineOrder): readonly UnitPlan[] {
  const { seed, units, faultPercent } = order;
  requireWhole("units", units, 1, Math.min(maxUnits, imeis));
  requireWhole("seed", seed, 0, maxSeed);
  if (!(faultPercent >= 0 && faultPercent <= 100)) {
    throw new EsimdError("usage", `a fault percentage of ${faultPercent} is not from 0 to 100`);
  }
  const random = seededRandom(seed);
  const faulty = Math.round((units * faultPercent) / 100);
  const places = shuffled(range(units), random).slice(0, faulty);
  const kinds = dealKinds(
    places.toSorted((a, b) => a - b),
    random,
  );
  const plans: UnitPlan[] = [];
  /** Units that nothing was wrong with and that no other has to do with yet. */
  const sound: UnitPlan[] = [];
  for (const index of range(units)) {
    const kind = kinds.get(index);
    const plan = kind === undefined ? soundUnit(seed, index) : faultyUnit(seed, index, kind, sound, random);
    plans.push(plan);
    if (kind === undefined) sound.push(plan);
  }
  return plans;
}

/** Which kind is at which place: a kind that shares something with an earlier unit needs one that is sound and not yet taken. */
function dealKinds(places: readonly number[], random: Random): ReadonlyMap<number, FaultKind> {
  const rounds = Math.ceil(places.length / faultKinds.length);
  const waiting = range(rounds)
    .flatMap(() => shuffled(faultKinds, random))
    .slice(0, places.length);
  const dealt = new Map<number, FaultKind>();
  let taken = 0;
  for (const [before, place] of places.entries()) {
    const soundOnes = place - before - taken;
    const fitting = waiting.findIndex((kind) => soundOnes > 0 || faultOf(kind).shares === undefined);
    // Nothing fits but what needs an earlier unit, and there is none: a slow start is nobody's twin.
    const [kind = "slow-start"] = fitting < 0 ? [] : waiting.splice(fitting, 1);
    if (faultOf(kind).shares !== undefined) taken++;
    dealt.set(place, kind);
  }
  return dealt;
}

function soundUnit(seed: number, index: number): UnitPlan {
  return {
    index,
    serial: `FL${seed}-${String(index + 1).padStart(6, "0")}`,
    eid: eidOf(seed, index),
    imei: imeiOf(seed, index),
    fault: null,
    after: null,
    isSameUnit: false,
    expected: { verdict: "PASS" },
    costsCharge: true,
  };
}

/** Takes the unit that it shares something with out of `sound`. */
function faultyUnit(seed: number, index: number, kind: FaultKind, sound: UnitPlan[], random: Random): UnitPlan {
  const { expected, costsCharge, shares } = faultOf(kind);
  const own: UnitPlan = { ...soundUnit(seed, index), fault: kind, expected, costsCharge };
  if (shares === undefined) return own;
  const [other] = sound.splice(Math.floor(random.next() * sound.length), 1);
  if (other === undefined) throw new EsimdError("unexpected", `the plan has no unit for ${kind} at ${index}`);
  const { serial, eid, imei } = other;
  const shared = { ...own, after: other.index };
  switch (shares) {
    case "serial":
      return { ...shared, serial };
    case "imei":
      return { ...shared, imei };
    case "euicc":
      return { ...shared, eid, imei, isSameUnit: true };
    case "all":
      return { ...shared, serial, eid, imei, isSameUnit: true };
  }
}

function requireWhole(what: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new EsimdError("usage", `${value} ${what}: a whole number from ${min} to ${max} is wanted`);
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** By a random key each: the same seed gives the same order. */
function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  const keyed = items.map((item) => ({ item, key: random.next() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
