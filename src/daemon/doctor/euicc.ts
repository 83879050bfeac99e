import { EsimdError, isEsimdError } from "../../base/errors.js";
import { type Eid, maskIdentifiers, type SmdpAddress } from "../../base/identifiers.js";
import { noSegmentMemory } from "../../lpa/apdu/segment-size.js";
import { readCiKeyIdsFromCard, readEidFromCardPatiently } from "../../lpa/card.js";
import type { Es9PlusClient } from "../../lpa/es9plus/client.js";
import type { Lpa } from "../../lpa/lpa.js";
import { openLpa, readEid } from "../../lpa/open.js";
import { closeAnyway } from "../../modem/close.js";
import { readActiveSlot } from "../../modem/sim-status.js";
import { inOtherSlot } from "../../modem/slot.js";
import { leftAlone } from "../../provision/steps/default-smdp.js";
import { leastProfileBytes } from "../../provision/steps/room.js";
import type { Config } from "../config/config.js";
import { allFound, type Check, type Examination, found, type Outcome, skipped, type Trouble, well } from "./check.js";
import { lineOf } from "./modem.js";

/** The eUICC behind the modem, and who would download into it. It is read, and nothing on it is changed. */

export const euicc: Check = {
  name: "euicc",
  asks: "Is there an eUICC that a local LPA can drive, and is it the expected one?",
  knows:
    "Whether an EID is read, by the modem or from the card. An eUICC of the M2M kind opens its ISD-R and refuses every command; a locked one looks the same. Which slot the eUICC is in, few modems tell. Nothing is switched: what is behind a slot that is not active, or behind a modem's LPA that esimd may switch off, shows in a run only.",
  codes: [
    "no_euicc",
    "euicc_other_slot",
    "euicc_m2m",
    "lpa_holds_isdr",
    "bad_eid",
    "eid_mismatch",
    "slot_refused",
    "modem_busy",
    "modem_refused",
    "modem_protocol",
  ],
  needs: ["dialect"],
  after: ["sim"],
  timeoutMs: 180_000,
  run: async (examination, signal): Promise<Outcome> => {
    const { surroundings, facts } = examination;
    const line = lineOf(facts.line);
    const { simSlot, takeIsdR, expectedEid } = surroundings.config.modem;
    if (simSlot !== undefined) {
      const active = await readActiveSlot(line, facts.dialect, signal);
      if (facts.dialect?.slot === undefined) {
        const message = `modem.sim_slot is ${simSlot}, and no command is known that switches slots on this modem`;
        const hint = "Leave modem.sim_slot out, or give the command in a dialect file.";
        throw new EsimdError("slot_refused", message, { hint });
      }
      if (active !== simSlot) return skipped(`a run switches the modem to SIM slot ${simSlot} first`);
    }
    try {
      const { eid, from } = await readEid(line, facts.dialect, signal);
      facts.eid = eid;
      // A run takes the modem's word no more than this; and a modem may well tell the EID of an eUICC that obeys nobody here.
      const fromCard = from === "dialect" ? await readEidFromCardPatiently(line, signal) : eid;
      if (fromCard !== undefined && fromCard !== eid) return found(toldDifferently(eid, fromCard));
      if (expectedEid === undefined || expectedEid === eid) return well();
      const message = `the eUICC's EID is ${maskIdentifiers(eid)}, and ${maskIdentifiers(expectedEid)} was expected`;
      return found(new EsimdError("eid_mismatch", message));
    } catch (error) {
      if (isEsimdError(error, "lpa_holds_isdr") && takeIsdR)
        return skipped("a run switches the modem's own LPA off first");
      if (!isEsimdError(error, "no_euicc")) throw error;
      throw await inOtherSlot(line, facts.dialect, error, signal);
    }
  },
};

function toldDifferently(byModem: Eid, byCard: Eid): EsimdError {
  const message = `the modem says that the EID is ${maskIdentifiers(byModem)}, the eUICC itself says ${maskIdentifiers(byCard)}`;
  const hint =
    "Restart the modem; if it stays, its firmware answers for another card, and only the vendor can mend that.";
  return new EsimdError("eid_mismatch", message, { hint });
}

/** Nothing is asked of an SM-DP+ here. */
const noNetwork: Es9PlusClient = {
  post: () => Promise.reject(new EsimdError("unexpected", "the doctor begins no session with an SM-DP+")),
  close: () => Promise.resolve(),
};

export const lpa: Check = {
  name: "lpa",
  asks: "Can the wanted LPA be had, could it download now, and is there room on the eUICC?",
  knows:
    "Whether a channel to the ISD-R opens for esimd's own LPA, whether a modem that downloads by itself is registered on a network, the eUICC's free memory where it tells, and whether its default SM-DP+ is the configured one, where a run may not write it. Whether a profile fits shows only when it is loaded.",
  codes: ["no_euicc", "lpa_holds_isdr", "not_registered", "download_unsupported", "euicc_full", "default_smdp_wrong"],
  needs: ["euicc"],
  after: [],
  timeoutMs: 180_000,
  run: async (examination, signal): Promise<Outcome> => {
    const { surroundings, facts } = examination;
    const line = lineOf(facts.line);
    if (facts.dialect === undefined) return skipped("the modem speaks no dialect that esimd knows");
    const opened = await openLpa(
      {
        line,
        dialect: facts.dialect,
        wanted: surroundings.config.modem.lpa,
        imei: undefined,
        segments: noSegmentMemory,
        es9Plus: async () => noNetwork,
        log: surroundings.log,
      },
      signal,
    );
    facts.lpa = opened.kind;
    try {
      const { takeIsdR, lpa: wanted } = surroundings.config.modem;
      if (opened.kind !== "host" && facts.dialect.lpaSwitch !== undefined && takeIsdR && wanted !== "modem")
        return skipped("a run switches the modem's own LPA off first");
      return await lookThrough(opened, examination, signal);
    } finally {
      await closeAnyway(opened, line.clock);
    }
  },
};

async function lookThrough(opened: Lpa, { facts, surroundings }: Examination, signal: AbortSignal): Promise<Outcome> {
  const troubles: Trouble[] = [];
  const tolerating = async <Value>(read: () => Promise<Value>, keep: boolean): Promise<Value | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
      if (keep) troubles.push({ severity: "error", error });
      return undefined;
    }
  };
  await tolerating(() => opened.requireReady(signal), true);
  facts.defaultSmdp = await tolerating(() => opened.defaultSmdp(signal), false);
  const other = otherDefault(facts.defaultSmdp, surroundings.config.defaultSmdp);
  if (other !== undefined) troubles.push({ severity: "warning", error: other });
  const freeBytes = await tolerating(() => opened.freeMemoryBytes(signal), false);
  if (freeBytes !== undefined && freeBytes < leastProfileBytes) {
    const message = `the eUICC has ${freeBytes} bytes free, too few for any profile`;
    troubles.push({ severity: "error", error: new EsimdError("euicc_full", message) });
  }
  // Our own LPA's channel is one of the card's few.
  await opened.close(signal);
  facts.ciKeyIds = await tolerating(() => readCiKeyIdsFromCard(lineOf(facts.line), signal), false);
  return allFound(troubles);
}

/** Pure. Undefined where it is as configured, or a run writes it. */
export function otherDefault(
  onEuicc: SmdpAddress | undefined,
  { address, set }: Config["defaultSmdp"],
): EsimdError | undefined {
  if (address === undefined || onEuicc === address || set === "always") return undefined;
  if (onEuicc === undefined) {
    if (set === "missing") return undefined;
    const message = `the eUICC tells no default SM-DP+, and ${address} is configured`;
    return new EsimdError("default_smdp_wrong", message, {
      hint: 'A run downloads from the configured one all the same; default_smdp.set = "missing" has it written into the eUICC.',
    });
  }
  return leftAlone(onEuicc, address);
}
