import { describe, expect, it } from "vitest";
import { type Figures, metricsText } from "../../src/report/metrics.js";

const figures: Figures = {
  version: "1.2.3",
  startedAtMs: 1_700_000_000_500,
  modems: [
    {
      name: 'odd"\\name',
      state: "provisioned",
      runs: { provisioned: 2, failed: 1, held: 0 },
      lastRunMs: 1_700_000_100_000,
      lastSuccessMs: 1_700_000_100_000,
      registered: true,
      charges: 1,
    },
    {
      name: "new",
      state: "resting",
      runs: { provisioned: 0, failed: 0, held: 0 },
      lastRunMs: undefined,
      lastSuccessMs: undefined,
      registered: undefined,
      charges: undefined,
    },
  ],
  outbox: { events: 3, bytes: 12_288, maxBytes: 4_194_304, dropped: 2, unwritten: 0 },
  sinks: [{ name: "webhook", pending: 3, delivered: 7, failures: 4, dropped: 2, lastDeliveryMs: 1_700_000_000_000 }],
};

const states = ["connecting", "provisioned", "resting"];

describe("the text for Prometheus", () => {
  const text = metricsText(figures, states);

  it("is lines of the format 0.0.4, each family said once, without timestamps, and a newline at the end", () => {
    const line =
      /^(# HELP esimd_[a-z_]+ [^\n]+|# TYPE esimd_[a-z_]+ (gauge|counter)|esimd_[a-z_]+(\{[a-z]+="([^"\\\n]|\\[\\"n])*"(,[a-z]+="([^"\\\n]|\\[\\"n])*")*\})? -?\d+(\.\d+)?)$/;
    expect(text.endsWith("\n")).toBe(true);
    const lines = text.slice(0, -1).split("\n");
    expect(lines.filter((one) => !line.test(one))).toEqual([]);
    const families = lines.filter((one) => one.startsWith("# TYPE ")).map((one) => one.split(" ")[2]);
    expect(new Set(families).size).toBe(families.length);
  });

  it("has one state at 1 and the others at 0", () => {
    expect(text).toContain('esimd_modem_state{modem="new",state="resting"} 1\n');
    expect(text).toContain('esimd_modem_state{modem="new",state="provisioned"} 0\n');
  });

  it("escapes names, and says nothing where nothing is known", () => {
    expect(text).toContain('esimd_charges{modem="odd\\"\\\\name"} 1\n');
    expect(text).not.toContain('esimd_charges{modem="new"}');
    expect(text).not.toContain('esimd_registered{modem="new"}');
  });

  it("has the outbox and its sinks, where somebody wants reports", () => {
    expect(text).toContain("esimd_outbox_dropped_total 2\n");
    expect(text).toContain('esimd_sink_pending{sink="webhook"} 3\n');
    expect(metricsText({ ...figures, outbox: undefined, sinks: [] }, states)).not.toContain("outbox");
  });
});
