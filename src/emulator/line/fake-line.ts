import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import type { FakeApiTiming } from "../api/fake-api.js";
import type { ListenAddress } from "../modem/transport/socket.js";
import { type FakeServers, startFakeServers } from "../servers.js";
import { checkScenario } from "../smdp/scenario.js";
import { Bench, type BenchSlot } from "./bench.js";
import { apiBehaviours, faultOf, smdpBehaviours } from "./faults.js";
import { type HeardVerdict, operate } from "./operator.js";
import { type LineOrder, planLine, type UnitPlan } from "./plan.js";
import { type LineResult, Tally } from "./tally.js";

/** A factory line on emulators: units, slots, the provider's servers, and the operator who feeds a station. */

export interface FakeLineOptions extends LineOrder {
  /** Sockets, certificates, configuration and the results are put here. */
  readonly dir: string;
  readonly slots: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly dialect?: string | undefined;
  readonly paceBaud?: number | undefined;
  readonly delayMs?: number | undefined;
  readonly profileSizeBytes?: number | undefined;
  /** Sessions after which the SM-DP+ gives an order up; as many as it has by itself when left out. */
  readonly downloadSessions?: number | undefined;
  readonly apiTiming?: Partial<FakeApiTiming> | undefined;
  /** Where the station hears a test executive. Left out: the first units are put in, and nobody takes them out. */
  readonly executive?: ListenAddress | undefined;
  readonly operator?: "auto" | "manual" | undefined;
  readonly thinkMs?: number | undefined;
  /** Tells the station to drain at the end. */
  readonly drains?: boolean | undefined;
  /** How long nobody may listen at `executive`; ten minutes when left out. */
  readonly connectWaitMs?: number | undefined;
}

/** What a station needs to know. */
export interface LineReady {
  readonly slots: readonly BenchSlot[];
  readonly env: Readonly<Record<string, string>>;
  readonly config: string;
}

export interface FakeLine {
  readonly ready: LineReady;
  readonly plan: readonly UnitPlan[];
  readonly servers: FakeServers;
  /** Every unit had its turn, or rejects with why the operator gave up. Never settles without an operator. */
  readonly finished: Promise<void>;
  result(): LineResult;
  /** Stops everything; the result is in `DIR/line-result.json` afterwards. */
  close(): Promise<LineResult>;
}

/**
 * A line waits less than the field: a unit that says nothing for so long is a FAIL, and a doubt at the provider is settled while the unit
 * is in its slot.
 */
const lineConfig = `
[modem]
wake_wait = "10s"
return_wait = "20s"

[reservation]
reserve_settle = "3s"
`;

const defaultDialect = "etsi-apdu";
const defaultConnectWaitMs = 600_000;

/** @throws EsimdError `usage`, `bad_input` and others of the emulators; what was started is stopped again. */
export async function startFakeLine(options: FakeLineOptions): Promise<FakeLine> {
  const { clock, random, log } = options;
  const plan = planLine(options);
  const faulty = plan.flatMap(({ fault, eid }) => (fault === null ? [] : [{ fault: faultOf(fault), eid }]));
  const servers = await startFakeServers({
    dir: options.dir,
    clock,
    random,
    log,
    profileSizeBytes: options.profileSizeBytes,
    apiTiming: options.apiTiming,
    apiBehaviours: faulty.flatMap(({ fault, eid }) => apiBehaviours(fault, eid)),
    smdpScenario: {
      ...checkScenario({ maxAttempts: options.downloadSessions }, "the line's SM-DP+"),
      behaviours: faulty.flatMap(({ fault, eid }) => smdpBehaviours(fault, eid)),
    },
    config: lineConfig,
  });
  const stop = new AbortController();
  try {
    const bench = new Bench({
      servers,
      plan,
      slots: options.slots,
      clock,
      random,
      log,
      dialect: options.dialect ?? defaultDialect,
      paceBaud: options.paceBaud,
      delayMs: options.delayMs,
    });
    await bench.open();
    const tally = new Tally(plan);
    const ready: LineReady = { slots: bench.slots, env: servers.env, config: servers.config };
    await replaceFile(join(servers.dir, "line.json"), ready);
    const note = (unit: UnitPlan, heard: HeardVerdict): void => {
      tally.note(unit, heard);
      log.debug({ serial: unit.serial, fault: unit.fault, ...heard }, "a unit had its turn");
    };
    const finished = startOperator(options, bench, plan, note, stop.signal);
    // Who started the line may not listen yet.
    finished.catch(() => undefined);
    const result = (): LineResult => tally.result(servers.api.ledger(), servers.api.requestCount());
    return {
      ready,
      plan,
      servers,
      finished,
      result,
      close: async () => {
        stop.abort(new Error("the line stops"));
        if (options.executive !== undefined) await finished.catch(() => undefined);
        await bench.close();
        const last = result();
        await replaceFile(join(servers.dir, "line-result.json"), last);
        await servers.close();
        return last;
      },
    };
  } catch (error) {
    await servers.close();
    throw error;
  }
}

function startOperator(
  options: FakeLineOptions,
  bench: Bench,
  plan: readonly UnitPlan[],
  onVerdict: (unit: UnitPlan, heard: HeardVerdict) => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, executive } = options;
  if (executive === undefined) return putInFirst(bench, plan, signal);
  const mode = options.operator ?? "auto";
  return operate(
    {
      bench,
      plan,
      executive,
      mode,
      thinkMs: options.thinkMs ?? 0,
      connectWaitMs: options.connectWaitMs ?? defaultConnectWaitMs,
      drains: options.drains ?? false,
      clock,
      log,
      onPutIn: (slot, unit) => (mode === "manual" ? bench.writeLabel(slot, unit) : Promise.resolve()),
      onVerdict,
    },
    signal,
  );
}

/** Without an operator nobody has a turn: the units stay where they are. */
async function putInFirst(bench: Bench, plan: readonly UnitPlan[], signal: AbortSignal): Promise<void> {
  for (const [index, { number }] of bench.slots.entries()) {
    const unit = plan[index];
    if (unit !== undefined && unit.after === null) await bench.putIn(number, unit);
  }
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Whole or not at all: who waits for the file reads it as soon as it is there. */
async function replaceFile(path: string, content: object): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, `${JSON.stringify(content)}\n`);
  await rename(draft, path);
}
