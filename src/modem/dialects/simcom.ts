import { anyIccid } from "./qesim.js";
import type { DialectInput } from "./spec.js";

/** SIMCom SIM7600, A76xx, A79xx: no eSIM commands of their own; answers without a space behind the colon. */
export const simcom: DialectInput = {
  name: "simcom",
  summary: "SIMCom modems: raw card access (A7908E, SIM7600)",
  modems: ["SIMCom A7908E", "SIMCom SIM7600"],
  evidence: "forum",
  sources: ["estkme-group/lpac issues 168, 221 and pull request 238", "SIM7600 AT command manual (AT+CICCID)"],
  // Some A76xx tell no more of their maker than INCORPORATED.
  recognise: {
    identity: "simcom|\\bA7[69]\\d\\d|\\bSIM7\\d{3}",
    evidence: "forum",
    source: "the models in estkme-group/lpac's issues",
  },
  iccid: [
    {
      send: "AT+CICCID",
      answer: "free",
      own: "^\\+I?CCID",
      timeoutMs: 5_000,
      value: anyIccid,
      evidence: "documented",
      source: "SIM7600 AT command manual, table of contents",
    },
  ],
  refresh: {
    waitMs: 30_000,
    ladder: ["cfun", "reset"],
    evidence: "guess",
    source: "TS 27.007 8.2; no report of a switch on these modems says more",
  },
};
