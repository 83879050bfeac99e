import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EsimdError } from "../../src/base/errors.js";
import { eg25 } from "../support/fake-host.js";
import { configured, endOf, endsAs, provisioned, type Sections, until } from "./conditions.js";
import { lastReport } from "./daemon.js";
import type { Field, FieldOptions } from "./field.js";
import { byModem, inField } from "./in-field.js";
import { UsbBench } from "./usb-bench.js";

/** Nobody names a port: esimd finds the modem on this host, and finds it again. */

const auto = ["--port", "auto"] as const;

/** A story in a field on a host of its own, whose USB is empty at first. */
async function onBench(options: FieldOptions, story: (field: Field, bench: UsbBench) => Promise<void>): Promise<void> {
  const bench = new UsbBench();
  try {
    await inField({ ...options, host: bench.host.roots }, (field) => story(field, bench));
  } finally {
    bench.host.close();
  }
}

describe.concurrent("--port auto", () => {
  it("probes and provisions the one modem that is there, on its AT port", () =>
    onBench({}, async (field, bench) => {
      bench.host.addUart("ttyS0");
      bench.plugIn(field);
      const probed = await field.esimd(["probe", "--json", ...auto]);
      expect(probed).toMatchObject({ status: 0 });
      expect(JSON.parse(probed.stdout)).toMatchObject({ port: bench.atPort, eid: field.world.modem.euicc.eid });

      const ended = await field.provision([...auto, ...(await configured(field))]);
      expect(endOf(ended)).toEqual(provisioned);
      expect(ended.report()).toMatchObject({ modem: { port: bench.atPort } });
      expect(field.charges()).toBe(1);
    }));

  it("finds a modem on PCIe, and opens its port by the name that the kernel's WWAN class gives it", () =>
    onBench({}, async (field, bench) => {
      bench.host.addWwan("wwan0", ["at0", "mbim0"], field.world.port);
      const ended = await field.provision([...auto, ...(await configured(field))]);
      expect(endOf(ended)).toEqual(provisioned);
      expect(ended.report()).toMatchObject({ modem: { port: bench.host.node("wwan0at0") } });
    }));

  it("without a modem says what is there instead, and nothing is paid", () =>
    onBench({}, async (field, bench) => {
      bench.host.addUart("ttyAMA0");
      const ended = await field.provision([...auto, ...(await configured(field))]);
      expect(endOf(ended)).toEqual(endsAs(66, "failed", "port_missing"));
      expect(ended.report().error?.message).toContain(`${bench.host.node("ttyAMA0")} (UART)`);
      expect(await field.esimd(["probe", ...auto])).toMatchObject({ status: 66 });
      expect(field.charges()).toBe(0);
    }));

  it("takes none of two modems, and lists them", () =>
    onBench({}, async (field, bench) => {
      bench.plugIn(field);
      const other = eg25({ busPath: "1-1.4", serial: "BBB222", firstTty: 12 });
      bench.host.plug(other);
      const ended = await field.provision([...auto, ...(await configured(field))]);
      expect(endOf(ended)).toEqual(endsAs(66, "failed", "port_ambiguous"));
      expect(ended.report().error?.message).toContain(bench.host.byId(other, 2));
      expect(field.charges()).toBe(0);
    }));
});

/** Pulled out when the download begins; it is put back a moment later, and the bus gives it other names. */
const pulledInDownload: FieldOptions = {
  modem: {
    behaviours: [
      { command: '^AT\\+QESIM="download"', nth: 1, do: { kind: "unplug", when: "executed", replugAfterMs: 200 } },
    ],
  },
};

/** The daemon, until it has provisioned its modem; the reports that it gave. */
async function daemonReports(
  field: Field,
  bench: UsbBench,
  words: readonly string[],
  config: Sections,
): Promise<readonly unknown[]> {
  const stop = new AbortController();
  const running = field.esimd(
    ["run", "--json", ...words, ...byModem, ...(await configured(field, config))],
    {},
    stop.signal,
  );
  await until(() => !existsSync(field.world.port), "the modem is pulled out");
  bench.plugIn(field);
  await until(() => lastReport(field)?.state === "provisioned", "the daemon provisions the modem", 25_000);
  stop.abort(new EsimdError("cancelled", "stopped by SIGTERM"));
  const ended = await running;
  expect(ended).toMatchObject({ status: 0 });
  expect(field.charges()).toBe(1);
  return ended.stdout
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

describe.concurrent("the daemon's modem comes back under another name", () => {
  it("in the middle of a run, which goes on", () =>
    onBench(pulledInDownload, async (field, bench) => {
      bench.plugIn(field);
      const reports = await daemonReports(field, bench, ["--port", bench.atPort], {});
      expect(reports).toMatchObject([{ state: "provisioned", changed: true, modem: { port: bench.atPort } }]);
    }));

  it.each(["auto", "named"])("after a run gave up, and the next one begins there (%s)", (how) =>
    onBench(pulledInDownload, async (field, bench) => {
      bench.plugIn(field);
      const first = bench.atPort;
      const reports = await daemonReports(field, bench, ["--port", how === "auto" ? "auto" : first], {
        modem: { return_wait: "0s" },
      });
      expect(bench.atPort).not.toBe(first);
      expect(reports).toMatchObject([
        { state: "failed", error: { code: "serial_gone" }, modem: { port: first } },
        { state: "provisioned", error: null, modem: { port: bench.atPort } },
      ]);
      // One modem, one line of status, whatever its port was called.
      const status = await field.esimd(["status", "--json"]);
      expect(JSON.parse(status.stdout)).toMatchObject({ reports: [{ state: "provisioned" }] });
    }),
  );
});
