/**
 * FM350-GL and kin on MediaTek T700 (FM350 AT Commands User Manual V2.10 as cited by others, OpenWrt field notes, and
 * ddimension/wwand src-ucode/ncm_vendors.uc): the EID and the slots by commands of their own, everything else by raw card access, which
 * the LPA inside takes away for a while after each start of the SIM.
 */

import { type Answer, cme, cmeError, incorrectParameters, ok } from "../answers.js";
import { type CommandTable, fixed, numberAt } from "../command-set.js";
import { plainSim, type SlotNumber } from "../sim-slots.js";
import type { DialectParts, DialectSession, FakeDialect } from "./dialect.js";

export const fibocomMtk: FakeDialect = {
  name: "fibocom-mtk",
  summary:
    "Fibocom FM350-GL: EID and two slots by commands of its own, an LPA that has the ISD-R for a while after each start",
  identity: { manufacturer: "Fibocom Wireless Inc.", model: "FM350-GL", revision: "81600.0000.00.29.23.06" },
  style: {
    // lpac 179, 209 and pull request 445.
    cchoAnswer: "bare",
    // On some firmware; others answer OK (lpac pull request 442).
    cardTestForms: { "+CCHO": "silent", "+CCHC": "silent", "+CGLA": "silent" },
    // "Not accepted now".
    heldIsdrCme: 100,
    // As FM190 tells it (4IceG/luci-app-3ginfo-lite issue 86).
    iccid: [{ command: "+ICCID", form: "execute", prefix: "+ICCID", filler: true }],
    identity: "prefixed-quoted",
    withoutProfile: "EMPTY_EUICC",
    signal: "cesq",
    // They wait at the port after power on.
    bootUrcs: ["+ESIMS: 1,29"],
    simUrcs: { ready: ["+ESIMS: 0,1", "+CPIN: READY"], empty: ["+ESIMS: 0,1"] },
  },
  world: {
    slots: { active: 2, euicc: 2, other: "empty" },
    simPower: "esimpower",
    // Opens ten minutes and more after the start when the modem is idle; a test has less time.
    isdrWindow: { opensMs: 3_000, closesMs: 3_600_000 },
  },
  start,
};

/** The answer to reset that a card of this family was seen with. */
const answersToReset = {
  euicc: "3B9F97C00A3FC7828031E073FE211F65D002341512810F50",
  sim: "3B9F96801FC78031A073BE21136743200718000001A5",
};

function start({ sim, operations, registration }: DialectParts): DialectSession {
  /** AT+GTESIMCFG=1,0,0 puts the eSIM out of use; kept over resets. What else it does is not known. */
  let isDisabled = false;
  const isEuicc = (): boolean => sim.slots.content === "euicc" && !isDisabled;

  const eid = (quote: string): Answer => {
    const refusal = sim.refusal();
    // An empty slot has no EID either; a card that starts, or wants its PIN, tells nothing yet.
    if (refusal !== undefined && sim.state !== "absent") return refusal;
    if (sim.pinWanted() !== undefined) return cmeError(cme.simPin);
    return ok(isEuicc() ? `+EID: ${quote}${operations.eid()}${quote}` : "+EID:");
  };

  /** A slot's six fields: state of its SIM, there or not, eUICC or not, ATR, EID, ICCID. */
  const slotInfo = (slot: SlotNumber): readonly string[] => {
    const content = sim.slots.contentOf(slot);
    if (content === "empty" || (content === "euicc" && isDisabled)) return ["+CME ERROR: 10", "1", "0", "", "", ""];
    const profile = content === "sim" ? plainSim : operations.list().find(({ state }) => state === "enabled");
    const state = profile === undefined ? "EMPTY_EUICC" : (sim.pinWanted() ?? "READY");
    const isCard = content === "euicc";
    const iccid = profile === undefined ? "" : profile.iccid;
    return [`+CPIN: ${state}`, "1", isCard ? "1" : "0", answersToReset[content], isCard ? operations.eid() : "", iccid];
  };

  const commands: CommandTable = {
    "+EID": { read: () => eid('"'), execute: () => eid("") },
    "+SIMTYPE": {
      read: () => (sim.state === "absent" ? cmeError(cme.phoneFailure) : ok(`+SIMTYPE: ${isEuicc() ? 1 : 0}`)),
    },
    "+GTDUALSIM": {
      test: fixed("+GTDUALSIM: (0-1)"),
      read: () => {
        const { active } = sim.slots;
        return ok(`+GTDUALSIM : ${active - 1}, "SUB${active}", "${registration.isRegistered ? "L" : "NO SERVICE"}"`);
      },
      set: (parameters) => {
        const number = numberAt(parameters, 0, 0, 1);
        if (parameters.length !== 1 || number === undefined) return incorrectParameters;
        return { ...ok(), after: () => sim.selectSlot(number === 0 ? 1 : 2) };
      },
    },
    "+GTESIMCFG": {
      read: () => ok(`+GTESIMCFG: ${isDisabled ? 1 : 0},0,0`),
      set: (parameters) => {
        const disable = numberAt(parameters, 0, 0, 1);
        const areZero = [1, 2].every((index) => numberAt(parameters, index, 0, 0) === 0);
        if (parameters.length !== 3 || disable === undefined || !areZero) return incorrectParameters;
        isDisabled = disable === 1;
        return ok();
      },
    },
    "+ESLOTSINFO": {
      read: () => ok(`+ESLOTSINFO: 2, ${[...slotInfo(1), ...slotInfo(2)].map((text) => `"${text}"`).join(", ")}`),
    },
    // Presence of a SIM, and no matter of the eUICC.
    "+ESIMS": { read: () => ok(`+ESIMS: ${sim.state === "absent" ? 0 : 1}`) },
  };
  return { commands, isDownloading: () => false, holdsIsdR: () => isDisabled, powerOff: () => undefined };
}
