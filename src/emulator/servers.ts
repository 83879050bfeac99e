import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Clock } from "../base/clock.js";
import type { Log } from "../base/logging.js";
import type { Random } from "../base/random.js";
import type { Behaviour as ApiBehaviour } from "./api/behaviours.js";
import { type FakeApi, type FakeApiTiming, fakeApiDefaults, startFakeApi } from "./api/fake-api.js";
import type { Curve } from "./pki/curves.js";
import { loadPki, type Pki } from "./pki/pki.js";
import { type FakeSmdp, type FakeSmdpOptions, startFakeSmdp } from "./smdp/fake-smdp.js";
import type { Scenario as SmdpScenario } from "./smdp/scenario.js";
import { type FakeSmds, startFakeSmds } from "./smds/fake-smds.js";

/** What a device meets beyond its modem: the SM-DP+, perhaps an SM-DS, and the API that sells the profiles, in one folder and under one CI. */

export interface FakeServersOptions {
  /** Certificates, roots and a configuration are put here. */
  readonly dir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly smdpScenario?: SmdpScenario | undefined;
  /** Hears of every request that the SM-DP+ answered. */
  readonly onServed?: FakeSmdpOptions["onServed"];
  readonly profileSizeBytes?: number | undefined;
  readonly curve?: Curve | undefined;
  /** A root SM-DS, which hears of orders. */
  readonly discovery?: boolean | undefined;
  readonly apiBehaviours?: readonly ApiBehaviour[] | undefined;
  readonly apiTiming?: Partial<FakeApiTiming> | undefined;
  /** Lines of TOML for the configuration, behind the Fleet. */
  readonly config?: string | undefined;
}

export interface FakeServers {
  readonly dir: string;
  readonly pki: Pki;
  readonly ciRoots: string;
  readonly smdp: FakeSmdp;
  readonly smds: FakeSmds | undefined;
  readonly api: FakeApi;
  /** The configuration file. */
  readonly config: string;
  /** What another command needs in its environment to live in this world. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const fleet = fakeApiDefaults.fleets[0];

/** @throws EsimdError `bad_input` and others of the emulators; what was started is stopped again. */
export async function startFakeServers(options: FakeServersOptions): Promise<FakeServers> {
  const started: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const emulator of started.splice(0).reverse()) await emulator.close();
  };
  try {
    return await start(options, started, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  options: FakeServersOptions,
  started: { close(): Promise<void> }[],
  close: () => Promise<void>,
): Promise<FakeServers> {
  const { clock, random, log } = options;
  const dir = resolve(options.dir);
  const ciRoots = join(dir, "ci-roots");
  await mkdir(ciRoots, { recursive: true });
  await mkdir(join(dir, "pki"), { recursive: true });
  const pki = loadPki(join(dir, "pki"), options.curve === undefined ? {} : { curve: options.curve });
  await writeFile(join(ciRoots, "ci.pem"), pki.ciPem);

  const loopback = { host: "127.0.0.1", port: 0 };
  const smds = options.discovery === true ? await startFakeSmds({ listen: loopback, pki, log }) : undefined;
  if (smds !== undefined) started.push(smds);
  const smdp = await startFakeSmdp({
    listen: loopback,
    pki,
    clock,
    random,
    log,
    ...(options.smdpScenario === undefined ? {} : { scenario: options.smdpScenario }),
    profileSizeBytes: options.profileSizeBytes,
    onServed: options.onServed,
    smds,
  });
  started.push(smdp);
  const api = await startFakeApi({
    listen: loopback,
    clock,
    random,
    log,
    smdp: { host: smdp.address },
    behaviours: options.apiBehaviours,
    timing: options.apiTiming,
  });
  started.push(api);

  const config = join(dir, "config.toml");
  await writeFile(
    config,
    `# Made for the emulators in this folder.\n[sim]\nfleet = "${fleet}"\n${options.config ?? ""}`,
  );
  return {
    dir,
    pki,
    ciRoots,
    smdp,
    smds,
    api,
    config,
    env: {
      ESIMD_CONFIG: config,
      ESIMD_STATE_DIR: join(dir, "state"),
      ESIMD_SOCKET: join(dir, "esimd.sock"),
      ESIMD_CI_ROOTS: ciRoots,
      ESIMD_API_URL: api.url,
      ESIMD_TOKEN_URL: api.tokenUrl,
      ESIMD_API_KEY: fakeApiDefaults.key,
      ESIMD_API_SECRET: fakeApiDefaults.secret,
    },
    close,
  };
}
