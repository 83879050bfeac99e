import { type ExecFileException, execFile } from "node:child_process";

/** A program of the host, run to its end; its output is kept for who asks why it failed. */

export interface HostCommand {
  readonly timeoutMs: number;
  /** Exit statuses that are no failure; 0 alone when left out. */
  readonly accept?: readonly number[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly status: number;
  readonly output: string;
}

const maxOutputBytes = 64 * 1024 * 1024;

/** @throws Error with the last lines that it printed, when it fails or does not end in time. */
export function runOnHost(program: string, args: readonly string[], how: HostCommand): Promise<Ended> {
  const { timeoutMs, accept = [0], env } = how;
  return new Promise((resolve, reject) => {
    const options = {
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      maxBuffer: maxOutputBytes,
      env: env ?? { ...process.env, LC_ALL: "C" },
    } as const;
    const child = execFile(program, [...args], options, (error: ExecFileException | null, stdout, stderr) => {
      const output = `${stdout}${stderr}`;
      const status = typeof error?.code === "number" ? error.code : error === null ? 0 : undefined;
      if (status !== undefined && accept.includes(status)) return resolve({ status, output });
      const how = error?.killed === true ? `did not end within ${timeoutMs / 1000} s` : `failed (${error?.code})`;
      reject(new Error(`${[program, ...args].join(" ").slice(0, 200)} ${how}:\n${tail(output)}`, { cause: error }));
    });
    child.stdin?.end();
  });
}

export function tail(text: string, lines = 25): string {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}
