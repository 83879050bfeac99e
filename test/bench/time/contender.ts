import { join } from "node:path";
import type { FakeWorld } from "../../../src/emulator/world.js";
import { answeredWell } from "./lpac-said.js";
import type { ProcessRun, ProgramCall } from "./process.js";

/** A program that downloads a profile through the modem: esimd, and whoever is compared with it. */
export interface Contender {
  readonly name: string;
  /** Of its STORE DATA; undefined when it finds out by itself. */
  readonly segmentBytes: number | undefined;
  call(world: FakeWorld, dir: string): Omit<ProgramCall, "deadlineMs">;
  /** Whether it says that the profile is there. */
  isDone(run: ProcessRun): boolean;
}

/** `esimd profile download`, on a device that it has never seen. */
export function esimd(program: string): Contender {
  return {
    name: "esimd",
    segmentBytes: undefined,
    call: (world, dir) => ({
      program: process.execPath,
      words: [program, "profile", "download", "--port", world.port, "--smdp", world.smdpAddress, "--yes"],
      env: { PATH: process.env["PATH"], ...world.env, ESIMD_STATE_DIR: join(dir, "state") },
    }),
    isDone: ({ status }) => status === 0,
  };
}

/** `lpac profile download`; without a size with its default, which is 120 bytes. */
export function lpac(program: string, segmentBytes?: number): Contender {
  return {
    name: segmentBytes === undefined ? "lpac" : `lpac, tuned to ${segmentBytes}`,
    segmentBytes: segmentBytes ?? 120,
    call: (world) => ({
      program,
      words: ["profile", "download", "-s", world.smdpAddress],
      env: {
        ...process.env,
        LPAC_APDU: "at",
        LPAC_HTTP: "curl",
        LPAC_APDU_AT_DEVICE: world.port,
        ...(segmentBytes === undefined ? {} : { LPAC_CUSTOM_ES10X_MSS: String(segmentBytes) }),
      },
    }),
    isDone: ({ stdout }) => answeredWell(stdout),
  };
}
