import { anyEid } from "./qesim.js";
import type { DialectInput } from "./spec.js";

/** Clause 20 beside the EID; which of them a modem has is shown, and no more: the form of their parameters is not known. */
const others = ["+CEUICCPD", "+CEUICCPM", "+CEUICCPMETAI", "+CEUICCMEMRESET", "+CEUICCSMDPA", "+CEUICCPNM"] as const;

const names = {
  evidence: "guess",
  source: "TS 27.007 v19 clause 20 names +CGEUICCID; the form of its answer was not to be had",
} as const;

/**
 * The standardised commands of 3GPP Release 19. Only their names and purposes are known here, and no modem that has them: they are looked
 * for and the EID is asked; everything else goes by raw card access.
 */
export const threeGppR19: DialectInput = {
  name: "3gpp-r19",
  summary: "modems with the eUICC commands of 3GPP Release 19 (AT+CGEUICCID)",
  modems: ["none known"],
  evidence: "guess",
  sources: ["3GPP TS 27.007 v19, clause 20 (names and purposes)"],
  // The EID itself is asked: some firmware says OK to every test form, whether it has the command or not.
  recognise: { ask: { send: "AT+CGEUICCID", answer: "+CGEUICCID", timeoutMs: 3_000, matches: [anyEid] }, ...names },
  eid: { send: "AT+CGEUICCID", answer: "+CGEUICCID", timeoutMs: 10_000, value: anyEid, ...names },
  refresh: { waitMs: 30_000, ladder: ["cfun", "reset"], evidence: "documented", source: "TS 27.007 8.2" },
  offers: others.map((name) => ({
    name,
    send: `AT${name}=?`,
    answer: name,
    timeoutMs: 3_000,
    evidence: "documented",
    source: "TS 27.007 v19 clause 20 (name and purpose; the form of its parameters was not to be had)",
  })),
  notes: [
    "OK to a test form says no more than that: which of the other commands of clause 20 a modem has is shown by probe, and none is used.",
  ],
};
