import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { z } from "zod";
import { type Clock, systemClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { main } from "../../src/commands/main.js";
import { type BehaviourInput, parseBehaviours } from "../../src/emulator/api/behaviours.js";
import { type FakeApi, type FakeApiOptions, fakeApiDefaults, startFakeApi } from "../../src/emulator/api/fake-api.js";
import { readBatch } from "../../src/provision/batch/store.js";
import { realDisk } from "../../src/provision/store/disk.js";
import { builtProgram, lastLine } from "./field.js";

/** A desk where codes are made ahead: a fake API on the loopback, a state folder, and `esimd reserve` as its user runs it. */

export interface DeskOptions {
  readonly api?: readonly BehaviourInput[];
  readonly timing?: FakeApiOptions["timing"];
  readonly clock?: Clock;
}

export interface Hands {
  /** A terminal, and what is typed when a question ends so. */
  readonly answers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly env?: Readonly<Record<string, string>>;
  readonly onStdout?: (text: string) => void;
}

export interface Done {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Desk {
  readonly api: FakeApi;
  readonly dir: string;
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Any command, in this process. */
  esimd(words: readonly string[], hands?: Hands): Promise<Done>;
  /** `esimd reserve WORDS --json`, its last line read. */
  reserve(words: readonly string[], hands?: Hands): Promise<Done & { readonly result: Result }>;
  /** The built program as a process of its own. */
  spawn(words: readonly string[]): ChildProcess;
  posts(): number;
  charges(): number;
  /** The SIDs that the ledger of the batch names. */
  named(batch?: string): Promise<ReadonlySet<string>>;
}

const itemSchema = z.object({
  item: z.number(),
  state: z.enum(["open", "asked", "held", "reserved", "ready", "lost"]),
  sid: z.string().nullable(),
  status: z.string().nullable(),
  activationCode: z.string().nullable(),
});
const batchShape = {
  batch: z.string(),
  count: z.number(),
  ready: z.number(),
  budget: z.object({ spent: z.number(), allowed: z.number(), left: z.number() }),
  items: z.array(itemSchema),
  candidates: z.array(z.object({ sid: z.string(), item: z.number().nullable() })).nullable(),
};
const errorSchema = z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable();
const resultSchema = z.looseObject({
  schema: z.string(),
  error: errorSchema,
  batches: z.array(z.object(batchShape)).optional(),
  ...z.object(batchShape).partial().shape,
  changed: z.boolean().optional(),
  item: z.number().nullable().optional(),
});
export type Result = z.infer<typeof resultSchema>;

const quick = { toReservingMs: 5, toAvailableMs: 10, simScheduledMs: 20 };

export const post = (nth: number, ...actions: BehaviourInput["actions"]): BehaviourInput => ({
  match: { method: "POST", path: "/v1/ESimProfiles", nth },
  actions,
});

/** A story at a desk of its own, which is gone afterwards. */
export async function atDesk(options: DeskOptions, story: (desk: Desk) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-reserve-"));
  const api = await startFakeApi({
    listen: { host: "127.0.0.1", port: 0 },
    clock: systemClock,
    random: seededRandom(7),
    log: silentLog,
    timing: { ...quick, ...options.timing },
    behaviours: parseBehaviours(options.api ?? [], "the story's API"),
  });
  try {
    await story(deskAt(dir, api, options.clock ?? systemClock));
  } finally {
    await api.close();
    await rm(dir, { recursive: true, force: true });
  }
}

function deskAt(dir: string, api: FakeApi, clock: Clock): Desk {
  const stateDir = join(dir, "state");
  const env = {
    ESIMD_CONFIG: "/dev/null",
    ESIMD_SOCKET: "none",
    ESIMD_STATE_DIR: stateDir,
    ESIMD_PROVIDER: "twilio",
    ESIMD_API_URL: api.url,
    ESIMD_API_KEY: fakeApiDefaults.key,
    ESIMD_API_SECRET: fakeApiDefaults.secret,
  };
  let runs = 0;
  const esimd: Desk["esimd"] = async (words, hands = {}) => {
    const { answers, signal = new AbortController().signal } = hands;
    const stdin = Object.assign(new PassThrough(), answers === undefined ? {} : { isTTY: true });
    const said = { stdout: "", stderr: "" };
    const status = await main(words, {
      env: { ...env, TERM: "dumb", ...hands.env },
      clock,
      random: seededRandom(11 + runs++),
      signal,
      stdin,
      stderrIsTerminal: answers !== undefined,
      stdout: (text) => {
        said.stdout += text;
        hands.onStdout?.(text);
      },
      stderr: (text) => {
        said.stderr += text;
        const answer = Object.entries(answers ?? {}).find(([question]) => text.endsWith(question))?.[1];
        if (answer !== undefined) stdin.write(`${answer}\n`);
      },
    });
    return { status, ...said };
  };
  return {
    api,
    dir,
    stateDir,
    env,
    esimd,
    reserve: async (words, hands) => {
      const done = await esimd(["reserve", ...words, "--json"], hands);
      return { ...done, result: resultSchema.parse(JSON.parse(lastLine(done.stdout))) };
    },
    spawn: (words) =>
      spawn(process.execPath, [builtProgram, "reserve", ...words, "--json"], {
        env: { PATH: process.env["PATH"], ...env },
        stdio: ["ignore", "pipe", "pipe"],
      }),
    posts: () => api.requests().filter(({ method, path }) => method === "POST" && path === "/v1/ESimProfiles").length,
    charges: () => api.ledger().length,
    named: async (batch = "b") => (await readBatch(stateDir, batch, realDisk)).batch?.sids ?? new Set(),
  };
}

/** `--count N` of the batch `b`, agreed to. */
export const make = (count: number, ...more: readonly string[]): readonly string[] => [
  "--activation-code",
  "--batch",
  "b",
  "--count",
  String(count),
  "--yes",
  ...more,
];

/** The item numbers by state. */
export function itemsIn(result: Pick<Result, "items">, state: z.infer<typeof itemSchema>["state"]): readonly number[] {
  return (result.items ?? []).filter((one) => one.state === state).map(({ item }) => item);
}
