import type { PowerCut } from "./files.js";
import { fingerprintOf } from "./fingerprint.js";
import {
  alwaysHolds,
  type Circumstances,
  hasAnEnd,
  holdsAfterHealing,
  holdsAfterPassingFault,
  holdsAtEnd,
  keepsAProfile,
  neverCancelsALoad,
  type Seen,
  seenAtFirst,
} from "./invariants.js";
import type { Death, Happening } from "./life.js";
import type { Point } from "./points.js";
import { type Ending, type SimOptions, SimWorld } from "./world.js";

/** One story in a world of its own: lives with something that happens in each, then as many as a healthy world takes. */

export interface Plan {
  /** For sentences. */
  readonly name: string;
  readonly at: (point: Point) => Happening | undefined;
  /** What of the disk is left, if this life ends by a power cut. */
  readonly cut?: PowerCut;
  /** What happens in it is nobody's lasting fault: a run that ends may be tried again. */
  readonly passes?: true;
  /** What becomes of the world when this life is over. */
  readonly afterwards?: (world: SimWorld) => void;
}

export interface Verdict {
  readonly violations: readonly string[];
  /** Whether what was planned for each life came to pass. */
  readonly met: readonly boolean[];
  /** The points of each life. */
  readonly lives: readonly (readonly Point[])[];
}

export interface PlayOptions extends SimOptions {
  readonly circumstances?: Partial<Circumstances>;
  /** Worlds after a power cut from which the recovery is known to end well. */
  readonly known?: Set<string>;
}

/** Whatever hangs, or waits in a modem, has come back by then. */
const betweenRunsMs = 300_000;
/** As the daemon would try again. */
const healingRuns = 6;

export async function play(options: PlayOptions, plans: readonly Plan[]): Promise<Verdict> {
  const world = await SimWorld.create(options);
  const circumstances: Circumstances = {
    askedFor: 0,
    mayPayTwice: false,
    holdsWhenUnclear: false,
    diskLies: false,
    resultMayBeLost: options.lpa === "modem",
    before: world.modem.euicc.profiles.map(({ iccid }) => iccid),
    ...options.circumstances,
  };
  const seen: Seen = seenAtFirst(world, circumstances.before);
  const violations = new Set<string>();
  const met: boolean[] = [];
  const lives: Point[][] = [];
  const note = (where: string, complaints: Iterable<string>): void => {
    for (const complaint of complaints) violations.add(`${complaint} (${where})`);
  };

  const live = async (name: string, at: Plan["at"]): Promise<Ending> => {
    const points: Point[] = [];
    lives.push(points);
    const startMs = world.clock.monotonicMs();
    const ending = await world.live((point) => {
      points.push(point);
      note(name, alwaysHolds(world, circumstances, seen));
      return at(point);
    });
    note(name, alwaysHolds(world, circumstances, seen));
    note(name, neverCancelsALoad(points));
    note(name, hasAnEnd(world.clock.monotonicMs() - startMs, world.deadlineMs));
    if (ending.kind === "hung") violations.add(`hung: ${String(ending.error)} (${name})`);
    if (ending.kind !== "died") note(name, keepsAProfile(world, seen));
    if (ending.kind === "ended") note(name, holdsAtEnd(world, ending.result.report, ending.result.exitStatus));
    return ending;
  };

  try {
    let lastDeath: Death | undefined;
    for (const plan of plans) {
      let isMet = false;
      const ending = await live(plan.name, (point) => {
        const happening = plan.at(point);
        isMet ||= happening !== undefined;
        return happening;
      });
      met.push(isMet);
      plan.afterwards?.(world);
      lastDeath = ending.kind === "died" ? ending.death : undefined;
      if (ending.kind === "ended" && plan.passes)
        note(plan.name, holdsAfterPassingFault(world, ending.result.report, circumstances));
      if (ending.kind === "died") await world.afterDeath(ending.death, plan.cut ?? "strict");
      else await world.clock.advance(betweenRunsMs);
      if (ending.kind === "hung") return { violations: [...violations], met, lives };
    }
    const fingerprint = options.known !== undefined && lastDeath === "power" ? fingerprintOf(world) : undefined;
    if (fingerprint !== undefined && options.known?.has(fingerprint)) {
      return { violations: [...violations], met, lives };
    }
    const before = violations.size;
    await heal(world, circumstances, live, note);
    if (fingerprint !== undefined && violations.size === before) options.known?.add(fingerprint);
    return { violations: [...violations], met, lives };
  } finally {
    await world.close();
  }
}

async function heal(
  world: SimWorld,
  circumstances: Circumstances,
  live: (name: string, at: Plan["at"]) => Promise<Ending>,
  note: (where: string, complaints: Iterable<string>) => void,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const ending = await live("afterwards", () => undefined);
    if (ending.kind !== "ended") return;
    const { report } = ending.result;
    if (report.state === "failed" && report.error?.retry !== "never" && attempt < healingRuns) {
      await world.clock.advance(betweenRunsMs);
      continue;
    }
    // What the SM-DP+ tells the API is on its way.
    await world.clock.advance(5_000);
    note("afterwards", holdsAfterHealing(world, report, circumstances));
    if (report.state !== "provisioned") return;
    const again = await live("once more", () => undefined);
    if (again.kind === "ended" && again.result.report.changed) note("once more", ["a second run changed something"]);
    return;
  }
}
