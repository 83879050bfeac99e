import { anyEid, anyIccid } from "./qesim.js";
import type { DialectInput } from "./spec.js";

const manual = { evidence: "documented", source: "FM350 AT Commands User Manual V2.10 (second-hand)" } as const;

const ril = {
  evidence: "guess",
  source:
    "MediaTek's RIL sets the SIM's power with at+esimpower and AOSP's CardPowerState, 0 and 1; nobody reports it of FM350",
} as const;

/**
 * Fibocom FM350-GL and kin on MediaTek T700: the EID and the slots by commands of their own, everything else by raw card access, which
 * an LPA inside the modem takes away for a while after a start or a switch of slots.
 */
export const fibocomMtk: DialectInput = {
  name: "fibocom-mtk",
  summary: "Fibocom modems on MediaTek: EID and slots by AT, downloads by raw card access (FM350-GL)",
  modems: ["Fibocom FM350-GL"],
  evidence: "documented",
  sources: [
    "FM350 AT Commands User Manual V2.10 (second-hand)",
    "OpenWrt field notes on FM350",
    "ddimension/wwand src-ucode/ncm_vendors.uc",
    "estkme-group/lpac issues 179, 209, 300 and pull requests 442, 445, 448",
  ],
  recognise: {
    identity: "fibocom|mediatek|FM350",
    ask: { send: "AT+EID?", answer: "+EID", timeoutMs: 5_000, matches: ["\\+EID\\s*:"] },
    ...manual,
  },
  eid: {
    send: "AT+EID?",
    answer: "+EID",
    timeoutMs: 10_000,
    value: anyEid,
    absent: '^\\+EID\\s*:\\s*"?"?\\s*$',
    ...manual,
  },
  iccid: [
    {
      send: "AT+ICCID",
      answer: "+ICCID",
      timeoutMs: 5_000,
      value: anyIccid,
      evidence: "forum",
      source: "4IceG/RM520N-GL issue 86: the filler nibble is kept",
    },
  ],
  slot: {
    query: {
      send: "AT+GTDUALSIM?",
      answer: "+GTDUALSIM",
      timeoutMs: 5_000,
      value: "^\\+GTDUALSIM\\s*:\\s*(\\d)",
      ...manual,
    },
    set: { send: "AT+GTDUALSIM={slot}", answer: "none", timeoutMs: 30_000, repeatable: true, ...manual },
    note: "slots are 0 and 1, 1 is the built-in eUICC; the setting is kept in the modem, data contexts are lost, and the AT port may die",
  },
  slots: {
    send: "AT+ESLOTSINFO?",
    answer: "+ESLOTSINFO",
    timeoutMs: 5_000,
    each: '"[^"]*"\\s*,\\s*"[01]"\\s*,\\s*"(?<euicc>[01])"(?:\\s*,\\s*"[^"]*"){3}',
    first: 0,
    evidence: "seen in code",
    source: "ddimension/wwand src-ucode/ncm_vendors.uc",
  },
  refresh: {
    waitMs: 30_000,
    ladder: ["cfun", "sim-power", "reset"],
    simPower: {
      off: { send: "AT+ESIMPOWER=0", answer: "none", timeoutMs: 15_000, repeatable: true, ...ril },
      on: { send: "AT+ESIMPOWER=1", answer: "none", timeoutMs: 15_000, repeatable: true, ...ril },
    },
    evidence: "guess",
    source: "TS 27.007 8.2; no report of a switch on this modem says more",
  },
  isdrWindowMs: 600_000,
  notes: [
    "A new device answers AT+CPIN? with EMPTY_EUICC: the eUICC is there, and no profile is enabled.",
    "After a start or a switch of slots the LPA inside holds the ISD-R, ten minutes and more when the modem is idle.",
    "After opening, the port may be silent for 45 s; the modem may restart by itself about 90 s after its start.",
  ],
};
