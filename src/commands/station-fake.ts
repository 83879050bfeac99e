import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EsimdError } from "../base/errors.js";
import { startLineChild } from "../station/line/fake-line-child.js";
import { stationFileFor } from "../station/station-file.js";
import type { CommandContext, ParsedArgs } from "./command.js";
import { runLine, wholeNumber } from "./station-line.js";

/** `esimd station --fake N`: the emulated line is the fake-line program, and what the station does on it is what it does on a real one. */

const lineFlags = ["seed", "delay-ms", "profile-bytes", "operator"] as const;

export async function runFakeLine(context: CommandContext, args: ParsedArgs, slots: number): Promise<number> {
  const { clock, signal, stderr } = context;
  const given = args.text("dir");
  const units = wholeNumber(args.text("units") ?? String(slots), "units", 1, 1_000_000);
  const [, program] = process.argv;
  if (program === undefined) throw new EsimdError("unexpected", "this process does not know its own program");
  const dir = given ?? (await mkdtemp(join(tmpdir(), "esimd-line-")));
  const executive = `unix:${join(dir, "executive.sock")}`;
  const flags = lineFlags.flatMap((flag) => {
    const value = args.text(flag);
    return value === undefined ? [] : [`--${flag}`, value];
  });
  // Units are well unless somebody wants to see how a line fares when they are not.
  const faults = args.text("fault-percent") ?? "0";
  const line = ["--dir", dir, "--slots", String(slots), "--units", String(units), "--executive", executive];
  const own = [...line, "--fault-percent", faults];
  // Nothing of the caller's own esimd may leak into it, least of all its credentials.
  const outer = Object.fromEntries(Object.entries(context.env).filter(([name]) => !name.startsWith("ESIMD_")));
  try {
    const child = await startLineChild([process.execPath, program, "fake-line", ...own, ...flags], {
      env: outer,
      clock,
      stderr,
      signal,
    });
    try {
      const { env: world, slots: places } = child.ready;
      const env = { ...outer, CREDENTIALS_DIRECTORY: undefined, STATE_DIRECTORY: undefined, ...world };
      return await runLine({ ...context, env }, args, stationFileFor(places, executive), units);
    } finally {
      await child.close();
    }
  } finally {
    if (given === undefined) await rm(dir, { recursive: true, force: true });
  }
}
