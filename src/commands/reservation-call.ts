import type { ProviderApi } from "../api/resources.js";
import type { RetryPolicy } from "../api/retries.js";
import { deadlineSignal } from "../base/deadline.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { type Eid, type Iccid, maskIdentifiers, parseEid } from "../base/identifiers.js";
import { createRedactor, type Log } from "../base/logging.js";
import type { Config } from "../daemon/config/config.js";
import { openProvider } from "../daemon/provider-api.js";
import { askableApi } from "../daemon/reservations/askable.js";
import { knownEids } from "../daemon/reservations/files.js";
import { realDisk } from "../provision/store/disk.js";
import { realProcesses } from "../provision/store/lock.js";
import { openStore, type Store } from "../provision/store/store.js";
import type { CommandContext, ParsedArgs } from "./command.js";
import { configFor, oneShotDefaults, openLog } from "./common-flags.js";
import { callEuicc } from "./euicc-call.js";

/** What the `esimd reservation` commands share: which eUICC is meant, its store under lock, and the API. */
export interface ReservationCall {
  readonly context: CommandContext;
  readonly args: ParsedArgs;
  readonly config: Config;
  /** Ends with the command's deadline, too. */
  readonly signal: AbortSignal;
  /** The named eUICC; undefined when neither `--eid` nor `--port` is given. */
  named(): Promise<Subject | undefined>;
  /** The named eUICC, else the only one that the state folder knows. @throws EsimdError `usage`. */
  subject(): Promise<Subject>;
  /** Work under the lock of the eUICC. @throws EsimdError `state_locked` while a run is at work. */
  locked<Value>(eid: Eid, work: (store: Store) => Promise<Value>): Promise<Value>;
  /** Work with the API, or with the reason why there is none to ask. */
  withApi<Value>(
    retry: RetryPolicy | undefined,
    work: (api: ProviderApi | EsimdError) => Promise<Value>,
  ): Promise<Value>;
}

export interface Subject {
  readonly eid: Eid;
  /** The eUICC's own list, where its modem was asked. */
  readonly onEuicc: readonly Iccid[] | undefined;
}

/** Runs one action with all of that, and takes it down on every way out. */
export async function callReservations(
  context: CommandContext,
  args: ParsedArgs,
  action: (call: ReservationCall) => Promise<number>,
): Promise<number> {
  const { config } = configFor(context, args, oneShotDefaults);
  const log = openLog(context, config, createRedactor());
  const { clock, random } = context;
  const bound = deadlineSignal({ clock, timeoutMs: config.deadlineMs, signal: context.signal, what: "the command" });
  const named = (): Promise<Subject | undefined> => namedSubject({ ...context, signal: bound.signal }, args);
  try {
    return await action({
      context,
      args,
      config,
      signal: bound.signal,
      named,
      subject: async () => (await named()) ?? (await onlySubject(config.stateDir)),
      locked: (eid, work) => underLock(context, config, log, eid, work),
      withApi: async (retry, work) => {
        const api = askableApi(() => openProvider({ config, clock, random, log }, retry));
        try {
          return await work(api);
        } finally {
          if (!isEsimdError(api)) await api.close();
        }
      },
    });
  } finally {
    bound.release();
  }
}

/** `--port` asks the modem itself, so that what is on the eUICC is known, too. */
async function namedSubject(context: CommandContext, args: ParsedArgs): Promise<Subject | undefined> {
  const given = args.text("eid");
  const eid = given === undefined ? undefined : parseEid(given, "--eid");
  if (args.text("port") === undefined) return eid === undefined ? undefined : { eid, onEuicc: undefined };
  const asked = await callEuicc(context, args, (call) => {
    call.progress.state("asking", "Asking the modem for its eUICC's EID and profiles.");
    return call.look(async (euicc) => {
      const profiles = await euicc.lpa.listProfiles(call.signal);
      return { eid: euicc.eid, onEuicc: profiles.map(({ iccid }) => iccid) };
    });
  });
  if (eid === undefined || eid === asked.eid) return asked;
  throw new EsimdError(
    "eid_mismatch",
    `the modem's eUICC has the EID ${maskIdentifiers(asked.eid)}, and --eid is ${maskIdentifiers(eid)}; nothing was changed`,
  );
}

async function onlySubject(stateDir: string): Promise<Subject> {
  const eids = await knownEids(stateDir);
  const [eid] = eids;
  if (eid !== undefined && eids.length === 1) return { eid, onEuicc: undefined };
  const what = eids.length === 0 ? "knows no eUICC yet" : `knows ${eids.length} eUICCs`;
  throw new EsimdError("usage", `the state folder ${stateDir} ${what}, and none was named`, {
    hint: "Give --eid, or --port to ask the modem; `esimd reservation list` shows those that are known.",
  });
}

async function underLock<Value>(
  { clock }: CommandContext,
  { stateDir }: Config,
  log: Log,
  eid: Eid,
  work: (store: Store) => Promise<Value>,
): Promise<Value> {
  const store = await openStore(stateDir, eid, { disk: realDisk, processes: realProcesses, clock, log });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
