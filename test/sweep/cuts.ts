import type { BehaviourInput } from "../../src/emulator/api/behaviours.js";
import { parseBehaviours } from "../../src/emulator/api/behaviours.js";
import { type PowerCut, powerCuts } from "./files.js";
import type { Findings } from "./findings.js";
import type { Death } from "./life.js";
import { type Plan, type PlayOptions, play } from "./play.js";
import { nameOf, type Point } from "./points.js";
import { nameOfSetup } from "./setups.js";
import { type Setup, SimWorld, sweepPki } from "./world.js";

/** Every point of a run, cut before and after it: by a power cut, with all that the disk may have lost, or by a kill. */

export interface Cut {
  readonly name: string;
  readonly nth: number;
  readonly when: "before" | "after";
  readonly death: Death;
  readonly cut: PowerCut;
}

/** A new reservation shows in lists only after this: longer than a device takes to come back, shorter than `reserve_settle`. */
export const listLagMs = 120_000;
const lag: readonly BehaviourInput[] = [
  { match: { method: "POST", path: "/v1/ESimProfiles" }, actions: [{ do: "stale-list", ms: listLagMs }] },
];

export function optionsFor(setup: Setup): PlayOptions {
  return { ...setup, pki: sweepPki(), apiBehaviours: parseBehaviours(lag, "the sweep") };
}

/** The points of a run in which nothing happens. @throws when that run does not end provisioned: then nothing else means anything. */
export async function calmPoints(options: PlayOptions): Promise<readonly Point[]> {
  const world = await SimWorld.create(options);
  const points: Point[] = [];
  const ending = await world.live((point) => {
    points.push(point);
    return undefined;
  });
  await world.close();
  const state = ending.kind === "ended" ? ending.result.report.state : ending.kind;
  if (state !== "provisioned") throw new Error(`${nameOfSetup(options)}: a calm run ends ${state}`);
  return points;
}

/** Of repeats in one state the first, the one in the middle and the last. */
export function chosen(points: readonly Point[]): readonly Point[] {
  const groups = new Map<string, Point[]>();
  for (const point of points) groups.set(nameOf(point), [...(groups.get(nameOf(point)) ?? []), point]);
  return [...groups.values()].flatMap((group) => {
    const wanted = new Set([group[0], group[Math.floor(group.length / 2)], group.at(-1)]);
    return [...wanted].filter((point) => point !== undefined);
  });
}

export function planOf({ name, nth, when, death, cut }: Cut): Plan {
  const how = death === "power" ? `power cut (${cut})` : "kill";
  return {
    name: `${how} ${when} "${name}" no. ${nth}`,
    cut,
    at: (point) => (point.nth === nth && nameOf(point) === name ? { kind: "death", when, death } : undefined),
  };
}

export interface CutSweep {
  /** Kills besides power cuts, and at the disk all that a power cut may leave. */
  readonly thorough: boolean;
  /** Only the points whose names have this in them. */
  readonly points?: string;
}

export async function sweepCuts(
  setup: Setup,
  { thorough, points: only = "" }: CutSweep,
  found: Findings,
): Promise<void> {
  const options = optionsFor(setup);
  const points = chosen(await calmPoints(options)).filter((point) => nameOf(point).includes(only));
  const known = new Set<string>();
  for (const point of points) {
    found.point(setup, point);
    for (const cut of cutsOf(point, thorough)) {
      const verdict = await play({ ...options, known }, [planOf(cut)]);
      found.cut(setup, verdict, planOf(cut).name);
    }
  }
}

/**
 * How many syncs a disk that lies forgets: the last one, a whole journal's two, and more. What the provider's list shows at once is still
 * never paid for twice. Where it forgets the ledger's alone, the journal knows that the ledger is short, and the list may be late.
 */
const lies = [
  ...([1, 2, 5] as const).map((forgets) => ({ cut: "forgetful", forgets, isListLate: false }) as const),
  ...([1, 2] as const).map((forgets) => ({ cut: "forgets-appends", forgets, isListLate: true }) as const),
] as const;

/**
 * A power cut after every step at the disk and every request to the API, on a disk that lies. By activation code the list cannot know, so
 * that this is for reservations by EID.
 */
export async function sweepForgetfulDisk(setup: Setup, only: string, found: Findings): Promise<void> {
  const points = chosen(await calmPoints(optionsFor(setup))).filter(
    (point) => (point.room === "disk" || point.room === "api") && nameOf(point).includes(only),
  );
  for (const { cut, forgets, isListLate } of lies) {
    const { apiBehaviours, ...rest } = optionsFor(setup);
    const late = isListLate && apiBehaviours !== undefined ? { apiBehaviours } : {};
    const options = { ...rest, ...late, diskForgets: forgets, circumstances: { diskLies: true } };
    const known = new Set<string>();
    for (const point of points) {
      const plan = planOf({ name: nameOf(point), nth: point.nth, when: "after", death: "power", cut });
      found.cut(setup, await play({ ...options, known }, [plan]), `${plan.name}, ${forgets} syncs forgotten`);
    }
  }
}

function cutsOf(point: Point, thorough: boolean): readonly Cut[] {
  const whens = ["before", "after"] as const;
  const base = { name: nameOf(point), nth: point.nth };
  const left: readonly PowerCut[] = thorough && point.room === "disk" ? powerCuts : ["strict"];
  return whens.flatMap((when): Cut[] => [
    ...left.map((cut) => ({ ...base, when, death: "power" as const, cut })),
    ...(thorough ? [{ ...base, when, death: "killed" as const, cut: "strict" as const }] : []),
  ]);
}
