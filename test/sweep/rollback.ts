import type { World as ModemWorld } from "../../src/emulator/modem/scenario.js";
import type { StateName } from "../../src/provision/states.js";
import { chosen, optionsFor, planOf } from "./cuts.js";
import type { Findings } from "./findings.js";
import { type Plan, type PlayOptions, play } from "./play.js";
import { nameOf, type Point } from "./points.js";
import { nameOfSetup } from "./setups.js";
import { type Setup, SimWorld } from "./world.js";

/**
 * A device that comes with a profile which has a network, and is given one that has none: cut at every point from the switch to the end, and
 * again in the life that follows. Its modem is its only way to the provider, so that a run that waits for a network before it goes back
 * never does.
 */

/** Whether a network takes the new profile later on. */
export type Later = "never" | "after-the-cut";

export interface RollbackSweep {
  readonly later: Later;
  /** Only the points whose names have this in them. */
  readonly points?: string;
}

const unserved: Partial<ModemWorld> = { unserved: ["operational"] };
const states: readonly StateName[] = [
  "enabling",
  "refreshing",
  "registering",
  "checking",
  "reverting",
  "recovering",
  "notifying",
];

export function rollbackOptions(setup: Setup, later: Later): PlayOptions {
  return {
    ...optionsFor(setup),
    bootstrap: true,
    onlyByModem: true,
    modemWorld: unserved,
    // A wait is as many points as it has looks; the modem registers within three seconds.
    config: { "network.registration_wait": "8s", "connectivity.wait": "10s" },
    circumstances: { noService: later === "never" },
  };
}

/** The points of a run that ends on the profile of before, from the switch on. @throws when it does not end so. */
export async function rollbackPoints(setup: Setup): Promise<readonly Point[]> {
  const world = await SimWorld.create(rollbackOptions(setup, "never"));
  const points: Point[] = [];
  const ending = await world.live((point) => {
    points.push(point);
    return undefined;
  });
  await world.close();
  const code = ending.kind === "ended" ? ending.result.report.error?.code : ending.kind;
  if (code !== "profile_no_service") throw new Error(`${nameOfSetup(setup)}: a run without service ends ${code}`);
  const from = points.findIndex(({ state }) => state === "enabling");
  return points.slice(from).filter(({ state }) => states.includes(state));
}

export async function sweepRollback(
  setup: Setup,
  { later, points: only = "" }: RollbackSweep,
  found: Findings,
): Promise<void> {
  const options = rollbackOptions(setup, later);
  const afterwards = (world: SimWorld): void => {
    if (later === "after-the-cut") world.modem.changeWorld({ unserved: [] });
  };
  const known = new Set<string>();
  const seconds = new Map<string, Plan>();
  for (const point of chosen(await rollbackPoints(setup)).filter((one) => nameOf(one).includes(only))) {
    found.point(setup, point);
    for (const when of ["before", "after"] as const) {
      for (const death of ["power", "killed"] as const) {
        const plan = planOf({ name: nameOf(point), nth: point.nth, when, death, cut: "strict" });
        const verdict = await play({ ...options, known }, [{ ...plan, afterwards }]);
        found.cut(setup, verdict, `${plan.name}, service ${later}`);
        // The life that takes up an open trial has ways of its own; one life of each way is cut again.
        const way = [...new Set(verdict.lives[1]?.map(({ state }) => state))].join();
        if (death === "power" && !seconds.has(way)) seconds.set(way, { ...plan, afterwards });
      }
    }
  }
  for (const one of seconds.values()) await cutAgain(setup, options, one, found);
}

async function cutAgain(setup: Setup, options: PlayOptions, one: Plan, found: Findings): Promise<void> {
  const alone = await play(options, [one]);
  const known = new Set<string>();
  for (const point of chosen(alone.lives[1] ?? [])) {
    const two = planOf({ name: nameOf(point), nth: point.nth, when: "before", death: "power", cut: "strict" });
    found.pair(setup, await play({ ...options, known }, [one, two]), `${one.name}, then ${two.name}`, 1);
  }
}
