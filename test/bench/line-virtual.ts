import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type Clock, sleep } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { parseArguments } from "../../src/commands/arguments.js";
import { stationCommand } from "../../src/commands/station.js";
import { runLine } from "../../src/commands/station-line.js";
import { type LineReady, startFakeLine } from "../../src/emulator/line/fake-line.js";
import { stationFileFor } from "../../src/station/station-file.js";
import { startEagerClock } from "../support/eager-clock.js";
import { differences, readLineResult, readStationRecord } from "./line-checks.js";
import { type LineOrder, lineFaultPercent, lineSlots } from "./line-order.js";
import { type Summary, summaryOf } from "./metered.js";
import { ts48Bytes } from "./setting.js";

/**
 * A batch with slow modems in little time: line, operator and station are in one process, on a clock that moves when nothing happens.
 * Everything else is as it is: the program's own command, sockets, TLS, cryptography, files.
 */

export interface VirtualFigures {
  readonly delayMs: number;
  /** Its seconds are the clock's. */
  readonly summary: Summary;
  /** A slot's, from one unit to the next. */
  readonly secondsPerUnit: number;
  readonly realSeconds: number;
  /** Of the whole process: station and emulators. */
  readonly cpuSecondsPerUnit: number;
  readonly differences: readonly string[];
}

const delayMs = 300;
/** On the clock that moves by itself: nothing that goes on as planned takes so long. */
const mostMs = 24 * 3600 * 1000;

export async function measureVirtualLine({ units, seed }: LineOrder): Promise<VirtualFigures> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-line-"));
  const clock = startEagerClock(Date.now(), "events");
  try {
    const startMs = performance.now();
    const before = process.cpuUsage();
    const executive = join(dir, "executive.sock");
    const line = await startFakeLine({
      dir,
      slots: lineSlots,
      units,
      seed,
      faultPercent: lineFaultPercent,
      clock,
      random: seededRandom(seed),
      log: silentLog,
      delayMs,
      profileSizeBytes: ts48Bytes,
      executive: { kind: "unix", path: executive },
    });
    let summary: Summary;
    try {
      summary = await workLine({ clock, ready: line.ready, executive, units, seed });
    } finally {
      await line.close();
    }
    const { user, system } = process.cpuUsage(before);
    return {
      delayMs,
      summary,
      secondsPerUnit: (summary.seconds * Math.min(units, lineSlots)) / units,
      realSeconds: (performance.now() - startMs) / 1000,
      cpuSecondsPerUnit: (user + system) / 1e6 / units,
      differences: differences({ line: await readLineResult(dir), summary, record: await readStationRecord(dir) }),
    };
  } finally {
    clock.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** `esimd station` on the line that is there, until it has given its verdicts. @throws when it ends otherwise. */
async function workLine(parts: {
  readonly clock: Clock;
  readonly ready: LineReady;
  readonly executive: string;
  readonly units: number;
  readonly seed: number;
}): Promise<Summary> {
  const { clock, ready, executive, units, seed } = parts;
  const stop = new AbortController();
  const over = new AbortController();
  sleep(clock, mostMs, over.signal).then(
    () => stop.abort(new Error("the batch does not come to its end")),
    () => undefined,
  );
  let stdout = "";
  let stderr = "";
  const context = {
    env: ready.env,
    clock,
    random: seededRandom(seed + 1),
    signal: stop.signal,
    stdin: new PassThrough(),
    stderrIsTerminal: false,
    stdout: (text: string) => {
      stdout += text;
    },
    stderr: (text: string) => {
      stderr += text;
    },
  };
  const args = parseArguments(stationCommand, ["--units", String(units), "--json"]);
  try {
    const status = await runLine(context, args, stationFileFor(ready.slots, `unix:${executive}`), units);
    stop.signal.throwIfAborted();
    if (status !== 0) throw new Error(`the station ended with ${status}; it said:\n${stderr}`);
    return summaryOf(stdout);
  } finally {
    over.abort();
  }
}
