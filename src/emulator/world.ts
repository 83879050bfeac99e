import { join } from "node:path";
import { createProviderApi } from "../api/client.js";
import { sleep } from "../base/clock.js";
import { EsimdError } from "../base/errors.js";
import type { Eid } from "../base/identifiers.js";
import { type FakeApi, fakeApiDefaults } from "./api/fake-api.js";
import { type FakeModem, type FakeModemOptions, type ModemWire, startFakeModem } from "./modem/fake-modem.js";
import type { Scenario as ModemScenario, World as ModemWorld } from "./modem/scenario.js";
import { type FakeServersOptions, startFakeServers } from "./servers.js";
import type { FakeSmdp } from "./smdp/fake-smdp.js";
import type { FakeSmds } from "./smds/fake-smds.js";

/** The three emulators wired together: a modem with an eUICC, the SM-DP+ it downloads from, and the API that sells the profiles. */

export interface FakeWorldOptions extends Omit<FakeServersOptions, "config"> {
  /** Certificates, roots, a configuration and, on a pty, the modem's link are put here. */
  readonly dir: string;
  readonly dialect?: string | undefined;
  readonly eid?: Eid | undefined;
  /** A pty under `DIR/modem` when left out. */
  readonly wire?: ModemWire | undefined;
  /** The eUICC starts with an enabled bootstrap profile; by default where the modem cannot download without one. */
  readonly bootstrap?: boolean | undefined;
  readonly delayMs?: number | undefined;
  readonly paceBaud?: number | undefined;
  /** Sees every piece of bytes as it crosses the modem's wire. */
  readonly onWire?: FakeModemOptions["onWire"];
  readonly modemScenario?: ModemScenario | undefined;
  readonly modemWorld?: Partial<ModemWorld> | undefined;
  /** A root SM-DS stands on the eUICC, and no default SM-DP+. */
  readonly discovery?: boolean | undefined;
}

export interface FakeWorld {
  /** What `--port` takes. */
  readonly port: string;
  readonly apiUrl: string;
  readonly tokenUrl: string;
  readonly smdpAddress: string;
  readonly ciRoots: string;
  /** What another command needs in its environment to live in this world. */
  readonly env: Readonly<Record<string, string>>;
  readonly modem: FakeModem;
  readonly smdp: FakeSmdp;
  readonly smds: FakeSmds | undefined;
  readonly api: FakeApi;
  /** Plays the back end of provider `none`: reserves a profile for the eUICC and waits until it is there. */
  reserveForEuicc(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** The dialect whose modem downloads by its own network, and so needs one. */
const needsNetwork = "quectel-nwmode";

/** @throws EsimdError `bad_input` and others of the emulators; what was started is stopped again. */
export async function startFakeWorld(options: FakeWorldOptions): Promise<FakeWorld> {
  const { clock, random, log, dialect } = options;
  const servers = await startFakeServers(options);
  const { dir, pki, smdp, smds, api, ciRoots, env } = servers;
  try {
    const modem = await startFakeModem({
      clock,
      random,
      log,
      pki,
      dialect,
      eid: options.eid,
      wire: options.wire ?? { kind: "pty", link: join(dir, "modem") },
      scenario: options.modemScenario,
      world: options.modemWorld,
      delayMs: options.delayMs,
      paceBaud: options.paceBaud,
      onWire: options.onWire,
      bootstrap: options.bootstrap ?? dialect === needsNetwork,
      defaultSmdpAddress: smds === undefined ? smdp.address : undefined,
      rootSmdsAddress: smds?.address,
    });
    return {
      port: modem.port,
      apiUrl: api.url,
      tokenUrl: api.tokenUrl,
      smdpAddress: smdp.address,
      ciRoots,
      env,
      modem,
      smdp,
      smds,
      api,
      reserveForEuicc: (signal) => reserve(options, api, modem.euicc.eid, signal),
      close: async () => {
        await modem.close();
        await servers.close();
      },
    };
  } catch (error) {
    await servers.close();
    throw error;
  }
}

const pollMs = 100;

async function reserve(options: FakeWorldOptions, api: FakeApi, eid: Eid, signal: AbortSignal): Promise<void> {
  const { clock, random, log } = options;
  const { key, secret } = fakeApiDefaults;
  const client = createProviderApi({ provider: "twilio", baseUrl: api.url, key, secret, clock, random, log });
  try {
    const made = await client.createESimProfile({ eid }, signal);
    if (made.kind !== "created") throw made.error;
    for (;;) {
      const { status } = await client.getESimProfile(made.profile.sid, signal);
      if (status === "available") return;
      if (status === "failed") throw new EsimdError("reservation_failed", "the emulated back end got no profile");
      await sleep(clock, pollMs, signal);
    }
  } finally {
    await client.close();
  }
}
