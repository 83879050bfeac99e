import { anyEid } from "./qesim.js";
import type { DialectInput } from "./spec.js";

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
  recognise: { ask: { send: "AT+CGEUICCID=?", answer: "+CGEUICCID", timeoutMs: 3_000 }, ...names },
  eid: { send: "AT+CGEUICCID", answer: "+CGEUICCID", timeoutMs: 10_000, value: anyEid, ...names },
  refresh: { waitMs: 30_000, ladder: ["cfun", "reset"], evidence: "documented", source: "TS 27.007 8.2" },
  notes: ["Clause 20 also names +CEUICCPD, +CEUICCPM, +CEUICCPMETAI, +CEUICCMEMRESET, +CEUICCSMDPA and +CEUICCPNM."],
};
