import { createProviderApi } from "../../src/api/client.js";
import type { ProviderApi } from "../../src/api/resources.js";
import type { Clock } from "../../src/base/clock.js";
import { isEsimdError } from "../../src/base/errors.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { adoptForItem, prepareItemRelease } from "../../src/daemon/reservations/batch-decide.js";
import { lookForCandidates } from "../../src/daemon/reservations/batch-look.js";
import { parseBehaviours } from "../../src/emulator/api/behaviours.js";
import { fakeApiDefaults } from "../../src/emulator/api/service.js";
import { heldPosts } from "../../src/provision/batch/by-hand.js";
import { type BatchEnd, runBatch } from "../../src/provision/batch/run.js";
import { type BatchStore, openBatch } from "../../src/provision/batch/store.js";
import { durableDisk } from "../../src/provision/store/disk.js";
import { listLagMs } from "./cuts.js";
import { type PowerCut, SimFiles } from "./files.js";
import { type Death, type Happening, Life } from "./life.js";
import { SimNetwork } from "./network.js";
import type { Point } from "./points.js";
import { apiUrl, createSimProvider, type SimProvider } from "./sim-provider.js";
import { sweepPki } from "./world.js";

/** A host that makes a batch of codes, on one clock with the provider: its processes die, its disk forgets, and a person decides. */

const stateDir = "/state";
const name = "b";
const restartMs = 1_000;
const bootMs = 25_000;
/** The person waits until a list that lags shows everything, and what was sent late has arrived. */
const patienceMs = 15 * 60_000;

export type At = (point: Point) => Happening | undefined;

interface Process {
  readonly clock: Clock;
  readonly api: ProviderApi;
  withStore<Value>(work: (store: BatchStore) => Promise<Value>): Promise<Value>;
}

type Lived<Value> = { readonly kind: "done"; readonly value: Value } | { readonly kind: "died"; readonly death: Death };

export class BatchWorld {
  readonly provider: SimProvider;
  readonly files = new SimFiles();
  readonly #network: SimNetwork;
  readonly #count: number;
  readonly #parallel: number;
  #lives = 0;
  #ids = 0;
  #alive: number | undefined;
  /** The most charges that the account ever had. */
  charges = 0;

  constructor(count: number, parallel: number) {
    this.#count = count;
    this.#parallel = parallel;
    this.provider = createSimProvider({
      pki: sweepPki(),
      apiBehaviours: parseBehaviours(
        [{ match: { method: "POST", path: "/v1/ESimProfiles" }, actions: [{ do: "stale-list", ms: listLagMs }] }],
        "the sweep",
      ),
    });
    this.#network = new SimNetwork(this.provider);
    void this.files.mkdir(stateDir).then(() => this.files.syncFolder("/"));
  }

  /** One life of `esimd reserve`. */
  run(at: At = () => undefined): Promise<Lived<BatchEnd>> {
    return this.#live(at, ({ api, clock, withStore }) =>
      withStore(async (store) => {
        if (store.batch === undefined)
          await store.record({ kind: "batch", name, provider: "twilio", count: this.#count });
        return runBatch(
          {
            store,
            api,
            clock,
            random: seededRandom(30 + this.#lives),
            log: silentLog,
            newId: () => `intent-${++this.#ids}`,
            parallel: this.#parallel,
            goOn: false,
            availableWaitMs: 5 * 60_000,
            observe: () => undefined,
          },
          new AbortController().signal,
        );
      }),
    );
  }

  /** A person looks, takes what the account shows for the items in doubt, and gives the rest up. */
  async decide(): Promise<void> {
    await this.provider.clock.advance(patienceMs);
    await this.#live(
      () => undefined,
      ({ api, withStore }) =>
        withStore(async (store) => {
          const { signal } = new AbortController();
          const none = { euiccs: [], batches: [] };
          for (;;) {
            const { batch } = store;
            if (batch === undefined) return;
            const mine = { ...none, batches: [{ name, entries: undefined, batch, trouble: undefined }] };
            const [candidate] = (await lookForCandidates(api, batch, mine, signal)) ?? [];
            if (candidate !== undefined) {
              const wish = { item: undefined, why: undefined };
              await adoptForItem({ store, batch, api }, candidate.reservation.sid, wish, none, signal);
              continue;
            }
            const [post] = heldPosts(batch);
            if (post === undefined) return;
            const release = await prepareItemRelease({ store, batch, api }, post.number, undefined, signal);
            if ("carryOut" in release) await release.carryOut();
          }
        }),
    );
  }

  async afterDeath(death: Death, cut: PowerCut): Promise<void> {
    if (death === "power") this.files.cutPower(cut);
    await this.provider.clock.advance(death === "power" ? bootMs : restartMs);
  }

  /** As who only looks sees it. */
  look(): Promise<Lived<BatchStore["batch"]>> {
    return this.#live(
      () => undefined,
      ({ withStore }) => withStore(async (store) => store.batch),
    );
  }

  posts(): number {
    return this.provider.api.requests().filter(({ method, path }) => method === "POST" && path === "/v1/ESimProfiles")
      .length;
  }

  async #live<Value>(at: At, work: (process: Process) => Promise<Value>): Promise<Lived<Value>> {
    const pid = 1000 + ++this.#lives;
    const life = new Life({
      clock: this.provider.clock,
      files: this.files,
      network: this.#network,
      openModem: () => Promise.reject(new Error("there is no modem")),
      at,
      misbehave: () => undefined,
      refusal: () => undefined,
    });
    this.#alive = pid;
    const died = life.died().then((death) => ({ kind: "died", death }) as const);
    const done = work(this.#process(life, pid)).then((value) => ({ kind: "done", value }) as const);
    const lived = await this.provider.clock.runUntil(Promise.race([done, died]));
    this.#alive = undefined;
    this.charges = Math.max(this.charges, this.provider.api.ledger().length);
    return lived;
  }

  #process(life: Life, pid: number): Process {
    const { clock } = life;
    const disk = durableDisk(life.files());
    const processes = {
      ownPid: pid,
      birthOf: (asked: number) => (asked === this.#alive ? `boot/${asked}` : undefined),
    };
    const api = createProviderApi({
      provider: "twilio",
      baseUrl: apiUrl,
      key: fakeApiDefaults.key,
      secret: fakeApiDefaults.secret,
      clock,
      random: seededRandom(3),
      log: silentLog,
      retry: { attempts: 1, backoff: { firstMs: 1_000, maxMs: 1_000 }, longestRetryAfterMs: 0 },
      openTransport: life.openTransport,
    });
    return {
      clock,
      api,
      withStore: async (inner) => {
        const store = await openBatch(stateDir, name, { disk, processes, clock, log: silentLog });
        try {
          return await inner(store);
        } finally {
          await store.close();
        }
      },
    };
  }
}

/** Where nothing happens to it: the points of a run, each once. */
export async function pointsOf(count: number, parallel: number): Promise<readonly Point[]> {
  const world = new BatchWorld(count, parallel);
  const points: Point[] = [];
  const lived = await world.run((point) => {
    points.push(point);
    return undefined;
  });
  await world.provider.close();
  if (lived.kind === "died" || lived.value.error !== undefined) throw new Error("a calm run does not end well");
  return points;
}

/**
 * One story to its end: what happens in the first life, and then runs and decisions until the batch is whole.
 * @returns what is wrong, in sentences; none.
 */
export async function playBatch(count: number, parallel: number, at: At, cut: PowerCut): Promise<readonly string[]> {
  const world = new BatchWorld(count, parallel);
  const wrong: string[] = [];
  try {
    const first = await world.run(at).catch((error: unknown): Lived<BatchEnd> => {
      // Refused before it began, as by a disk that takes nothing.
      if (!isEsimdError(error)) throw error;
      return { kind: "done", value: { ready: new Map(), error } };
    });
    if (first.kind === "died") await world.afterDeath(first.death, cut);
    let end: BatchEnd | undefined;
    for (let round = 1; round <= 4; round++) {
      const again = await world.run();
      if (again.kind === "died") throw new Error("nothing kills this life");
      end = again.value;
      if (end.error === undefined) break;
      if (end.error.entry.held === true) await world.decide();
      else await world.provider.clock.advance(60_000);
    }
    if (end?.error !== undefined) wrong.push(`it does not become whole: ${end.error.message}`);
    await world.provider.clock.advance(patienceMs);
    const looked = await world.look();
    const batch = looked.kind === "done" ? looked.value : undefined;
    const ready = batch?.items.filter(({ state }) => state.kind === "ready") ?? [];
    if (ready.length !== count) wrong.push(`${ready.length} of ${count} codes`);
    const ledger = world.provider.api.ledger();
    if (ledger.length > count) wrong.push(`${ledger.length} charges for ${count} codes`);
    for (const { sid } of ledger) if (batch?.sids.has(sid) !== true) wrong.push(`the charge ${sid} is in no ledger`);
    return wrong;
  } finally {
    await world.provider.close();
  }
}
