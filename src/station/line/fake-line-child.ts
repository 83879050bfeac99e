import { type ChildProcess, spawn } from "node:child_process";
import { z } from "zod";
import type { Clock } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { EsimdError } from "../../base/errors.js";

/** The emulated line beside the station: a process of its own, which the station only knows by its sockets. */

const readySchema = z.object({
  slots: z
    .array(z.object({ number: z.int().min(1).max(64), port: z.string().max(4096) }))
    .min(1)
    .max(64),
  env: z.record(z.string(), z.string()),
});

export type LineReady = z.infer<typeof readySchema>;

export interface LineChild {
  readonly ready: LineReady;
  /** Ends it, and waits. */
  close(): Promise<void>;
}

/** 64 modems with certificates of their own take a moment on a small machine. */
const readyMs = 60_000;
const endMs = 10_000;
const mostReadyBytes = 256 * 1024;

/** What a line that was started by hand has printed. @throws EsimdError `bad_input`. */
export function parseLineReady(text: string, place: string): LineReady {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw new EsimdError("bad_input", `${place} is no JSON`, { cause });
  }
  const ready = readySchema.safeParse(raw);
  if (ready.success) return ready.data;
  throw new EsimdError("bad_input", `${place} is not what esimd fake-line prints when it is ready`);
}

/** Starts `program` and waits for its first line. It ends with us, however we end: its standard input is ours. @throws EsimdError `unexpected`, `deadline`, `bad_input`. */
export async function startLineChild(
  program: readonly [string, ...string[]],
  parts: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly clock: Clock;
    readonly stderr: (text: string) => void;
    readonly signal: AbortSignal;
  },
): Promise<LineChild> {
  const [command, ...args] = program;
  const child = spawn(command, args, { env: { ...parts.env }, stdio: ["pipe", "pipe", "pipe"] });
  // It may be gone when we end its input.
  child.stdin.on("error", () => undefined);
  child.stderr.setEncoding("utf8").on("data", (text) => parts.stderr(String(text)));
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const close = async (): Promise<void> => {
    child.stdin.end();
    child.kill("SIGTERM");
    await withDeadline(
      { clock: parts.clock, timeoutMs: endMs, what: "the end of the emulated line" },
      () => gone,
    ).catch(async () => {
      child.kill("SIGKILL");
      await gone;
    });
  };
  try {
    const { clock, signal } = parts;
    const line = await withDeadline({ clock, timeoutMs: readyMs, signal, what: "the start of the emulated line" }, () =>
      firstLine(child),
    );
    return { ready: parseLineReady(line, "the emulated line's first line"), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const failed = (why: string, cause?: unknown): void =>
      reject(new EsimdError("unexpected", `the emulated line ${why}`, { cause }));
    child.once("error", (cause) => failed("cannot be started", cause));
    child.once("close", (code, signal) => failed(`ended before it was ready (${signal ?? `exit status ${code}`})`));
    child.stdout?.setEncoding("utf8").on("data", (chunk) => {
      text += String(chunk);
      const end = text.indexOf("\n");
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > mostReadyBytes) failed("prints something else than its first line");
    });
  });
}
