/**
 * RG650E, RM520N and kin: an LPA that holds the ISD-R while `lpa_enable` is 1. The setting outlives a reset, and only a reset brings it
 * into effect. Of this family's own operations the emulator has `lpa_enable` and `eid`; those on profiles by index answer ERROR.
 */

import { type Answer, ok, plainError } from "../answers.js";
import type { Parameter } from "../command-line.js";
import { numberAt, stringAt } from "../command-set.js";
import type { DialectParts, DialectSession, FakeDialect } from "./dialect.js";

const syntax = [
  '"lpa_enable",(0,1)',
  '"eid"',
  '"profile_brief"',
  '"profile_detail",<index>',
  '"enable_profile",<index>',
  '"disable_profile",<index>',
  '"delete_profile",<index>',
  '"nickname",<index>,<nickname>',
  '"def_svr_addr",<fqdn>',
].map((line) => `+QESIM: ${line}`);

export const quectelIndex: FakeDialect = {
  name: "quectel-index",
  summary: "Quectel RG650E: an LPA that keeps every host from the eUICC while it is switched on",
  identity: { manufacturer: "Quectel", model: "RG650E-EU", revision: "RG650EEUDCR11A03M16G" },
  start,
};

function start({ sim, operations }: DialectParts): DialectSession {
  let stored = true;
  let inEffect = stored;

  const lpaEnable = (parameters: readonly Parameter[]): Answer => {
    if (parameters.length === 0) return ok(`+QESIM: "lpa_enable",${stored ? 1 : 0}`);
    const value = numberAt(parameters, 0, 0, 1);
    if (value === undefined || parameters.length > 1) return plainError;
    stored = value === 1;
    return ok();
  };
  const eid = (parameters: readonly Parameter[]): Answer => {
    if (parameters.length > 0 || !inEffect) return plainError;
    return sim.refusal() === undefined ? ok(`+QESIM: "eid",${operations.eid()}`) : plainError;
  };
  return {
    commands: {
      "+QESIM": {
        test: () => ok(...syntax),
        set: (parameters) => {
          const [, ...rest] = parameters;
          switch (stringAt(parameters, 0)) {
            case "lpa_enable":
              return lpaEnable(rest);
            case "eid":
              return eid(rest);
            default:
              return plainError;
          }
        },
      },
    },
    isDownloading: () => false,
    holdsIsdR: () => inEffect,
    powerOff: () => {
      inEffect = stored;
    },
  };
}
