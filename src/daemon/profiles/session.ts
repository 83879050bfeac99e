import type { Clock } from "../../base/clock.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { type Eid, maskIdentifiers } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import { opensIsdR } from "../../lpa/card.js";
import type { Lpa } from "../../lpa/lpa.js";
import { openLpa, readEid } from "../../lpa/open.js";
import { closeAnyway } from "../../modem/close.js";
import { detectDialect } from "../../modem/detect.js";
import { type Dialect, hasOwnLpa } from "../../modem/dialects/dialect.js";
import type { ModemLine } from "../../modem/exchange.js";
import { type ModemIdentity, readIdentity } from "../../modem/identity.js";
import { takeIsdR } from "../../modem/lpa-switch.js";
import { inOtherSlot, switchToSlot } from "../../modem/slot.js";
import { realDisk } from "../../provision/store/disk.js";
import { realProcesses } from "../../provision/store/lock.js";
import { openStore, type Store } from "../../provision/store/store.js";
import { type StoreView, viewOf, viewStore } from "../../provision/store/view.js";
import { type HostRoots, realHost } from "../../serial/host-roots.js";
import type { OpenPort } from "../../serial/port.js";
import type { Config } from "../config/config.js";
import { connectFound } from "../connect-found.js";
import { loadCatalogue } from "../dialect-files.js";
import { lazyEs9Plus } from "../es9plus.js";
import { createSegmentMemory } from "../segment-memory.js";
import { Whereabouts } from "../whereabouts.js";

/** One eUICC at work for a command of a person: port, modem, dialect, EID and LPA, opened together and closed together. */

export interface ProfileSessionParts {
  readonly config: Config;
  /** As the operator named it: a port, or `auto`. */
  readonly port: string;
  readonly host?: HostRoots | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How the port is opened, for who wants to see what crosses it. */
  readonly openPort?: OpenPort | undefined;
}

export interface OpenEuicc {
  /** The name that the port was opened by. */
  readonly port: string;
  readonly line: ModemLine;
  readonly identity: ModemIdentity;
  readonly dialect: Dialect;
  readonly eid: Eid;
  readonly lpa: Lpa;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: Config;
  /** What esimd's own files say of it. */
  view(): Promise<StoreView | undefined>;
}

/** One that nobody else of esimd works on meanwhile. */
export interface LockedEuicc extends OpenEuicc {
  readonly store: Store;
}

/** To look: the eUICC's journal is not locked for it. */
export function withEuicc<Value>(
  parts: ProfileSessionParts,
  work: (euicc: OpenEuicc) => Promise<Value>,
  signal: AbortSignal,
): Promise<Value> {
  return opened(parts, false, work, signal);
}

/**
 * To change something: under the lock of that eUICC. `takesIsdR`: the modem's own LPA will not do, so that one that holds the eUICC is
 * switched off, where the operator allowed it.
 * @throws EsimdError `state_locked` while a run works on it.
 */
export function withLockedEuicc<Value>(
  parts: ProfileSessionParts,
  takesIsdR: boolean,
  work: (euicc: LockedEuicc) => Promise<Value>,
  signal: AbortSignal,
): Promise<Value> {
  const { config, clock, log } = parts;
  const locked = async (euicc: OpenEuicc): Promise<Value> => {
    const disk = { disk: realDisk, processes: realProcesses, clock, log };
    const store = await openStore(config.stateDir, euicc.eid, disk);
    try {
      return await work({ ...euicc, store, view: async () => viewOf(store) });
    } finally {
      await store.close();
    }
  };
  return opened(parts, takesIsdR, locked, signal);
}

async function opened<Value>(
  parts: ProfileSessionParts,
  takesIsdR: boolean,
  work: (euicc: OpenEuicc) => Promise<Value>,
  signal: AbortSignal,
): Promise<Value> {
  const { config, clock, random, log, openPort, host = realHost } = parts;
  const catalogue = await loadCatalogue(config.modem.dialects);
  const es9Plus = lazyEs9Plus({ config, clock, random, log });
  const whereabouts = new Whereabouts(parts.port, host);
  const modemManager = { inhibit: config.modem.inhibitModemManager };
  const wiring = { host, clock, random, log, wakeMs: config.modem.wakeWaitMs, baud: config.modem.baud, modemManager };
  const line = await connectFound(whereabouts, { ...wiring, ...(openPort && { open: openPort }) }, signal);
  let lpa: Lpa | undefined;
  try {
    const identity = await readIdentity(line, signal);
    const found = await detectDialect(line, config.modem.dialect, catalogue, identity, signal);
    const { dialect, eid } = await findEuicc(parts, line, found, takesIsdR, signal);
    lpa = await openLpa(
      {
        line,
        dialect,
        wanted: config.modem.lpa,
        imei: identity.imei,
        segments: createSegmentMemory(realDisk, config.stateDir, identity, log),
        es9Plus: es9Plus.get,
        log,
      },
      signal,
    );
    const view = (): Promise<StoreView | undefined> =>
      viewStore(config.stateDir, eid, { disk: realDisk, nowMs: clock.nowMs(), log });
    return await work({ port: whereabouts.last, line, identity, dialect, eid, lpa, clock, log, config, view });
  } finally {
    await closeLpa(lpa, clock, log);
    await line.channel.close();
    await es9Plus.close();
  }
}

/** As a run of provisioning finds it (steps/connect.ts): slot and LPA are switched only with the operator's consent. */
async function findEuicc(
  parts: ProfileSessionParts,
  line: ModemLine,
  found: Dialect | undefined,
  takesIsdR: boolean,
  signal: AbortSignal,
): Promise<{ readonly dialect: Dialect; readonly eid: Eid }> {
  const { config, log } = parts;
  const { simSlot, lpa, expectedEid, wakeWaitMs } = config.modem;
  if (simSlot !== undefined) await switchToSlot(line, found, simSlot, log, signal);
  const needsOurs = takesIsdR || lpa === "host" || !hasOwnLpa(found);
  const mayTake = needsOurs && config.modem.takeIsdR && lpa !== "modem";
  if (mayTake && found?.lpaSwitch !== undefined && !(await opensIsdR(line, signal))) {
    log.warn(
      { setting: found.lpaSwitch.name },
      "the modem's own LPA keeps the eUICC to itself; it is switched off now",
    );
    await takeIsdR(line, found.lpaSwitch, wakeWaitMs, signal);
  }
  const eid = await eidOf(line, found, signal);
  if (found === undefined) {
    throw new EsimdError("modem_unknown", `the modem on ${line.channel.portName} has no LPA that esimd can drive`);
  }
  if (expectedEid !== undefined && expectedEid !== eid) {
    throw new EsimdError(
      "eid_mismatch",
      `the eUICC's EID is ${maskIdentifiers(eid)}, and ${maskIdentifiers(expectedEid)} was expected; nothing was changed`,
    );
  }
  return { dialect: found, eid };
}

async function eidOf(line: ModemLine, dialect: Dialect | undefined, signal: AbortSignal): Promise<Eid> {
  try {
    return (await readEid(line, dialect, signal)).eid;
  } catch (error) {
    if (!isEsimdError(error, "no_euicc")) throw error;
    throw await inOtherSlot(line, dialect, error, signal);
  }
}

async function closeLpa(lpa: Lpa | undefined, clock: Clock, log: Log): Promise<void> {
  const error = lpa === undefined ? undefined : await closeAnyway(lpa, clock);
  if (error !== undefined) log.debug({ error }, "the eUICC could not be left in order");
}
