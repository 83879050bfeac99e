import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import type { Served } from "../../../src/emulator/smdp/fake-smdp.js";
import { startFakeWorld } from "../../../src/emulator/world.js";
import { countTurns, tally } from "../exchanges.js";
import type { Contender } from "./contender.js";
import { fineClock } from "./fine-clock.js";
import { runProcess } from "./process.js";
import { es10ExchangesOf, forcedExchanges, modemSegmentBytes, sessionOf } from "./session.js";
import { type TimedTurn, WireWatch } from "./wire-watch.js";

/** One download by a program of its own, in real time, on a line that is slow in one way. */

/** Both directions at this speed, or so long before every answer. */
export type SlowLine =
  | { readonly kind: "baud"; readonly baud: number }
  | { readonly kind: "delay"; readonly delayMs: number };

export interface TimedDownload {
  readonly program: string;
  readonly line: SlowLine;
  readonly profileBytes: number;
  readonly exchanges: number;
  /** Those that the package's own structure forces, by the longest segment that the modem takes. */
  readonly forcedExchanges: number;
  readonly serialBytes: number;
  readonly floorBytes: number;
  /** ES9+ requests of the whole run, the install result's among them. */
  readonly requests: number;
  /** What the SM-DP+ itself took for those of the session. */
  readonly smdpMs: number;
  /** From the first byte of the session's first command to the last byte of the install result. */
  readonly sessionMs: number;
  readonly floorMs: number;
  /** By so much the emulated modem was slower than its line or its delay: its card computes. It is in the session, and not in the floor. */
  readonly modemMs: number;
  /** From the start of the process to its first byte on the line. */
  readonly startMs: number;
  /** From there to the session: whose modem it is, its EID, its list. */
  readonly beforeMs: number;
  readonly wholeMs: number;
  readonly cpuSeconds: number;
  readonly peakKib: number;
}

const deadlineMs = 30 * 60_000;
const sessionFunctions = /\/es9plus\/(initiateAuthentication|authenticateClient|getBoundProfilePackage)$/;

/** @throws when the profile is not on the eUICC in the end: then there is nothing to measure. */
export async function timeDownload(contender: Contender, line: SlowLine, profileBytes: number): Promise<TimedDownload> {
  const clock = fineClock;
  const dir = await mkdtemp(join(tmpdir(), "esimd-time-"));
  const watch = new WireWatch(clock);
  const served: Served[] = [];
  let close: (() => Promise<void>) | undefined;
  try {
    const world = await startFakeWorld({
      dir: join(dir, "world"),
      clock,
      random: seededRandom(3),
      log: silentLog,
      dialect: "etsi-apdu",
      modemWorld: { simBusyMs: 50, registrationMs: 50 },
      profileSizeBytes: profileBytes,
      onWire: watch.see,
      onServed: (one) => served.push(one),
      ...(line.kind === "baud" ? { paceBaud: line.baud } : { delayMs: line.delayMs }),
    });
    close = () => world.close();
    world.smdp.placeOrder(world.modem.euicc.eid);
    const run = await runProcess({ ...contender.call(world, dir), deadlineMs });
    const [profile] = world.modem.euicc.profiles;
    if (!contender.isDone(run) || profile?.sizeBytes !== profileBytes)
      throw new Error(`${contender.name} installed no profile; it said:\n${run.stderr}${run.stdout}`);
    const session = sessionOf(watch.turns);
    const [first] = session;
    const last = session.at(-1);
    if (first === undefined || last === undefined) throw new Error("the session has no exchange");
    const counts = tally(countTurns(session));
    const forced = forcedExchanges(es10ExchangesOf(session), { segmentBytes: modemSegmentBytes, hostFetches: true });
    const es9 = served.filter(({ path, isTls }) => isTls && path.includes("/es9plus/"));
    const smdpMs = es9.filter(({ path }) => sessionFunctions.test(path)).reduce((sum, { tookMs }) => sum + tookMs, 0);
    const firstByteMs = watch.turns[0]?.sentAtMs ?? run.endedAtMs;
    return {
      program: contender.name,
      line,
      profileBytes,
      exchanges: counts.exchanges,
      forcedExchanges: forced,
      serialBytes: counts.bytes,
      floorBytes: counts.floorBytes,
      requests: es9.length,
      smdpMs,
      sessionMs: last.lastByteAtMs - first.sentAtMs,
      floorMs: smdpMs + lineFloorMs(line, counts.floorBytes, forced),
      modemMs: session.reduce((sum, turn) => sum + beyondTheLine(line, turn), 0),
      startMs: firstByteMs - run.startedAtMs,
      beforeMs: first.sentAtMs - firstByteMs,
      wholeMs: run.endedAtMs - run.startedAtMs,
      cpuSeconds: run.cpuSeconds,
      peakKib: run.peakKib,
    };
  } finally {
    await close?.();
    await rm(dir, { recursive: true, force: true });
  }
}

/** An echo runs beside the line that it repeats. */
function beyondTheLine(line: SlowLine, { sent, received, sentAtMs, lastByteAtMs }: TimedTurn): number {
  const answer = received.startsWith(sent.trimEnd()) ? received.length - sent.length : received.length;
  return lastByteAtMs - sentAtMs - lineFloorMs(line, sent.length + answer, 1);
}

/** Ten bits a byte, or the forced exchanges times the delay. Pure. */
export function lineFloorMs(line: SlowLine, floorBytes: number, forced: number): number {
  return line.kind === "baud" ? (floorBytes * 10_000) / line.baud : forced * line.delayMs;
}
