#!/usr/bin/env node
import { writeFile } from "node:fs/promises";
import { systemClock } from "./base/clock.js";
import { toEsimdError } from "./base/errors.js";
import { systemRandom } from "./base/random.js";
import { failureText } from "./commands/failure.js";
import { beFrugal } from "./commands/frugal.js";
import { main, wantsDebug } from "./commands/main.js";
import { stopSignal } from "./commands/stop-signals.js";
import { isFrugal } from "./commands/table.js";

/** The process around the program: signals, the standard streams, the exit status. Everything else is in commands/main.ts. */

for (const stream of [process.stdout, process.stderr]) {
  // A reader that went away (`| head`) must not end a run in which money may be under way.
  stream.on("error", (error: Error & { code?: string }) => {
    if (error.code !== "EPIPE") throw error;
  });
}

process.on("uncaughtException", (thrown) => {
  const error = toEsimdError(thrown);
  process.stderr.write(failureText(error));
  process.exit(error.exitStatus);
});

// Without `await` at the top, so that the built program can be CommonJS (systemd/package/bundle.ts).
void start(process.argv.slice(2));

async function start(words: readonly string[]): Promise<void> {
  if (isFrugal(words[0])) await beFrugal();
  // A stack is only ever shown in such a log; it then has the sources' own lines. Before the parts are loaded that it may lead through.
  if (wantsDebug(words)) process.setSourceMapsEnabled(true);

  // ps, fuser and whoever finds the port held see "esimd", not "node"; the command line stays as it is (proc_pid_comm(5)).
  await writeFile("/proc/self/comm", "esimd").catch(() => undefined);

  const status = await main(words, {
    env: process.env,
    clock: systemClock,
    random: systemRandom,
    signal: stopSignal(process, (exitStatus) => process.exit(exitStatus)),
    onSignal: (name, listener) => {
      process.on(name, listener);
      return () => process.off(name, listener);
    },
    stdout: (text) => void process.stdout.write(text),
    stdoutBytes: (bytes) => void process.stdout.write(bytes),
    stderr: (text) => void process.stderr.write(text),
    stderrIsTerminal: process.stderr.isTTY === true,
    stdoutIsTerminal: process.stdout.isTTY === true,
    get stdin() {
      return process.stdin;
    },
  });
  // A command that has returned is over, whatever handle is still open; but its last words are written first.
  process.stdout.write("", () => process.exit(status));
}
