/**
 * A modem with the eUICC commands of 3GPP Release 19 (TS 27.007 v19, clause 20). Their names and purposes are documented; what their
 * answers look like was not to be had, and no modem that has them is known. So the form of `+CGEUICCID: "<eid>"` is a guess after
 * 27.007's custom, the others only say that they exist, and everything on profiles goes by raw card access beside them.
 */

import { ok } from "../answers.js";
import { type CommandTable, fixed } from "../command-set.js";
import type { DialectSession, FakeDialect } from "./dialect.js";

/** Download; enable, disable, delete; metadata and nicknames; default SM-DP+; notifications; memory reset. */
const named = ["+CEUICCPD", "+CEUICCPM", "+CEUICCPMETAI", "+CEUICCSMDPA", "+CEUICCPNM", "+CEUICCMEMRESET"];

export const threeGppR19: FakeDialect = {
  name: "3gpp-r19",
  summary: "a modem that tells its EID as 3GPP Release 19 has it (its form is a guess); raw card access for the rest",
  identity: { manufacturer: "Example", model: "R19-1", revision: "19.0.0" },
  start: ({ sim, operations }): DialectSession => {
    const commands: CommandTable = {
      ...Object.fromEntries(named.map((name) => [name, { test: fixed() }])),
      "+CGEUICCID": {
        test: fixed(),
        execute: () => sim.euiccRefusal() ?? ok(`+CGEUICCID: "${operations.eid()}"`),
      },
    };
    return { commands, isDownloading: () => false, powerOff: () => undefined };
  },
};
