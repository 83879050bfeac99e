import { PassThrough } from "node:stream";
import { VirtualClock } from "../../src/base/clock.js";
import { seededRandom } from "../../src/base/random.js";
import type { CommandContext } from "../../src/commands/command.js";

/** A process that is not there: what a command wrote, and a clock that stands still. */
export interface TestContext {
  readonly context: CommandContext;
  readonly clock: VirtualClock;
  readonly abort: (reason: unknown) => void;
  stdout(): string;
  stderr(): string;
  /** The last line of stdout, parsed. */
  result(): unknown;
}

export function testContext(
  options: { readonly env?: Readonly<Record<string, string>>; readonly terminal?: boolean } = {},
): TestContext {
  const written = { stdout: "", stderr: "" };
  const clock = new VirtualClock();
  const controller = new AbortController();
  return {
    clock,
    abort: (reason) => controller.abort(reason),
    context: {
      // No file of the machine that runs the test has a say.
      env: { ESIMD_CONFIG: "/dev/null", ...options.env },
      clock,
      random: seededRandom(1),
      signal: controller.signal,
      stdout: (text) => {
        written.stdout += text;
      },
      stderr: (text) => {
        written.stderr += text;
      },
      stderrIsTerminal: options.terminal ?? false,
      stdin: new PassThrough(),
    },
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    result: () => JSON.parse(written.stdout.trimEnd().split("\n").at(-1) ?? ""),
  };
}
