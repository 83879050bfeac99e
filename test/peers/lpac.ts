import { spawn } from "node:child_process";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.js";

/** The LPA lpac as a program: one subcommand in, its JSON lines out. */

export type LpacDriver = "at" | "at_csim";

export interface LpacAnswer {
  /** 0 for success; every failure is -1. */
  readonly code: number;
  readonly message: string;
  readonly data: unknown;
  /** The steps that it went through. */
  readonly steps: readonly string[];
}

export interface LpacModem {
  readonly driver: LpacDriver;
  /** The modem's tty. */
  readonly device: string;
  /** Bytes of data in one STORE DATA; lpac's own default when left out. */
  readonly segmentBytes?: number | undefined;
}

/** lpac waits for a modem's answer for ever. */
const patienceMs = 120_000;

const lineSchema = z.object({
  type: z.string(),
  payload: z.object({ code: z.number(), message: z.string().nullable(), data: z.unknown() }),
});
const driversSchema = z.object({ type: z.literal("driver"), payload: z.object({ LPAC_APDU: z.array(z.string()) }) });

export class Lpac {
  readonly #program: string;

  constructor(program: string) {
    this.#program = program;
  }

  /** @throws Error when the program is none or gives no version. */
  async version(): Promise<string> {
    const answer = answerOf(await this.#run(["version"], { LPAC_APDU: "stdio", LPAC_HTTP: "stdio" }));
    if (typeof answer.data !== "string") throw new Error("lpac does not tell its version");
    return answer.data;
  }

  /** The names of the drivers for cards that it was built with. */
  async drivers(): Promise<readonly string[]> {
    const lines = await this.#run(["driver", "list"], {});
    const found = jsonLines(lines).map((line) => driversSchema.safeParse(line).data);
    return found.find((line) => line !== undefined)?.payload.LPAC_APDU ?? [];
  }

  /** @throws Error when it prints no result, or none in two minutes. */
  async run(modem: LpacModem, words: readonly string[]): Promise<LpacAnswer> {
    return answerOf(await this.#run(words, environment(modem)));
  }

  /** Starts it and kills it as soon as `moment` resolves; resolves with what it had printed by then. */
  async runUntilKilled(modem: LpacModem, words: readonly string[], moment: () => Promise<void>): Promise<string> {
    const child = this.#start(words, environment(modem));
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString("utf8");
    });
    try {
      await moment();
    } finally {
      child.kill("SIGKILL");
      await ended;
    }
    return stdout;
  }

  #start(words: readonly string[], env: Readonly<Record<string, string>>) {
    return spawn(this.#program, [...words], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  }

  #run(words: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = this.#start(words, env);
      let stdout = "";
      let stderr = "";
      let late = false;
      child.stdout.on("data", (chunk: Buffer) => {
        stdout += chunk.toString("utf8");
      });
      child.stderr.on("data", (chunk: Buffer) => {
        stderr += chunk.toString("utf8");
      });
      const cancelTimer = systemClock.setTimer(patienceMs, () => {
        late = true;
        child.kill("SIGKILL");
      });
      child.once("error", reject);
      child.once("close", () => {
        cancelTimer();
        const asked = `lpac ${words.join(" ")}`;
        if (late) reject(new Error(`${asked} did not end within ${patienceMs / 1000} s`));
        else if (stdout.trim() === "") reject(new Error(`${asked} printed nothing: ${stderr.trim()}`));
        else resolve(stdout);
      });
    });
  }
}

function environment(modem: LpacModem): Record<string, string> {
  const { driver, device, segmentBytes } = modem;
  return {
    LPAC_APDU: driver,
    LPAC_HTTP: "curl",
    LPAC_APDU_AT_DEVICE: device,
    ...(segmentBytes === undefined ? {} : { LPAC_CUSTOM_ES10X_MSS: String(segmentBytes) }),
  };
}

function answerOf(stdout: string): LpacAnswer {
  const lines = jsonLines(stdout).flatMap((line) => lineSchema.safeParse(line).data ?? []);
  const result = lines.find(({ type }) => type === "lpa");
  if (result === undefined) throw new Error(`lpac gave no result: ${stdout.trim().slice(0, 200)}`);
  const { code, message, data } = result.payload;
  const steps = lines.filter(({ type }) => type === "progress").map(({ payload }) => payload.message ?? "");
  return { code, message: message ?? "", data, steps };
}

function jsonLines(text: string): unknown[] {
  return text.split("\n").flatMap((line): unknown[] => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}
