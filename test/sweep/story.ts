import { expect } from "vitest";
import type { Actor } from "../../src/base/errors.js";
import { type LedgerEntry, parseLedger } from "../../src/provision/ledger.js";
import type { Report } from "../../src/report/schema.js";
import { optionsFor } from "./cuts.js";
import type { DiskFailure, PowerCut } from "./files.js";
import {
  alwaysHolds,
  type Circumstances,
  hasAnEnd,
  holdsAfterHealing,
  holdsAtEnd,
  keepsAProfile,
  type Seen,
  seenAtFirst,
} from "./invariants.js";
import type { Happening } from "./life.js";
import { nameOf, type Point } from "./points.js";
import { type At, type Ending, type Setup, type SimOptions, SimWorld } from "./world.js";
import { stateDir } from "./world-config.js";

/** A story of one device, told life by life: the invariants are looked after at every point, what it ends with is the story's to say. */

/** How a life ended, as a person and a service manager see it. */
export interface Told {
  readonly state: Report["state"] | "died" | "unable";
  readonly code: string | undefined;
  readonly actor: Actor | undefined;
  readonly message: string;
  readonly hint: string;
  readonly exit: number | undefined;
  readonly changed: boolean | undefined;
  readonly sid: string | undefined;
}

export const ownLpa: Setup = { family: "etsi-apdu", lpa: "host", method: "eid", provider: "twilio" };
export const byCode: Setup = { ...ownLpa, method: "activation-code" };
export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
/** As the daemon would try again. */
export const laterMs = 5 * minuteMs;

export class Story {
  readonly world: SimWorld;
  readonly circumstances: Circumstances;
  /** What the story is about would else be a violation, such as an error result that was owed. */
  expects: RegExp | undefined;
  readonly #seen: Seen;
  readonly #violations = new Set<string>();
  #last: Report | undefined;

  /** The provider's list is not late, unless told. */
  static async begin(
    setup: Setup,
    options: Partial<SimOptions> = {},
    circumstances: Partial<Circumstances> = {},
  ): Promise<Story> {
    const world = await SimWorld.create({ ...optionsFor(setup), apiBehaviours: [], ...options });
    return new Story(world, circumstances);
  }

  private constructor(world: SimWorld, circumstances: Partial<Circumstances>) {
    this.world = world;
    this.circumstances = {
      askedFor: 0,
      mayPayTwice: false,
      holdsWhenUnclear: false,
      diskLies: false,
      resultMayBeLost: false,
      before: [],
      ...circumstances,
    };
    this.#seen = seenAtFirst(world, this.circumstances.before);
  }

  get charges(): number {
    return this.world.api.ledger().length;
  }

  /** The POSTs for a reservation that came to the API. */
  get posts(): number {
    return this.world.api.requests().filter(({ method, path }) => method === "POST" && path === "/v1/ESimProfiles")
      .length;
  }

  get folder(): string {
    return `${stateDir}/euicc/${this.world.eid}`;
  }

  get ledgerFile(): string {
    return `${this.folder}/ledger.jsonl`;
  }

  get journalFile(): string {
    return `${this.folder}/journal.json`;
  }

  file(path: string): string | undefined {
    return this.world.files.contents().get(path);
  }

  /** What the device's own ledger has, which must be whole. */
  entries(): readonly LedgerEntry[] {
    const ledger = parseLedger(this.file(this.ledgerFile) ?? "");
    if (ledger.kind === "damaged") throw new Error(`the ledger is damaged: ${ledger.why}`);
    return ledger.entries;
  }

  kinds(): readonly string[] {
    return this.entries().map(({ kind }) => kind);
  }

  /** One life to its end. */
  async live(at: At = () => undefined): Promise<Told> {
    return this.#judge(await this.world.live(this.watched(at)), this.#startedMs());
  }

  /** One life that somebody else moves the clock for. */
  async start(at: At = () => undefined): Promise<Told> {
    const startMs = this.#startedMs();
    return this.#judge(await this.world.start(this.watched(at)), startMs);
  }

  /** As {@link live}, and then the time until the daemon would try again. */
  async liveAndWait(at?: At): Promise<Told> {
    const told = await this.live(at);
    await this.world.clock.advance(laterMs);
    return told;
  }

  /** A life that a power cut ends at this point; the power is back `offMs` later. */
  async liveUntil(where: Where, offMs = 0, cut: PowerCut = "strict"): Promise<void> {
    const told = await this.live(there(where, { kind: "death", when: "after", death: "power" }));
    expect(told.state, `it did not come to ${where.effect}`).toBe("died");
    await this.world.afterDeath("power", cut, offMs);
  }

  /** What holds when the world is healthy again. */
  async isWell(): Promise<void> {
    await this.world.clock.advance(5_000);
    if (this.#last === undefined) throw new Error("no run has ended");
    this.#note(holdsAfterHealing(this.world, this.#last, this.circumstances));
  }

  /** Checks the invariants of all that was told, and ends the world. */
  async end(): Promise<void> {
    await this.world.close();
    expect([...this.#violations]).toEqual([]);
  }

  watched(at: At): At {
    return (point) => {
      this.#note(alwaysHolds(this.world, this.circumstances, this.#seen));
      return at(point);
    };
  }

  heard(report: Report, exitStatus: number): void {
    this.#last = report;
    this.#note(holdsAtEnd(this.world, report, exitStatus));
    this.#note(keepsAProfile(this.world, this.#seen));
  }

  #startedMs(): number {
    return this.world.clock.monotonicMs();
  }

  #judge(ending: Ending, startMs: number): Told {
    this.#note(alwaysHolds(this.world, this.circumstances, this.#seen));
    this.#note(hasAnEnd(this.world.clock.monotonicMs() - startMs, this.world.deadlineMs));
    const nothing = { message: "", hint: "", changed: undefined, sid: undefined, actor: undefined, code: undefined };
    switch (ending.kind) {
      case "hung":
        throw new Error("the run hangs", { cause: ending.error });
      case "died":
        return { ...nothing, state: "died", exit: undefined };
      case "unable": {
        const { code, message, hint, entry, exitStatus } = ending.error;
        return { ...nothing, state: "unable", code, message, hint, actor: entry.actor, exit: exitStatus };
      }
      case "ended": {
        const { report, exitStatus } = ending.result;
        this.heard(report, exitStatus);
        const { state, changed, error, esimProfile } = report;
        return {
          state,
          code: error?.code,
          actor: error?.actor,
          message: error?.message ?? "",
          hint: error?.hint ?? "",
          exit: exitStatus,
          changed,
          sid: esimProfile?.sid,
        };
      }
    }
  }

  #note(complaints: Iterable<string>): void {
    for (const complaint of complaints) if (this.expects?.test(complaint) !== true) this.#violations.add(complaint);
  }
}

/** A point by what it does; in whichever state and the first of its kind, unless told. */
export type Where = Pick<Point, "effect"> & Partial<Pick<Point, "state" | "nth">>;

export const thePost: Where = { state: "reserving", effect: "POST /v1/ESimProfiles" };

export function isAt(where: Where, point: Point): boolean {
  const { effect, state = point.state, nth = 1 } = where;
  return point.effect === effect && point.state === state && point.nth === nth;
}

/** Something happens at one point. */
export function there(where: Where, happening: Happening): At {
  return (point) => (isAt(where, point) ? happening : undefined);
}

/** From a point on, nothing can be written; what is there can be read. */
export function unwritableFrom(from: (point: Point) => boolean, failure: DiskFailure): At {
  let isMet = false;
  return (point) => {
    isMet ||= from(point);
    return isMet && refuses(failure, point) ? { kind: "disk", failure } : undefined;
  };
}

/** A full disk takes a name away; one that is read-only does not. Neither has anything against reading, or syncing a folder. */
function refuses(failure: DiskFailure, { room, effect }: Point): boolean {
  if (room !== "disk") return false;
  return failure === "EROFS" ? !/^(read|sync folder) /.test(effect) : !/^(read|sync folder|remove) /.test(effect);
}

export const lostAnswer: Happening = { kind: "network", fault: { do: "cut", effect: true } };
export const lostRequest: Happening = { kind: "network", fault: { do: "cut", effect: false } };

/** The points of a calm life, by name. */
export async function calmNames(setup: Setup): Promise<readonly Point[]> {
  const story = await Story.begin(setup);
  const points = new Map<string, Point>();
  await story.live((point) => {
    if (!points.has(nameOf(point))) points.set(nameOf(point), point);
    return undefined;
  });
  await story.end();
  return [...points.values()];
}
