import { EsimdError, isEsimdError } from "../base/errors.js";
import { openIsdR } from "../lpa/card.js";
import { describeProfiles } from "../lpa/host/profiles.js";
import type { ProfileDetails } from "../lpa/lpa.js";
import { listByModem } from "../lpa/modem-profiles.js";
import { type EidReading, readEid } from "../lpa/open.js";
import { type PacketContext, readPacketContext } from "../modem/apn.js";
import { closeAnyway } from "../modem/close.js";
import { detectDialect } from "../modem/detect.js";
import { type Dialect, hasOwnLpa, type SlotRow } from "../modem/dialects/dialect.js";
import { answersOk, type ModemLine } from "../modem/exchange.js";
import { type ModemIdentity, readIdentity } from "../modem/identity.js";
import { readLpaSwitch } from "../modem/lpa-switch.js";
import { type Registration, readRegistration } from "../modem/registration.js";
import { type PinState, readActiveSlot, readIccidInUse, readPinState, readSlots } from "../modem/sim-status.js";
import { inOtherSlot } from "../modem/slot.js";
import { readModemClock, readSignal, type Signal } from "../modem/surroundings.js";
import type { Config } from "./config/config.js";
import { loadCatalogue } from "./dialect-files.js";

/** Everything that can be asked of a modem without changing anything. What is missing is undefined; `error` says why the rest stops. */
export interface Probe {
  readonly identity: ModemIdentity;
  readonly dialect: Dialect | undefined;
  readonly eid: EidReading | undefined;
  /** How esimd's own LPA gets to the eUICC; undefined where the modem gives no way. */
  readonly cardAccess: "CGLA" | "CSIM" | undefined;
  /** The setting by which the modem's LPA holds the eUICC, and whether it is on. */
  readonly lpaSwitch: { readonly name: string; readonly on: boolean } | undefined;
  /** Commands of its family that the modem has and esimd does not use. */
  readonly offers: readonly string[];
  readonly profiles: readonly ProfileDetails[] | undefined;
  readonly pin: PinState;
  readonly iccidInUse: string | undefined;
  readonly slot: number | undefined;
  readonly slots: readonly SlotRow[] | undefined;
  readonly registration: Registration;
  readonly radio: Signal | undefined;
  readonly clockMs: number | undefined;
  readonly context: PacketContext | undefined;
  readonly error: EsimdError | undefined;
}

/** @throws EsimdError only for what makes asking on useless: a port that is gone, a deadline, a dialect file that is wrong. */
export async function probeModem(line: ModemLine, config: Config, signal: AbortSignal): Promise<Probe> {
  const identity = await readIdentity(line, signal);
  const catalogue = await loadCatalogue(config.modem.dialects);
  const dialect = await detectDialect(line, config.modem.dialect, catalogue, identity, signal);
  let error: EsimdError | undefined;
  const attempt = async <Value>(work: () => Promise<Value>): Promise<Value | undefined> => {
    try {
      return await work();
    } catch (thrown) {
      if (signal.aborted || !isEsimdError(thrown) || thrown.code === "serial_gone") throw thrown;
      error ??= isEsimdError(thrown, "no_euicc") ? await inOtherSlot(line, dialect, thrown, signal) : thrown;
      return undefined;
    }
  };
  const eid = await attempt(() => readEid(line, dialect, signal));
  const card = eid === undefined ? undefined : await attempt(() => lookAtCard(line, dialect, signal));
  const switchIsOn = dialect?.lpaSwitch && (await readLpaSwitch(line, dialect.lpaSwitch, signal));
  const registration = await readRegistration(line, signal);
  const found = {
    identity,
    dialect,
    eid,
    cardAccess: card?.way,
    lpaSwitch:
      dialect?.lpaSwitch === undefined || switchIsOn === undefined
        ? undefined
        : { name: dialect.lpaSwitch.name, on: switchIsOn },
    offers: await readOffers(line, dialect, signal),
    profiles: card?.profiles,
    pin: await readPinState(line, signal),
    iccidInUse: await readIccidInUse(line, dialect, signal),
    slot: await readActiveSlot(line, dialect, signal),
    slots: await readSlots(line, dialect, signal),
    registration,
    radio: await readSignal(line, signal),
    clockMs: await readModemClock(line, signal),
    context: await readContext(line, signal),
  };
  if (dialect === undefined) {
    error ??= new EsimdError("modem_unknown", `the modem on ${line.channel.portName} has no LPA that esimd can drive`);
  }
  return { ...found, error };
}

/** The way to the card, and the profiles: by the modem's own LPA where it has one, else straight from the eUICC. */
async function lookAtCard(
  line: ModemLine,
  dialect: Dialect | undefined,
  signal: AbortSignal,
): Promise<{ readonly way: "CGLA" | "CSIM" | undefined; readonly profiles: readonly ProfileDetails[] | undefined }> {
  const isdR = await openIsdR(line, signal);
  const way = isdR?.way;
  try {
    // An LPA that would hold the ISD-R, and does not, is switched off and refuses its own commands.
    const isByCard = !hasOwnLpa(dialect) || dialect.lpaSwitch !== undefined;
    if (isdR !== undefined && isByCard) return { way, profiles: await describeProfiles(isdR, signal) };
  } finally {
    if (isdR !== undefined) await closeAnyway(isdR, line.clock);
  }
  return { way, profiles: hasOwnLpa(dialect) ? await listByModem(line, dialect, signal) : undefined };
}

/** Each by a form that changes nothing; silence to one is no sign of it, and no trouble. */
async function readOffers(line: ModemLine, dialect: Dialect | undefined, signal: AbortSignal): Promise<string[]> {
  const there: string[] = [];
  for (const { name, send: text, answer, timeoutMs } of dialect?.offers ?? []) {
    if (await answersOk(line, { text, answer, timeoutMs }, signal)) there.push(name);
  }
  return there;
}

async function readContext(line: ModemLine, signal: AbortSignal): Promise<PacketContext | undefined> {
  try {
    return await readPacketContext(line, signal);
  } catch (error) {
    const isGap = isEsimdError(error) && ["modem_refused", "modem_silent", "modem_protocol"].includes(error.code);
    if (!signal.aborted && isGap) return undefined;
    throw error;
  }
}
