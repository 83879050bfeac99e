import { type Random, seededRandom } from "../../src/base/random.js";
import type { FakeWorldOptions } from "../../src/emulator/world.js";
import { isFinal, type StateName, stateNames } from "../../src/provision/states.js";

/** What the seed decides: which devices there are, how slow their world is, and where in their lives they are killed. Pure. */

export interface Family {
  readonly dialect: string;
  readonly lpa: "host" | "modem";
  /** Who downloads, as the report has it. */
  readonly by: "host" | "modem-relay" | "modem-network";
  readonly modemWorld?: FakeWorldOptions["modemWorld"];
  /** Its own LPA holds the ISD-R until it is switched off, for which esimd needs the operator's consent. */
  readonly takesIsdR?: true;
}

const byHost = { lpa: "host", by: "host" } as const;

/** As in the stories: the manners of each family, without its slowness. */
export const families: readonly Family[] = [
  { ...byHost, dialect: "etsi-apdu" },
  { ...byHost, dialect: "sierra", takesIsdR: true, modemWorld: { notReadyMs: 200 } },
  { ...byHost, dialect: "simcom" },
  { ...byHost, dialect: "fibocom-mtk", modemWorld: { isdrWindow: { opensMs: 0, closesMs: 3_600_000 } } },
  { ...byHost, dialect: "quectel-iccid" },
  { ...byHost, dialect: "quectel-index", takesIsdR: true },
  { ...byHost, dialect: "3gpp-r19" },
  { dialect: "quectel-iccid", lpa: "modem", by: "modem-relay" },
  { dialect: "quectel-nwmode", lpa: "modem", by: "modem-network" },
];

/** Where a run is: the state that it showed last, or `starting` before the first. */
export type Moment = "starting" | StateName;
/** Those that these devices never come to: their new profile has service, and nobody configured an address for their eUICC. */
const apart: ReadonlySet<StateName> = new Set(["addressing", "reverting", "recovering"]);
const working: readonly Moment[] = ["starting", ...stateNames.filter((state) => !isFinal(state) && !apart.has(state))];

/** In the order of the journey, which few runs leave; the end comes after all of it. */
export function isAfter(moment: Moment, other: Moment): boolean {
  return placeOf(moment) > placeOf(other);
}

function placeOf(moment: Moment): number {
  const place = working.indexOf(moment);
  return place < 0 ? working.length : place;
}

/**
 * A point in a run, told by what the run does and not by time, so that a slow machine does not move it: so many events (progress lines,
 * AT lines, requests to the API, changes of journal and ledger) after the moment came, and a little later than that.
 */
export interface Target {
  readonly moment: Moment;
  readonly events: number;
  readonly thenMs: number;
}

export interface DevicePlan {
  readonly index: number;
  readonly family: Family;
  readonly method: "eid" | "activation-code";
  readonly provider: "twilio" | "kore" | "none";
  readonly profileBytes: number;
  readonly answerDelayMs: number;
  readonly apiDelayMs: number;
  /** Between the POST's arrival and its effect. */
  readonly postDelayMs: number;
  /** So long the provider's list does not show what the POST made. */
  readonly staleListMs: number;
  readonly installMs: number;
  readonly targets: readonly Target[];
  /** For the emulators. */
  readonly worldSeed: number;
}

const fewestKills = 7;
const mostKills = 12;

/** Each device can be drawn without those before it. */
export function drawDevice(seed: number, index: number): DevicePlan {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const below = (limit: number): number => Math.floor(random.next() * limit);
  const oneOf = <Item>(first: Item, ...others: readonly Item[]): Item => others[below(others.length + 1)] ?? first;
  // Families in turn, from one that the seed decides: a short sweep has them all, too.
  const family = families[(index + (seed >>> 0)) % families.length] ?? drawn(families, random);
  const provider = oneOf<DevicePlan["provider"]>("twilio", "twilio", "twilio", "kore", "kore", "none");
  const method = provider === "none" ? "eid" : oneOf<DevicePlan["method"]>("eid", "eid", "activation-code");
  return {
    index,
    family,
    provider,
    method,
    profileBytes: 500 + below(2500),
    answerDelayMs: oneOf(0, 0, 1, 3),
    apiDelayMs: oneOf(0, 0, 5, 25),
    postDelayMs: oneOf(0, 20, 100, 900),
    staleListMs: oneOf(0, 0, 0, 900),
    installMs: oneOf(0, 0, 100),
    targets: drawTargets(
      family,
      weightsFor(provider, method),
      fewestKills + below(mostKills - fewestKills + 1),
      random,
    ),
    worldSeed: below(0x7fff_ffff),
  };
}

/** Those before the journey forks; every run comes by. */
const early: readonly Moment[] = ["starting", "connecting", "identifying", "surveying"];

/** How many events a moment lasts, about. */
const lengths: Readonly<Partial<Record<Moment, number>>> = {
  connecting: 6,
  identifying: 25,
  surveying: 20,
  reserving: 20,
  settling: 8,
  awaiting: 14,
  downloading: 90,
  verifying: 8,
  delivering: 12,
  activating: 8,
  enabling: 16,
  refreshing: 16,
  registering: 4,
  notifying: 10,
  confirming: 4,
};

type Weights = ReadonlyMap<Moment, number>;

/** How often each moment after the early ones is drawn: those that can cost money or a profile more often. */
function weightsFor(provider: DevicePlan["provider"], method: DevicePlan["method"]): Weights {
  const weights = new Map(working.filter((moment) => !early.includes(moment)).map((moment) => [moment, 1]));
  weights.set("downloading", 4);
  // By activation code such a kill is mostly the device's last: it is held.
  weights.set("reserving", method === "eid" ? 3 : 0.5);
  if (method === "activation-code") weights.delete("settling");
  if (provider === "none") for (const moment of onlyWithApi) weights.delete(moment);
  return weights;
}

/** Most of them in the order of the journey, so that a device comes a little further each time; some go back to its beginning. */
function drawTargets(family: Family, weights: Weights, count: number, random: Random): readonly Target[] {
  const onward: Target[] = [];
  const back: Target[] = [];
  for (let n = 0; n < count; n++) {
    const goesBack = random.next() < backShare;
    const moment = goesBack ? drawn(early, random) : weighted(weights, random);
    (goesBack ? back : onward).push(drawTarget(moment, family, random));
  }
  const targets = onward.sort((a, b) => placeOf(a.moment) - placeOf(b.moment) || a.events - b.events);
  for (const target of back) targets.splice(Math.floor(random.next() * (targets.length + 1)), 0, target);
  return targets;
}

const backShare = 0.25;
const onlyWithApi: readonly Moment[] = ["reserving", "settling", "awaiting", "activating"];
/** What a process takes to show its first line, about; before it there is nothing to count. */
const startMs = 300;

function drawTarget(moment: Moment, family: Family, random: Random): Target {
  if (moment === "starting") return { moment, events: 0, thenMs: Math.floor(random.next() * startMs) };
  // A modem that downloads by itself says little meanwhile.
  const limit = moment === "downloading" && family.by === "modem-network" ? 8 : (lengths[moment] ?? 10);
  return {
    moment,
    events: Math.floor(random.next() * limit),
    thenMs: Math.floor(random.next() ** 3 * 40),
  };
}

function weighted(weights: Weights, random: Random): Moment {
  const all = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  let left = random.next() * all;
  for (const [moment, weight] of weights) {
    left -= weight;
    if (left < 0) return moment;
  }
  return "downloading";
}

/** @throws Error for an empty list: a defect of the plan. */
function drawn<Item>(items: readonly Item[], random: Random): Item {
  const item = items[Math.floor(random.next() * items.length)];
  if (item === undefined) throw new Error("there is nothing to draw from");
  return item;
}
