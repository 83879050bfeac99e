import type { ProviderApi } from "../api/resources.js";
import type { RetryPolicy } from "../api/retries.js";
import { deadlineSignal } from "../base/deadline.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { createRedactor, type Log } from "../base/logging.js";
import type { Config } from "../daemon/config/config.js";
import { isModemName, modemNameForm } from "../daemon/modem-name.js";
import { openProvider } from "../daemon/provider-api.js";
import { askableApi } from "../daemon/reservations/askable.js";
import { allBatches, knownBatches } from "../daemon/reservations/batches.js";
import { knownEids, recordsOf } from "../daemon/reservations/files.js";
import { type BatchRecords, type BatchStore, openBatch } from "../provision/batch/store.js";
import { realDisk } from "../provision/store/disk.js";
import { realProcesses } from "../provision/store/lock.js";
import type { Records } from "../provision/store/records.js";
import type { CommandContext, ParsedArgs } from "./command.js";
import { configFor, oneShotDefaults, openLog } from "./common-flags.js";

/** What the ways of `esimd reserve` share: which batch is meant, its files under lock, and the API. */
export interface ReserveCall {
  readonly context: CommandContext;
  readonly args: ParsedArgs;
  readonly config: Config;
  readonly log: Log;
  /** Ends with the command's deadline, too. */
  readonly signal: AbortSignal;
}

/** Runs one way of it with all of that, and takes it down on every way out. */
export async function callReserve(
  context: CommandContext,
  args: ParsedArgs,
  action: (call: ReserveCall) => Promise<number>,
): Promise<number> {
  const { config } = configFor(context, args, oneShotDefaults);
  const log = openLog(context, config, createRedactor());
  const { clock, signal } = context;
  const bound = deadlineSignal({ clock, timeoutMs: config.deadlineMs, signal, what: "the command" });
  try {
    return await action({ context, args, config, log, signal: bound.signal });
  } finally {
    bound.release();
  }
}

/** Undefined: none is named. @throws EsimdError `usage` for what is no name. */
export function namedBatch({ args }: Pick<ReserveCall, "args">): string | undefined {
  const name = args.text("batch");
  if (name === undefined || isModemName(name)) return name;
  throw new EsimdError("usage", `--batch is ${quote(name)}; allowed is ${modemNameForm}`);
}

/** @throws EsimdError `usage`, naming those that there are. */
export async function unknownBatch({ config }: ReserveCall, name: string): Promise<EsimdError> {
  const names = await knownBatches(config.stateDir);
  return new EsimdError("usage", `reserve: the state folder ${config.stateDir} has no batch ${quote(name)}`, {
    hint: names.length === 0 ? "It has none yet." : `It has: ${names.join(", ")}.`,
  });
}

/** Work under the lock of the batch. @throws EsimdError `state_locked` while another process works on it. */
export async function withBatch<Value>(
  { context, config, log }: ReserveCall,
  name: string,
  work: (store: BatchStore) => Promise<Value>,
): Promise<Value> {
  const { clock } = context;
  const store = await openBatch(config.stateDir, name, { disk: realDisk, processes: realProcesses, clock, log });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Work with the API, or with the reason why there is none to ask. */
export async function withApi<Value>(
  { context, config, log }: ReserveCall,
  retry: RetryPolicy | undefined,
  work: (api: ProviderApi | EsimdError) => Promise<Value>,
): Promise<Value> {
  const { clock, random } = context;
  const api = askableApi(() => openProvider({ config, clock, random, log }, retry));
  try {
    return await work(api);
  } finally {
    if (!isEsimdError(api)) await api.close();
  }
}

/** What this state folder knows of reservations besides. */
export async function othersOf({ config }: ReserveCall): Promise<{
  readonly euiccs: readonly Records[];
  readonly batches: readonly BatchRecords[];
}> {
  const { stateDir } = config;
  const eids = await knownEids(stateDir);
  const euiccs = await Promise.all(eids.map((eid) => recordsOf(stateDir, eid, realDisk)));
  return { euiccs, batches: await allBatches(stateDir, realDisk) };
}

/** A whole number within bounds. @throws EsimdError `usage`. */
export function numberOf({ args }: Pick<ReserveCall, "args">, flag: string, largest: number): number | undefined {
  const text = args.text(flag);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= 1 && value <= largest) return value;
  throw new EsimdError("usage", `--${flag} is ${quote(text)}; allowed is a whole number from 1 to ${largest}`);
}
