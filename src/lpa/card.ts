import { type CancelTimer, type Clock, sleep } from "../base/clock.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { type Eid, parseSmdpAddress, type SmdpAddress } from "../base/identifiers.js";
import { closeAnyway } from "../modem/close.js";
import type { ModemLine } from "../modem/exchange.js";
import { isdrAid, openCardChannel } from "../modem/uicc-access.js";
import { Es10Channel, StatusWordError } from "./apdu/es10-channel.js";
import {
  decodeConfiguredAddresses,
  decodeSetDefaultAddressResult,
  encodeGetConfiguredAddresses,
  encodeSetDefaultAddress,
} from "./es10/configured-addresses.js";
import { decodeEid, encodeGetEid } from "./es10/eid.js";
import {
  decodeEuiccInfo1,
  decodeEuiccInfo2,
  encodeGetEuiccInfo1,
  encodeGetEuiccInfo2,
  toldFreeBytes,
} from "./es10/euicc-info.js";
import { becauseOf } from "./es10/result-sentences.js";

/** How long an opening that is under way is still waited for after an abort. */
const openingGraceMs = 3_000;

/**
 * A channel to the ISD-R; undefined when the modem gives no way to it, or the card has none. Cut off while the modem opens it, the channel
 * would be open and nobody would know its number: the answer is waited for a moment, and the channel closed.
 */
export async function openIsdR(line: ModemLine, signal: AbortSignal): Promise<Es10Channel | undefined> {
  signal.throwIfAborted();
  const own = new AbortController();
  let cancelTimer: CancelTimer | undefined;
  const onAbort = (): void => {
    cancelTimer = line.clock.setTimer(openingGraceMs, () => own.abort(signal.reason));
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const card = await openCardChannel(line, isdrAid, own.signal);
    if (signal.aborted && card !== undefined) await closeAnyway(card, line.clock);
    signal.throwIfAborted();
    return card === undefined ? undefined : new Es10Channel(card);
  } finally {
    cancelTimer?.();
    signal.removeEventListener("abort", onAbort);
  }
}

/** Whether the ISD-R opens to esimd; it is closed again. */
export async function opensIsdR(line: ModemLine, signal: AbortSignal): Promise<boolean> {
  return (await onIsdR(line, signal, async () => true)) ?? false;
}

/** The EID straight from the eUICC; undefined when the modem gives no way to its ISD-R. */
export function readEidFromCard(line: ModemLine, signal: AbortSignal): Promise<Eid | undefined> {
  return onIsdR(line, signal, async (isdR) => decodeEid(await isdR.command(encodeGetEid(), signal)));
}

const conditionsNotSatisfied = 0x6985;
/** An MC7455 takes 10 s to restart the card after a REFRESH, and answers 6985 meanwhile (forum.sierrawireless.com thread 30997). */
const restartPatienceMs = 15_000;
const restartPollMs = 1_500;

/** The card refuses every command while it restarts; one that does so for good is of another kind, or locked. */
function refusesForNow(error: unknown): boolean {
  return (
    isEsimdError(error) && error.cause instanceof StatusWordError && error.cause.statusWord === conditionsNotSatisfied
  );
}

/**
 * Does what may be done twice, and once more where a restart of the card came between, as that of a REFRESH that an earlier run left:
 * the card refuses commands until it restarts, and takes the channel with it.
 */
export async function throughRestart<Value>(
  clock: Clock,
  work: () => Promise<Value>,
  signal: AbortSignal,
): Promise<Value> {
  const startMs = clock.monotonicMs();
  for (let channelsLost = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw error;
      const isGone = isEsimdError(error, "modem_refused");
      if (isGone && channelsLost === 0) {
        // At once: whoever opens the next channel waits for a SIM that is busy.
        channelsLost++;
        continue;
      }
      if (!refusesForNow(error) || clock.monotonicMs() - startMs >= restartPatienceMs) throw error;
      await sleep(clock, restartPollMs, signal);
    }
  }
}

/**
 * {@link readEidFromCard}, with patience for a card that restarts.
 * @throws EsimdError `euicc_m2m` for one whose ISD-R opens and refuses for good: of the M2M kind, or locked.
 */
export async function readEidFromCardPatiently(line: ModemLine, signal: AbortSignal): Promise<Eid | undefined> {
  const startMs = line.clock.monotonicMs();
  for (;;) {
    try {
      return await readEidFromCard(line, signal);
    } catch (error) {
      if (!refusesForNow(error)) throw error;
      if (line.clock.monotonicMs() - startMs >= restartPatienceMs) {
        throw new EsimdError(
          "euicc_m2m",
          `the eUICC in the modem on ${line.channel.portName} opens its ISD-R and refuses every command of a local LPA (6985)`,
          { cause: error },
        );
      }
      await sleep(line.clock, restartPollMs, signal);
    }
  }
}

/** {@link defaultSmdpOf} on a channel of its own; undefined too when the modem gives no way to the ISD-R. */
export function readDefaultSmdpFromCard(line: ModemLine, signal: AbortSignal): Promise<SmdpAddress | undefined> {
  return onIsdR(line, signal, (isdR) => defaultSmdpOf(isdR, signal));
}

/** {@link setDefaultSmdpOf} on a channel of its own; false when the modem gives no way to the ISD-R. */
export async function writeDefaultSmdpToCard(
  line: ModemLine,
  address: SmdpAddress,
  signal: AbortSignal,
): Promise<boolean> {
  const write = async (isdR: Es10Channel): Promise<true> => {
    await setDefaultSmdpOf(isdR, address, signal);
    return true;
  };
  return (await onIsdR(line, signal, write)) ?? false;
}

/** {@link freeMemoryOf} on a channel of its own; undefined too when the modem gives no way to the ISD-R. */
export function readFreeMemoryFromCard(line: ModemLine, signal: AbortSignal): Promise<number | undefined> {
  return onIsdR(line, signal, (isdR) => freeMemoryOf(isdR, signal));
}

/** The default SM-DP+ that is stored on the eUICC (ES10a.GetEuiccConfiguredAddresses). */
export async function defaultSmdpOf(isdR: Es10Channel, signal: AbortSignal): Promise<SmdpAddress | undefined> {
  const answer = decodeConfiguredAddresses(await isdR.command(encodeGetConfiguredAddresses(), signal));
  const address = answer.defaultSmdpAddress;
  return address === undefined ? undefined : parseSmdpAddress(address, "the eUICC's default SM-DP+");
}

/** Writes it (ES10a.SetDefaultDpAddress). @throws EsimdError `default_smdp_wrong` when the eUICC refuses. */
export async function setDefaultSmdpOf(isdR: Es10Channel, address: SmdpAddress, signal: AbortSignal): Promise<void> {
  const result = decodeSetDefaultAddressResult(await isdR.command(encodeSetDefaultAddress(address), signal));
  if (result === "ok") return;
  throw new EsimdError(
    "default_smdp_wrong",
    `the eUICC does not take ${address} as its default SM-DP+, because ${becauseOf(result)}`,
    { hint: "Look whether the eUICC's maker has locked the address; the run uses the configured one all the same." },
  );
}

/** Free non-volatile memory of the eUICC in bytes; undefined when it does not tell. */
export async function freeMemoryOf(isdR: Es10Channel, signal: AbortSignal): Promise<number | undefined> {
  const answer = await isdR.command(encodeGetEuiccInfo2(), signal);
  return toldFreeBytes(decodeEuiccInfo2(answer));
}

/** The key ids of the CI roots that the eUICC verifies an SM-DP+ against (ES10b.GetEUICCInfo1); undefined when the ISD-R does not open. */
export function readCiKeyIdsFromCard(line: ModemLine, signal: AbortSignal): Promise<readonly string[] | undefined> {
  return onIsdR(line, signal, async (isdR) => {
    return decodeEuiccInfo1(await isdR.command(encodeGetEuiccInfo1(), signal)).verificationKeyIds;
  });
}

async function onIsdR<Value>(
  line: ModemLine,
  signal: AbortSignal,
  work: (isdR: Es10Channel) => Promise<Value>,
): Promise<Value | undefined> {
  const isdR = await openIsdR(line, signal);
  if (isdR === undefined) return undefined;
  try {
    return await work(isdR);
  } finally {
    await closeAnyway(isdR, line.clock);
  }
}
