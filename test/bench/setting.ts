import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import type { FakeSmdpOptions } from "../../src/emulator/smdp/fake-smdp.js";
import { checkScenario } from "../../src/emulator/smdp/scenario.js";
import { type FakeWorld, startFakeWorld } from "../../src/emulator/world.js";

/** What is measured: one download, in a given setting. */
export interface Setting {
  readonly way: Way;
  /** The segment size that the LPA remembers of the modem; undefined on one that it has never seen. */
  readonly segmentBytes: number | undefined;
  readonly profileBytes: number;
  readonly cut: Cut;
  /** The modem's family; one that leaves to the host what 61xx announces when left out. */
  readonly dialect?: string;
}

export type Way = "CGLA" | "CSIM";
export type Cut = keyof typeof cuts;

/**
 * How the SM-DP+ cuts the profile, which decides how many commands it takes: as long as SGP.22 2.5.3 allows, or as the SM-DP+ program of
 * pySim does, whose elements are one block of cipher text longer.
 */
export const cuts = { sgp22: 1007, "osmo-smdpp": 1008 } as const;

/** A GSMA TS.48 test profile has this size; the ceilings are meant for it. */
export const ts48Bytes = 11_768;

/** The emulators in the setting, with their modem on a Unix socket, for as long as `work` takes. */
export async function inSetting<Result>(
  setting: Setting,
  work: (world: FakeWorld, dir: string) => Promise<Result>,
  onServed?: FakeSmdpOptions["onServed"],
): Promise<Result> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-bench-"));
  let world: FakeWorld | undefined;
  try {
    world = await startFakeWorld({
      dir,
      clock: systemClock,
      random: seededRandom(3),
      log: silentLog,
      dialect: setting.dialect ?? "etsi-apdu",
      onServed,
      wire: { kind: "socket", listen: { kind: "unix", path: join(dir, "modem.sock") } },
      // What is counted does not depend on time, so that nothing is waited for that need not be.
      modemWorld: {
        simBusyMs: 50,
        registrationMs: 50,
        cardAccess: setting.way === "CSIM" ? "csim" : "channels",
      },
      apiTiming: { toReservingMs: 10, toAvailableMs: 30, simScheduledMs: 30 },
      profileSizeBytes: setting.profileBytes,
      smdpScenario: checkScenario({ segmentBytes: cuts[setting.cut] }, "the bench"),
    });
    return await work(world, dir);
  } finally {
    await world?.close();
    await rm(dir, { recursive: true, force: true });
  }
}
