import type { BehaviourInput } from "../../src/emulator/api/behaviours.js";
import { parseBehaviours } from "../../src/emulator/api/behaviours.js";
import { calmPoints, optionsFor } from "./cuts.js";
import type { DiskFailure } from "./files.js";
import type { Findings } from "./findings.js";
import type { Circumstances } from "./invariants.js";
import type { Happening } from "./life.js";
import { modemFaults } from "./modem-faults.js";
import type { NetworkFault } from "./network.js";
import { type Plan, play } from "./play.js";
import { nameOf, type Point, type Room } from "./points.js";
import type { Setup } from "./world.js";

/** Every call and every exchange fails in each of its ways, at each point of a run. */

/** What the provider does with one request, or its network. */
const apiFaults: Readonly<Record<string, NetworkFault>> = {
  "no connection": { do: "refused" },
  "is lost on its way": { do: "cut", effect: false },
  "has its effect and loses its answer": { do: "cut", effect: true },
  "has its effect a minute later, whoever is alive then": { do: "late-effect", ms: 60_000 },
  "has its effect, and half an answer comes": { do: "cut-in-body", effect: true },
  "is never answered": { do: "silence", effect: false },
  "has its effect and is never answered": { do: "silence", effect: true },
  "takes 20 s": { do: "slow", ms: 20_000 },
  "takes two minutes": { do: "slow", ms: 120_000 },
  "429 with Retry-After": { do: "status", status: 429, effect: false, retryAfter: "7" },
  "500 before its effect": { do: "status", status: 500, effect: false },
  "500 after its effect": { do: "status", status: 500, effect: true },
  "502 from a proxy, after its effect": { do: "status", status: 502, effect: true, html: true },
  "503 with Retry-After of an hour": { do: "status", status: 503, effect: false, retryAfter: "3600" },
  "a captive portal": { do: "html", effect: false },
  "HTML after its effect": { do: "html", effect: true },
  "JSON that breaks off, after its effect": { do: "wrong-json", effect: true },
  "an empty body after its effect": { do: "empty", effect: true },
  "a redirect": { do: "redirect" },
};

/** What the SM-DP+ does with one function, or its network. */
const smdpFaults: Readonly<Record<string, NetworkFault>> = {
  "no connection": { do: "refused" },
  "is lost on its way": { do: "cut", effect: false },
  "has its effect and loses its answer": { do: "cut", effect: true },
  "is never answered": { do: "silence", effect: false },
  "has its effect and is never answered": { do: "silence", effect: true },
  "takes 50 s": { do: "slow", ms: 50_000 },
  "takes three minutes": { do: "slow", ms: 180_000 },
  "500 as HTML": { do: "status", status: 500, effect: false, html: true },
  "500 as HTML after its effect": { do: "status", status: 500, effect: true, html: true },
  "JSON that breaks off": { do: "wrong-json", effect: false },
  "an empty body": { do: "empty", effect: false },
  "fails as the server is overloaded": { do: "failed", subjectCode: "8.8", reasonCode: "5.1" },
};

const diskFailures = ["ENOSPC", "EROFS", "EIO"] as const satisfies readonly DiskFailure[];

export interface NamedFault {
  readonly name: string;
  readonly happening: Happening;
  /** It does not pass: it is so from here on, for the rest of this life. */
  readonly stays?: true;
}

const named = (faults: Readonly<Record<string, NetworkFault>>): readonly NamedFault[] =>
  Object.entries(faults).map(([name, fault]) => ({ name, happening: { kind: "network", fault } }));

const byRoom: Readonly<Record<Room, readonly NamedFault[]>> = {
  serial: Object.keys(modemFaults).map((name) => ({ name, happening: { kind: "modem", name } })),
  api: named(apiFaults),
  smdp: named(smdpFaults),
  disk: diskFailures.flatMap((failure): NamedFault[] => [
    { name: failure, happening: { kind: "disk", failure } },
    { name: `${failure} from here on`, happening: { kind: "disk", failure }, stays: true },
  ]),
};

/** The opening of a port is no line, and no fault of a line can meet it. */
export function faultsAt(point: Pick<Point, "room" | "effect">): readonly NamedFault[] {
  if (point.room === "serial" && point.effect === "open") return [];
  // Success without a body is how a notification is taken: nobody can tell a server that lies about it.
  if (point.effect === "handleNotification") return byRoom.smdp.filter(({ name }) => name !== "an empty body");
  // Nothing is sent, and nothing answers but the connection itself.
  if (point.effect === "connect")
    return byRoom[point.room].filter(({ name }) => name === "no connection" || name === "is never answered");
  return byRoom[point.room];
}

export interface FaultSweep {
  readonly room: Room;
  /** Only the points whose names have this in them. */
  readonly points?: string;
}

export async function sweepFaults(setup: Setup, sweep: FaultSweep, found: Findings): Promise<void> {
  const { room, points: only = "" } = sweep;
  const options = optionsFor(setup);
  const points = firstAndLast(await calmPoints(options)).filter(
    (point) => point.room === room && nameOf(point).includes(only),
  );
  for (const point of points) {
    for (const fault of faultsAt(point)) {
      const plan = planOf(point, fault);
      found.fault(setup, await play(options, [plan]), plan.name);
    }
  }
}

/** Of repeats in one state the first and the last: the last segment of a package is the one that installs it. */
function firstAndLast(points: readonly Point[]): readonly Point[] {
  const last = new Map(points.map((point) => [nameOf(point), point.nth]));
  return points.filter((point) => point.nth === 1 || point.nth === last.get(nameOf(point)));
}

function planOf(point: Point, { name, happening, stays }: NamedFault): Plan {
  let isMet = false;
  return {
    name: `"${nameOf(point)}"${point.nth === 1 ? "" : ` no. ${point.nth}`} ${name}`,
    // A disk that fails wants somebody who looks after it.
    ...(point.room === "disk" ? {} : { passes: true }),
    at: (now) => {
      const isHere = now.nth === point.nth && nameOf(now) === nameOf(point);
      isMet ||= isHere;
      return isHere || (stays && isMet && now.room === point.room) ? happening : undefined;
    },
  };
}

// --- the provider's bad days, which are no single request's ---

interface BadDay {
  readonly name: string;
  readonly behaviours: readonly BehaviourInput[];
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  readonly circumstances?: Partial<Circumstances>;
  /** The answer to the POST, besides. */
  readonly post?: NetworkFault;
  /** The answer to each look at the list behind it. */
  readonly list?: NetworkFault;
}

const post = { method: "POST", path: "/v1/ESimProfiles" } as const;
const staleFor = (ms: number): BehaviourInput => ({ match: post, actions: [{ do: "stale-list", ms }] });
const cut: NetworkFault = { do: "cut", effect: true };
const lost: NetworkFault = { do: "cut", effect: false };

const badDays: readonly BadDay[] = [
  ...[0, 30_000, 600_000, 890_000].flatMap((ms): BadDay[] => [
    { name: `answer lost, list late by ${ms / 1000} s`, behaviours: [staleFor(ms)], post: cut },
    { name: `POST lost, list late by ${ms / 1000} s`, behaviours: [staleFor(ms)], post: lost },
  ]),
  {
    name: "answer lost, list late by an hour, and on_unclear is hold",
    behaviours: [staleFor(3_600_000)],
    config: { "reservation.on_unclear": "hold" },
    circumstances: { holdsWhenUnclear: true },
    post: cut,
  },
  {
    name: "answer lost, list late by an hour, and on_unclear is retry",
    behaviours: [staleFor(3_600_000)],
    circumstances: { mayPayTwice: true },
    post: cut,
  },
  {
    name: "answer lost, and no list can be read",
    behaviours: [],
    post: cut,
    list: { do: "status", status: 503, effect: false },
  },
  { name: "out of stock at once", behaviours: [{ match: { ...post, nth: 1 }, actions: [{ do: "stock-out" }] }] },
  {
    name: "out of stock after a while",
    behaviours: [{ match: { ...post, nth: 1 }, actions: [{ do: "reservation-fails" }] }],
  },
  {
    name: "neither downloaded nor installed is ever shown",
    behaviours: [{ match: post, actions: [{ do: "never-updates" }] }],
  },
  {
    name: "reserving takes ten minutes",
    behaviours: [{ match: post, actions: [{ do: "walk", toAvailableMs: 600_000 }] }],
  },
];

/** Each bad day with the run left alone, and cut at every point that comes behind the POST. */
export async function sweepBadDays(setup: Setup, found: Findings): Promise<void> {
  for (const day of badDays) {
    const options = {
      ...optionsFor(setup),
      apiBehaviours: parseBehaviours(day.behaviours, "the sweep"),
      ...(day.config === undefined ? {} : { config: day.config }),
      ...(day.circumstances === undefined ? {} : { circumstances: day.circumstances }),
    };
    const spoilt = (point: Point): Happening | undefined => {
      const isPost = point.effect === "POST /v1/ESimProfiles" && point.nth === 1;
      const isList = point.effect.startsWith("GET /v1/ESimProfiles?") && point.state === "settling";
      const fault = isPost ? day.post : isList ? day.list : undefined;
      return fault === undefined ? undefined : { kind: "network", fault };
    };
    const left = await play(options, [{ name: day.name, at: spoilt }]);
    found.seed(setup, left, day.name);
    const behind = (left.lives[0] ?? []).filter(
      (point, index, all) =>
        index > all.findIndex(({ effect }) => effect === "POST /v1/ESimProfiles") &&
        point.nth === 1 &&
        (point.state === "reserving" || point.state === "settling" || point.state === "awaiting"),
    );
    const known = new Set<string>();
    for (const point of behind) {
      found.point({ ...setup, family: `${setup.family}, ${day.name}` }, point);
      const name = `${day.name}; then a power cut after "${nameOf(point)}"`;
      const verdict = await play({ ...options, known }, [
        {
          name,
          at: (now) =>
            now.nth === 1 && nameOf(now) === nameOf(point)
              ? { kind: "death", when: "after", death: "power" }
              : spoilt(now),
        },
      ]);
      found.cut(setup, verdict, name);
    }
  }
}
