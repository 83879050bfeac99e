import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { createRedactor, type Log } from "../base/logging.js";
import type { Config } from "../daemon/config/config.js";
import { realOutside } from "../daemon/outside.js";
import { openConnections } from "../daemon/provisioner.js";
import { realHost } from "../serial/host-roots.js";
import { openExecutive } from "../station/executive/server.js";
import { ApiGate } from "../station/limits/api-gate.js";
import { startLineChild } from "../station/line/fake-line-child.js";
import { batchForm } from "../station/records/entry.js";
import { openRecord } from "../station/records/log.js";
import { Station, type StationSummary } from "../station/station.js";
import { loadStationFile, type StationFile, stationFileFor } from "../station/station-file.js";
import type { Command, CommandContext, ParsedArgs } from "./command.js";
import { commonFlags, configFor, oneShotDefaults, openLog, runFlags, warnOfCredentials } from "./common-flags.js";
import { showEvents } from "./station-events.js";

/** `esimd station`: the factory line, until it is stopped, drained or through with its units. */
export const stationCommand: Command = {
  name: "station",
  summary: "the factory line: up to 64 modems at once, with scanner, records and labels",
  positionals: "",
  flags: {
    station: { type: "string", value: "FILE", help: "The station file; /etc/esimd/station.toml when left out." },
    batch: { type: "string", value: "NAME", help: "The batch; the station file's, or today's date, when left out." },
    records: { type: "string", value: "DIR", help: "Folder of the record; the station file's, or STATE_DIR/station." },
    units: { type: "string", value: "N", help: "End after so many verdicts." },
    budget: { type: "string", value: "N", help: "What the batch may pay for at most." },
    fake: { type: "string", value: "N", help: "Work on an emulated line of N slots (1 to 64), beside the station." },
    dir: { type: "string", value: "DIR", help: "With --fake: keep everything in this folder." },
    seed: { type: "string", value: "S", help: "With --fake: what the units are and which of them have faults." },
    "fault-percent": { type: "string", value: "P", help: "With --fake: so many units in a hundred have a fault." },
    "delay-ms": { type: "string", value: "N", help: "With --fake: modems wait so long before every answer." },
    "profile-bytes": { type: "string", value: "N", help: "With --fake: the size of a profile." },
    ...commonFlags(...runFlags),
  },
  run: async (context, args) => {
    const slots = args.text("fake");
    if (slots === undefined) {
      const file = loadStationFile(args.text("station") ?? "/etc/esimd/station.toml");
      return runLine(context, args, file);
    }
    return runFake(context, args, numberFrom(slots, "fake", 1, 64));
  },
};

const fakeFlags = ["seed", "fault-percent", "delay-ms", "profile-bytes"] as const;

/** The emulated line is the fake-line program: what the station does here is what it does on a real one. */
async function runFake(context: CommandContext, args: ParsedArgs, slots: number): Promise<number> {
  const given = args.text("dir");
  const dir = given ?? (await mkdtemp(join(tmpdir(), "esimd-line-")));
  const units = args.text("units") ?? String(slots);
  const executive = `unix:${join(dir, "executive.sock")}`;
  const flags = fakeFlags.flatMap((flag) => {
    const value = args.text(flag);
    return value === undefined ? [] : [`--${flag}`, value];
  });
  const program = process.argv[1];
  if (program === undefined) throw new EsimdError("unexpected", "this process does not know its own program");
  const { clock, signal, stderr } = context;
  // Nothing of the caller's own esimd may leak into it, least of all its credentials.
  const own = Object.fromEntries(Object.entries(context.env).filter(([name]) => !name.startsWith("ESIMD_")));
  try {
    const line = await startLineChild(
      [
        process.execPath,
        program,
        "fake-line",
        ...["--dir", dir, "--slots", String(slots), "--units", units, "--executive", executive],
        ...flags,
      ],
      { env: own, clock, stderr, signal },
    );
    try {
      const env = { ...own, CREDENTIALS_DIRECTORY: undefined, STATE_DIRECTORY: undefined, ...line.ready.env };
      const file = stationFileFor(line.ready.slots, executive);
      return await runLine({ ...context, env }, args, file, numberFrom(units, "units", 1, 1_000_000));
    } finally {
      await line.close();
    }
  } finally {
    if (given === undefined) await rm(dir, { recursive: true, force: true });
  }
}

async function runLine(
  context: CommandContext,
  args: ParsedArgs,
  file: StationFile,
  unitsOfLine?: number,
): Promise<number> {
  const { clock, random, signal, host = realHost } = context;
  const { config } = configFor(context, args, oneShotDefaults);
  const log = openLog(context, config, createRedactor());
  warnOfCredentials(log, config);
  const { station, limits, slot: slots, executive } = file;
  const gate = new ApiGate(clock, { concurrency: limits.api_concurrency, perSecond: limits.api_rate });
  const outside = { ...realOutside, openTransport: gate.transport(realOutside.openTransport) };
  const folder = args.text("records") ?? station.records ?? join(config.stateDir, "station");
  const { disk, processes } = outside;
  const record = await openRecord({ disk, processes, clock, folder, station: station.name });
  const connections = openConnections({ config, clock, random, log }, outside);
  try {
    const units =
      args.text("units") === undefined ? unitsOfLine : numberFrom(args.text("units") ?? "", "units", 1, 1_000_000);
    const budget =
      args.text("budget") === undefined ? limits.budget : numberFrom(args.text("budget") ?? "", "budget", 0, 1_000_000);
    const line = new Station({
      name: station.name,
      batch: batchName(args.text("batch") ?? station.batch, clock.nowMs()),
      slots,
      serialFrom: station.serial,
      verifiesRegistration: station.verify === "registration",
      operator: station.operator ?? null,
      budget: budget ?? null,
      ...(units === undefined ? {} : { units }),
      config: lineConfig(config, station.verify === "registration"),
      host,
      outside,
      clock,
      random,
      log,
      connections,
      record,
    });
    return await attend(context, args, { line, log, executive: executive.listen, name: station.name, signal });
  } finally {
    await connections.close();
    await record.log.close();
  }
}

/** Runs it with whoever looks at it and tells it what to do. */
async function attend(
  context: CommandContext,
  args: ParsedArgs,
  parts: {
    readonly line: Station;
    readonly log: Log;
    readonly executive: string | undefined;
    readonly name: string;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const { line, log, name, signal } = parts;
  const open: { close(): Promise<void> }[] = [];
  const hide = showEvents(context, line, { json: args.has("json"), quiet: args.has("quiet") });
  let lastStatus = 0;
  const unhear = line.onEvent((event) => {
    if (event.kind === "ended") lastStatus = event.exitStatus;
  });
  let summary: StationSummary;
  try {
    if (parts.executive !== undefined) open.push(await openExecutive(parts.executive, { name, control: line, log }));
    summary = await line.run(signal);
  } finally {
    unhear();
    hide();
    for (const one of open.reverse()) await one.close();
  }
  context.stdout(args.has("json") ? `${JSON.stringify(summary)}\n` : summaryText(summary));
  // A jig of one unit wants that unit's own; a line with failed units has done its work.
  return args.text("units") === "1" ? lastStatus : 0;
}

/** Registration is looked for only where it is asked for: a line has no antenna, and no time. */
function lineConfig(config: Config, verifiesRegistration: boolean): Config {
  const { network, confirm } = config;
  return verifiesRegistration
    ? config
    : { ...config, network: { ...network, registrationWaitMs: 0 }, confirm: { ...confirm, waitMs: 0 } };
}

function summaryText({ units, passed, failed, charges, seconds }: StationSummary): string {
  return `${units} verdicts in ${seconds.toFixed(1)} s: ${passed} passed, ${failed} failed; ${charges} profiles were paid for\n`;
}

function batchName(given: string | undefined, nowMs: number): string {
  const name = given ?? new Date(nowMs).toISOString().slice(0, 10);
  if (batchForm.test(name)) return name;
  throw new EsimdError("usage", `the batch ${quote(name)} is no name of at most 64 letters, digits, ".", "_" and "-"`);
}

function numberFrom(text: string, flag: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= min && value <= max) return value;
  throw new EsimdError("usage", `--${flag} is ${quote(text)}, and not a whole number from ${min} to ${max}`);
}
