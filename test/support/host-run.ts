import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "../../src/base/clock.js";
import { type Log, silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { loadConfig } from "../../src/daemon/config/load.js";
import { type ProvisionResult, provisionOnce } from "../../src/daemon/provisioner.js";
import type { Behaviour } from "../../src/emulator/modem/behaviours.js";
import type { World as ModemWorld } from "../../src/emulator/modem/scenario.js";
import { checkScenario, type ScenarioInput } from "../../src/emulator/smdp/scenario.js";
import { type FakeWorld, startFakeWorld } from "../../src/emulator/world.js";
import type { ClockTrust } from "../../src/provision/host-clock.js";
import { startEagerClock } from "./eager-clock.js";

/**
 * Whole runs of our own LPA against the three emulators, in one process on one eager clock: the runner, the journal on a real disk, AT
 * over a Unix socket, HTTPS on the loopback. Nothing is left out but real time.
 */

export interface HostRunOptions {
  readonly modem?: readonly Behaviour[];
  readonly modemWorld?: Partial<ModemWorld>;
  readonly smdp?: ScenarioInput;
  readonly profileSizeBytes?: number;
  /** A folder to copy the PKI from; a fresh one when left out. */
  readonly pki?: string;
  readonly log?: Log;
  /** An eager clock when left out. */
  readonly clock?: Clock;
}

export interface HostRunChanges {
  /** In place of the world's. */
  readonly ciRoots?: string;
  /** The operator vouches for the host's clock: what this machine knows of its own is not asked. */
  readonly clockTrust?: ClockTrust;
}

export interface HostRun {
  readonly world: FakeWorld;
  readonly clock: Clock;
  readonly dir: string;
  /** One run of esimd. */
  provision(changes?: HostRunChanges): Promise<ProvisionResult>;
  charges(): number;
  /** Lines that the host sent to the card. */
  cardCommands(): readonly string[];
  close(): Promise<void>;
}

export const cardCommand = /^AT\+(CCHO|CGLA|CCHC|CSIM)=/;

export async function startHostRun(options: HostRunOptions = {}): Promise<HostRun> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-run-"));
  if (options.pki !== undefined) await cp(options.pki, join(dir, "pki"), { recursive: true });
  const eager = options.clock === undefined ? startEagerClock() : undefined;
  const clock = options.clock ?? eager ?? systemClock;
  const log = options.log ?? silentLog;
  const world = await startFakeWorld({
    dir,
    clock,
    random: seededRandom(5),
    log: silentLog,
    dialect: "etsi-apdu",
    wire: { kind: "socket", listen: { kind: "unix", path: join(dir, "modem.sock") } },
    profileSizeBytes: options.profileSizeBytes ?? 2_000,
    ...(options.smdp === undefined ? {} : { smdpScenario: checkScenario(options.smdp, "the test's SM-DP+") }),
  });
  if (options.modemWorld !== undefined) world.modem.changeWorld(options.modemWorld);
  for (const behaviour of [...(options.modem ?? [])].reverse()) world.modem.prependBehaviour(behaviour);
  const random = seededRandom(9);
  return {
    world,
    clock,
    dir,
    provision: ({ ciRoots, clockTrust } = {}) => {
      const env = { ...world.env, ...(ciRoots === undefined ? {} : { ESIMD_CI_ROOTS: ciRoots }) };
      // A run is one attempt here: what it leaves when it loses its modem is what the tests look at.
      const { config } = loadConfig({
        env,
        defaults: {
          "modem.return_wait": "0s",
          ...(clockTrust === undefined ? {} : { "boot.clock_trust": clockTrust }),
        },
      });
      return provisionOnce(
        { config, port: world.port, clock, random, log, observe: () => undefined },
        new AbortController().signal,
      );
    },
    charges: () => world.api.ledger().length,
    cardCommands: () =>
      world.modem.transcript
        .filter(({ from, text }) => from === "host" && cardCommand.test(text))
        .map(({ text }) => text),
    close: async () => {
      await world.close();
      eager?.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
