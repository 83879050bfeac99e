import { anyIccid } from "./qesim.js";
import type { DialectInput } from "./spec.js";

const kura = {
  evidence: "seen in code",
  source:
    "Eclipse Kura's TelitHe910AtCommands, for Telit: 0 simulates no SIM, 1 one that is inserted; other makers refuse it",
} as const;

/** Any modem that opens a channel to the eUICC; most modems in the field have nothing more to offer, and need nothing more. */
export const etsiApdu: DialectInput = {
  name: "etsi-apdu",
  summary: "any modem with raw card access (AT+CCHO, AT+CGLA, AT+CCHC, or AT+CSIM)",
  modems: ["any, found by opening a channel"],
  evidence: "documented",
  sources: ["3GPP TS 27.007 8.17, 8.45 to 8.47", "Quectel RG520N Series AT Commands Manual V1.0, pages 60 to 65"],
  iccid: [
    {
      send: "AT+CCID",
      answer: "+CCID",
      timeoutMs: 5_000,
      value: anyIccid,
      evidence: "seen in code",
      source: "ModemManager's u-blox plugin",
    },
    {
      send: "AT+ICCID",
      answer: "+ICCID",
      timeoutMs: 5_000,
      value: anyIccid,
      evidence: "documented",
      source: "Quectel RG520N Series AT Commands Manual V1.0, 4.2",
    },
  ],
  refresh: {
    waitMs: 30_000,
    ladder: ["cfun", "sim-power", "reset"],
    simPower: {
      off: { send: "AT#SIMDET=0", answer: "none", timeoutMs: 10_000, repeatable: true, ...kura },
      on: { send: "AT#SIMDET=1", answer: "none", timeoutMs: 10_000, repeatable: true, ...kura },
    },
    evidence: "documented",
    source: "TS 27.007 8.2; ETSI TS 102 223 6.4.7",
  },
  notes: [
    "On a Telit whose SIM's power was cycled AT#SIMDET stays at 1, SIM inserted; 2 leaves it to the detection pin again.",
  ],
};
