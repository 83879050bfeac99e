import { describe, expect, it } from "vitest";
import { evidenceOf, factsOf } from "../../../src/modem/dialects/facts.js";
import { ownCatalogue } from "../../../src/modem/dialects/index.js";

describe("the facts of a dialect", () => {
  it.each(ownCatalogue.dialects.map((dialect) => [dialect.name, dialect] as const))(
    "%s: each has a name of its own, so that none hides another",
    (_name, dialect) => {
      const names = factsOf(dialect).map(([what]) => what);
      expect(new Set(names).size).toBe(names.length);
      expect(Object.keys(evidenceOf(dialect))).toHaveLength(names.length);
    },
  );

  it.each<[string, string, string]>([
    ["quectel-nwmode", "download", "seen in code"],
    ["quectel-nwmode", "download with a confirmation code", "seen in code"],
    ["quectel-nwmode", "end of a download", "guess"],
    ["quectel-nwmode", "after a switch", "guess"],
    ["quectel-iccid", "end of a download", "seen in code"],
    ["quectel-iccid", "recognition", "seen in code"],
    ["quectel-iccid", "ICCID in use (AT+QCCID)", "forum"],
    ["quectel-iccid", "ICCID in use (AT+ICCID)", "documented"],
    ["3gpp-r19", "recognition", "guess"],
    ["fibocom-mtk", "SIM power off", "guess"],
    ["etsi-apdu", "SIM power on", "seen in code"],
    ["simcom", "recognition", "forum"],
  ])("%s: %s is %s", (name, what, evidence) => {
    expect(evidenceOf(ownCatalogue.find(name))).toMatchObject({ [what]: evidence });
  });
});
