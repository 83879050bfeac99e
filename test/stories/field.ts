import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { type Clock, systemClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import type { CommandContext } from "../../src/commands/command.js";
import { main } from "../../src/commands/main.js";
import type { OnSignal } from "../../src/daemon/daemon.js";
import { type BehaviourInput, parseBehaviours } from "../../src/emulator/api/behaviours.js";
import { builtInScenarios } from "../../src/emulator/modem/built-in-scenarios.js";
import {
  checkScenario as checkModemScenario,
  type ScenarioInput as ModemScenarioInput,
} from "../../src/emulator/modem/scenario.js";
import {
  checkScenario as checkSmdpScenario,
  type ScenarioInput as SmdpScenarioInput,
} from "../../src/emulator/smdp/scenario.js";
import { type FakeWorld, type FakeWorldOptions, startFakeWorld } from "../../src/emulator/world.js";
import { type Report, reportSchema } from "../../src/report/schema.js";
import { type HostRoots, realHost } from "../../src/serial/host-roots.js";

/**
 * The field, for stories: the three emulators, the modem on a real pty, and esimd run as its user runs it. Waits are real but short;
 * every story has a deadline of its own.
 */

export interface FieldOptions {
  readonly dialect?:
    | "quectel-iccid"
    | "quectel-nwmode"
    | "quectel-index"
    | "etsi-apdu"
    | "fibocom-mtk"
    | "sierra"
    | "simcom"
    | "3gpp-r19";
  /** A built-in scenario's name, or a scenario. */
  readonly modem?: string | ModemScenarioInput;
  readonly smdp?: SmdpScenarioInput;
  /** Entries of a scenario file of the fake API. */
  readonly api?: readonly BehaviourInput[];
  readonly bootstrap?: boolean;
  /** Whose LPA does the work; the modem's own, unless the story is about ours. */
  readonly lpa?: "modem" | "host" | "auto";
  readonly world?: Partial<FakeWorldOptions>;
  /** Where esimd looks for ports and processes; the real host when left out. */
  readonly host?: HostRoots;
  /** esimd's time; the emulators have the real one. */
  readonly clock?: Clock;
  /** Signals of the process besides SIGTERM. */
  readonly onSignal?: OnSignal;
  /** Hears each write to stdout, at once. */
  readonly onStdout?: (text: string, field: Field) => void;
  /** Hears each write to stderr, at once. */
  readonly onStderr?: (text: string) => void;
}

/** How a command ended. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line of stdout as a report. @throws when it is none. */
  report(): Report;
}

export interface Field {
  readonly world: FakeWorld;
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Any command of esimd, in this process. */
  esimd(words: readonly string[], env?: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<Ended>;
  /** `esimd provision --json` on the field's modem. */
  provision(words?: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** The built program as a process of its own, for stories that kill it. */
  spawnProvision(words?: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
  /** Charges so far. */
  charges(): number;
  close(): Promise<void>;
}

/** Quicker than the field, in the same order. */
const quickModem = { simBusyMs: 150, registrationMs: 200 };
const quickApi = { toReservingMs: 20, toAvailableMs: 60, simScheduledMs: 60 };
/** What a person would set to see results soon; the stories about waiting set their own. */
const quickConfig: Readonly<Record<string, string>> = {};

export async function startField(options: FieldOptions = {}): Promise<Field> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-story-"));
  const { modem, smdp, api, lpa = "modem" } = options;
  const world = await startFakeWorld({
    dir,
    clock: systemClock,
    random: seededRandom(7),
    log: silentLog,
    dialect: options.dialect,
    bootstrap: options.bootstrap,
    modemScenario: modem === undefined ? undefined : scenarioOf(modem),
    modemWorld: quickModem,
    apiTiming: quickApi,
    ...(smdp === undefined ? {} : { smdpScenario: checkSmdpScenario(smdp, "the story's SM-DP+") }),
    apiBehaviours: api === undefined ? undefined : parseBehaviours(api, "the story's API"),
    ...options.world,
  });
  const env = { ...world.env, ...quickConfig };
  const esimd: Field["esimd"] = (words, more = {}, signal = new AbortController().signal) =>
    runHere(words, { ...env, ...more }, signal, options, (text) => options.onStdout?.(text, field));
  const field: Field = {
    world,
    dir,
    env,
    esimd,
    provision: (words = [], more = {}) =>
      esimd(["provision", "--port", world.port, "--lpa", lpa, "--json", ...words], more),
    spawnProvision: (words = [], more = {}) =>
      spawn(process.execPath, [builtProgram, "provision", "--port", world.port, "--lpa", lpa, "--json", ...words], {
        env: { PATH: process.env["PATH"], ...env, ...more },
        stdio: ["ignore", "pipe", "pipe"],
      }),
    charges: () => world.api.ledger().length,
    close: async () => {
      await world.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return field;
}

/** The program that `npm test` builds before it runs the tests. */
export const builtProgram = resolve(import.meta.dirname, "../../dist/cli.js");

function scenarioOf(modem: string | ModemScenarioInput) {
  if (typeof modem !== "string") return checkModemScenario(modem, "the story's modem");
  const builtIn = builtInScenarios[modem];
  if (builtIn === undefined) throw new Error(`there is no built-in scenario ${modem}`);
  return checkModemScenario(builtIn, modem);
}

async function runHere(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
  { host = realHost, clock = systemClock, onSignal, onStderr }: FieldOptions,
  onStdout: (text: string) => void,
): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  const context: CommandContext = {
    env,
    clock,
    random: seededRandom(11),
    signal,
    stdout: (text) => {
      stdout += text;
      onStdout(text);
    },
    stderr: (text) => {
      stderr += text;
      onStderr?.(text);
    },
    stderrIsTerminal: false,
    stdin: new PassThrough(),
    host,
    ...(onSignal && { onSignal }),
  };
  const status = await main(words, context);
  return { status, stdout, stderr, report: () => reportSchema.parse(JSON.parse(lastLine(stdout))) };
}

export function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
