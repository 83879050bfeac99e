import type { Report } from "../../../src/report/schema.js";

/** A report as a run ends with it; `error` makes it a failed one. */
export function aReport(finishedAtMs: number, error?: string): Report {
  return {
    schema: "esimd.report/1",
    state: error === undefined ? "provisioned" : "failed",
    changed: error === undefined,
    eid: "89049032123451234512345678901235",
    iccid: "89440000000000000012",
    esimProfile: { sid: "HP1", status: "installed", method: "eid", smdpAddress: "smdp.example" },
    sim: { sid: "HS1", status: "ready", fleet: null },
    modem: {
      port: "/dev/ttyUSB2",
      vendor: "Quectel",
      model: "EG25",
      revision: "EG25GGBR07A08M2G",
      imei: "860425040000019",
      dialect: "etsi-apdu",
      lpa: "host",
    },
    network: { registered: true, state: "home", operator: "Operator" },
    error:
      error === undefined
        ? null
        : { code: error, message: "It is down.", actor: "network", retry: "later", hint: "Wait." },
    timings: { total: 12_000 },
    startedAt: new Date(finishedAtMs - 12_000).toISOString(),
    finishedAt: new Date(finishedAtMs).toISOString(),
  };
}
