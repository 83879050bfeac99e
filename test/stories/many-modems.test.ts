import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ScenarioInput } from "../../src/emulator/modem/scenario.js";
import { eg25, FakeHost } from "../support/fake-host.js";
import { until } from "./conditions.js";
import { eidNumber, inFleet } from "./fleet.js";

/** One daemon, several modems on real ptys. Waits are long, for a machine that does much else. */
const longMs = 60_000;
const silentDownload: ScenarioInput = {
  behaviours: [{ command: 'QESIM="download"', times: 1, do: { kind: "silence" } }],
};

describe("a gateway with several modems", { timeout: 3 * longMs }, () => {
  it("has each of four provisioned, for one charge each", () =>
    inFleet({}, async (fleet) => {
      for (const number of [1, 2, 3, 4]) fleet.configure(`m${number}`, await fleet.addModem(eidNumber(number)));
      await fleet.run();
      await until(() => fleet.modems.every((modem) => fleet.provisioned(modem)), "all four are provisioned", longMs);
      const ended = await fleet.ended("stopped");
      expect(ended.status).toBe(0);
      expect(fleet.field.charges()).toBe(4);
      expect(new Set(fleet.reports.map(({ iccid }) => iccid)).size).toBe(4);
    }));

  it("goes on with the others when one hangs and another is pulled out, and ends within its time when stopped", () =>
    inFleet({}, async (fleet) => {
      const hangs = await fleet.addModem(eidNumber(1), silentDownload);
      const well = await fleet.addModem(eidNumber(2));
      // The last one: a pty's holder has the masters of those before it open, and keeps them from hanging up.
      const gone = await fleet.addModem(eidNumber(3), silentDownload);
      fleet.configure("hangs", hangs);
      fleet.configure("well", well);
      fleet.configure("gone", gone);
      await fleet.run({ daemon: { concurrency: 3 } });
      const downloads = (modem: typeof gone): boolean =>
        modem.transcript.some(({ text }) => text.includes('QESIM="download"'));
      await until(() => downloads(hangs) && downloads(gone), "both are in the middle of a download", longMs);
      await gone.unplug();
      await until(() => fleet.provisioned(well), "the third is provisioned", longMs);
      await gone.replug();
      await until(() => fleet.provisioned(gone), "the one that came back is provisioned", longMs);
      expect(fleet.provisioned(hangs)).toBe(false);
      expect((await fleet.ended("stopped")).status).toBe(0);
      expect(fleet.field.charges()).toBe(3);
    }));

  it("takes a modem in and drops one on SIGHUP, and keeps what it has when the files do not hold", () =>
    inFleet({}, async (fleet) => {
      const first = await fleet.addModem(eidNumber(1));
      const second = await fleet.addModem(eidNumber(2));
      fleet.configure("first", first);
      await fleet.run();
      await until(() => fleet.provisioned(first), "the first is provisioned", longMs);

      fleet.configure("second", first);
      fleet.signal("SIGHUP");
      await until(() => fleet.log.includes("the configuration is not taken up"), "the reload is refused", longMs);
      expect(fleet.log).toContain("are one port");
      fleet.configure("second", second);
      fleet.takeOut("first");
      fleet.signal("SIGHUP");
      await until(() => fleet.provisioned(second), "the second is provisioned", longMs);
      await fleet.ended("stopped");
      expect(fleet.log).toContain('"modem":"first","msg":"esimd does not serve this modem any more"');
      expect(fleet.field.charges()).toBe(2);
    }));

  it("drained in the middle of a run, ends once that is provisioned, and begins none that waits", () =>
    inFleet({}, async (fleet) => {
      const first = await fleet.addModem(eidNumber(1));
      const second = await fleet.addModem(eidNumber(2));
      fleet.configure("first", first);
      fleet.configure("second", second);
      await fleet.run({ daemon: { concurrency: 1 } });
      await until(() => first.transcript.length > 0, "the first run has begun", longMs);
      fleet.signal("SIGUSR2");
      const ended = await fleet.ended("by itself");
      expect(ended.status).toBe(0);
      expect(fleet.provisioned(first)).toBe(true);
      expect(second.transcript).toEqual([]);
      expect(fleet.field.charges()).toBe(1);
    }));

  it("pays once where two modems turn out to have one EID: the second is refused, and the sentence says why", () =>
    inFleet({}, async (fleet) => {
      const first = await fleet.addModem(eidNumber(1), silentDownload);
      fleet.configure("first", first);
      fleet.configure("second", await fleet.addModem(eidNumber(1)));
      await fleet.run();
      await until(() => fleet.reports.some(({ error }) => error?.code === "state_locked"), "one is refused", longMs);
      const refused = fleet.reports.find(({ error }) => error?.code === "state_locked");
      expect(refused?.error?.message).toContain("another modem of this esimd works on this eUICC");
      expect(refused?.error?.hint).toContain("Two names lead to one eUICC");
      await fleet.ended("stopped");
      expect(fleet.field.charges()).toBeLessThanOrEqual(1);
    }));

  it("with all serves a modem that is plugged in while it runs", async () => {
    const host = new FakeHost();
    try {
      const records = join(host.roots.run, "udev/data");
      mkdirSync(records, { recursive: true });
      await inFleet({ host: host.roots }, async (fleet) => {
        const here = await fleet.addModem(eidNumber(1));
        host.plug(eg25({ serial: "A1", target: here.port }));
        await fleet.run({ modem: { port: "all" } });
        await until(() => fleet.provisioned(here), "the one that is there is provisioned", longMs);
        const later = await fleet.addModem(eidNumber(2));
        host.plug(eg25({ serial: "B2", busPath: "1-1.3", firstTty: 4, target: later.port }));
        writeFileSync(join(records, "c188:6"), "V:1\n");
        await until(() => fleet.provisioned(later), "the one that came is provisioned", longMs);
        await fleet.ended("stopped");
        expect(fleet.log).toContain('"modem":"usb-Quectel_EG25-G_B2-if02-port0"');
        expect(fleet.field.charges()).toBe(2);
      });
    } finally {
      host.close();
    }
  });
});
