import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeCause, EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { createRedactor, type Log } from "../base/logging.js";
import type { Config } from "../daemon/config/config.js";
import { realOutside } from "../daemon/outside.js";
import { openConnections } from "../daemon/provisioner.js";
import { realHost } from "../serial/host-roots.js";
import { openExecutive } from "../station/executive/server.js";
import { openFleetEvents } from "../station/fleet-events.js";
import { labelPrinter } from "../station/label-printing.js";
import { ApiGate } from "../station/limits/api-gate.js";
import { openPage } from "../station/page/open.js";
import type { StationSummary } from "../station/parts.js";
import { batchForm } from "../station/records/entry.js";
import { openRecord } from "../station/records/log.js";
import { loadSheet, type Sheet } from "../station/records/sheet.js";
import { Station } from "../station/station.js";
import type { StationFile } from "../station/station-file.js";
import { runTerminalWall } from "../station/wall/shell.js";
import type { CommandContext, ParsedArgs } from "./command.js";
import { configFor, oneShotDefaults, openLog, warnOfCredentials } from "./common-flags.js";
import { showEvents } from "./station-events.js";
import { pageExports } from "./station-exports.js";

/** A line with everything around it: record, page, wall, executive, printer, fleet. `ownUnits`: of a line that has so many. */
export async function runLine(
  context: CommandContext,
  args: ParsedArgs,
  file: StationFile,
  ownUnits?: number,
): Promise<number> {
  const { clock, random, env, host = realHost } = context;
  const { config } = configFor(context, args, oneShotDefaults);
  const log = openLog(context, config, createRedactor());
  warnOfCredentials(log, config);
  const { station, limits, slot: slots } = file;
  const sheet = await sheetFor(args, file);
  const gate = new ApiGate(clock, { concurrency: limits.api_concurrency, perSecond: limits.api_rate });
  const outside = { ...realOutside, openTransport: gate.transport(realOutside.openTransport) };
  const printer = labelPrinter(file.label, sheet?.units, { env, clock });
  const folder = args.text("records") ?? station.records ?? join(config.stateDir, "station");
  const { disk, processes } = outside;
  const record = await openRecord({ disk, processes, clock, folder, station: station.name });
  const connections = openConnections({ config, clock, random, log }, outside);
  const closing: (() => Promise<void>)[] = [() => record.log.close(), () => connections.close()];
  try {
    // What goes to the fleet does not wait for the line's share of the provider's API.
    const place = { config, outside: realOutside, env, clock, random, log };
    const fleet = await openFleetEvents(place, { folder, station: station.name, entries: record.entries });
    if (fleet !== undefined) closing.push(() => fleet.close());
    const units = numberOf(args, "units", 1, 1_000_000) ?? ownUnits;
    const batch = batchName(args.text("batch") ?? station.batch, clock.nowMs());
    const line = new Station({
      name: station.name,
      batch,
      slots,
      serialFrom: station.serial,
      verifiesRegistration: station.verify === "registration",
      operator: station.operator ?? null,
      budget: numberOf(args, "budget", 0, 1_000_000) ?? limits.budget ?? null,
      ...(units === undefined ? {} : { units }),
      config: lineConfig(config, station.verify === "registration"),
      ...(sheet === undefined ? {} : { work: sheet }),
      host,
      outside,
      clock,
      random,
      log,
      connections,
      record,
      ...(printer === undefined ? {} : { printLabel: printer.print }),
      ...(fleet === undefined ? {} : { tell: fleet.tell }),
    });
    return await attend(context, args, { line, log, file, folder, batch, sheet });
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

interface Attended {
  readonly line: Station;
  readonly log: Log;
  readonly file: StationFile;
  readonly folder: string;
  readonly batch: string;
  readonly sheet: Sheet | undefined;
}

/** Runs it with whoever looks at it and tells it what to do. */
async function attend(context: CommandContext, args: ParsedArgs, parts: Attended): Promise<number> {
  const { line, log, file } = parts;
  const { signal } = context;
  const around = new AbortController();
  const open: { close(): Promise<void> }[] = [];
  let lastStatus = 0;
  const unhear = line.onEvent((event) => {
    if (event.kind === "ended") lastStatus = event.exitStatus;
  });
  let summary: StationSummary;
  let hide: () => Promise<void> | void = () => undefined;
  try {
    const { listen } = file.executive;
    if (listen !== undefined)
      open.push(await openExecutive(listen, { name: file.station.name, control: line, log, clock: context.clock }));
    const page = await openPageFor(context, args, parts, around.signal);
    if (page !== undefined) {
      open.push(page);
      if (!args.has("quiet")) context.stderr(`the station's page: ${page.url}\n`);
    }
    // Last, since the wall takes the whole terminal.
    hide = isWall(context, args)
      ? showWall(context, args, line, around.signal)
      : showEvents(context, line, { json: args.has("json"), quiet: args.has("quiet") });
    summary = await line.run(signal);
  } finally {
    unhear();
    await hide();
    for (const one of open.reverse()) await one.close().catch((error: unknown) => log.warn({ error }, "not closed"));
    around.abort(new EsimdError("cancelled", "the station has ended"));
  }
  context.stdout(args.has("json") ? `${JSON.stringify(summary)}\n` : summaryText(summary));
  // A jig of one unit wants that unit's own; a line with failed units has done its work.
  return args.text("units") === "1" ? lastStatus : 0;
}

function isWall(context: CommandContext, args: ParsedArgs): boolean {
  const isTerminal = context.stdoutIsTerminal === true && context.env["TERM"] !== "dumb";
  return isTerminal && !args.has("json") && !args.has("quiet");
}

function showWall(
  context: CommandContext,
  args: ParsedArgs,
  control: Station,
  signal: AbortSignal,
): () => Promise<void> {
  const { clock, env, stdin, stdout: write } = context;
  const colour = !args.has("no-color") && (env["NO_COLOR"] ?? "") === "";
  const size = (): { columns: number; rows: number } => ({
    columns: process.stdout.columns ?? (Number(env["COLUMNS"]) || 80),
    rows: process.stdout.rows ?? (Number(env["LINES"]) || 24),
  });
  const wall = runTerminalWall({ control, input: stdin, write, size, colour, clock }, signal);
  return () => wall;
}

async function openPageFor(
  context: CommandContext,
  args: ParsedArgs,
  { line, log, file, folder, batch, sheet }: Attended,
  signal: AbortSignal,
): Promise<{ readonly url: string; close(): Promise<void> } | undefined> {
  const { page } = file;
  const address = args.text("page") ?? page.listen;
  if (address === "none") return undefined;
  const listen = hostAndPort(address);
  const password = page.password_file === undefined ? undefined : secretIn(page.password_file, "the page's password");
  const { tls_cert: cert, tls_key: key, client_ca: ca } = page;
  if ((cert === undefined) !== (key === undefined) || (ca !== undefined && cert === undefined)) {
    throw new EsimdError(
      "config_invalid",
      "the station file's page has only a part of tls_cert, tls_key and client_ca",
      {
        hint: "tls_cert and tls_key belong together, and client_ca to both.",
      },
    );
  }
  const tls =
    cert === undefined || key === undefined
      ? undefined
      : {
          cert: textIn(cert, "page.tls_cert"),
          key: textIn(key, "page.tls_key"),
          ...(ca === undefined ? {} : { clientCa: textIn(ca, "page.client_ca") }),
        };
  const { clock } = context;
  const exports = pageExports({ folder, batch, sheet });
  return openPage({ listen, password, tls, control: line, exports, clock, log }, signal);
}

function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(address);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65_535)
    throw new EsimdError("usage", `--page is ${quote(address)}, and not HOST:PORT or none`);
  return { host: match[1], port };
}

/** Its first line. @throws EsimdError `credentials_missing`, `config_unreadable`. */
function secretIn(path: string, what: string): string {
  const secret = textIn(path, what).split(/\r?\n/)[0] ?? "";
  if (secret.length >= 8) return secret;
  throw new EsimdError("config_invalid", `${what} in ${quote(path)} has fewer than 8 characters`);
}

function textIn(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new EsimdError("config_unreadable", `${what}: ${quote(path)} cannot be read: ${describeCause(cause)}`, {
      cause,
    });
  }
}

async function sheetFor(args: ParsedArgs, { station }: StationFile): Promise<Sheet | undefined> {
  const path = args.text("sheet") ?? station.sheet;
  if (path === undefined) return undefined;
  if (station.serial === "scan") return loadSheet(path);
  throw new EsimdError("config_invalid", 'a sheet of work needs serial = "scan" in the station file', {
    hint: "What a unit gets is decided before its modem is asked for its IMEI.",
  });
}

/** Registration is looked for only where it is asked for: a line has no antenna, and no time. */
function lineConfig(config: Config, verifiesRegistration: boolean): Config {
  if (verifiesRegistration) return config;
  const { network, confirm } = config;
  return { ...config, network: { ...network, registrationWaitMs: 0 }, confirm: { ...confirm, waitMs: 0 } };
}

function summaryText({ units, passed, failed, charges, seconds }: StationSummary): string {
  const paid = charges === 1 ? "1 profile was" : `${charges} profiles were`;
  return `${units} verdicts in ${seconds.toFixed(1)} s: ${passed} passed, ${failed} failed; ${paid} paid for\n`;
}

function batchName(given: string | undefined, nowMs: number): string {
  const name = given ?? new Date(nowMs).toISOString().slice(0, 10);
  if (batchForm.test(name)) return name;
  throw new EsimdError("usage", `the batch ${quote(name)} is no name of at most 64 letters, digits, ".", "_" and "-"`);
}

function numberOf(args: ParsedArgs, flag: string, min: number, max: number): number | undefined {
  const text = args.text(flag);
  return text === undefined ? undefined : wholeNumber(text, flag, min, max);
}

/** @throws EsimdError `usage`. */
export function wholeNumber(text: string, flag: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= min && value <= max) return value;
  throw new EsimdError("usage", `--${flag} is ${quote(text)}, and not a whole number from ${min} to ${max}`);
}
