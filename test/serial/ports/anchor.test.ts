import { renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { anchorOf, findAgain, type PortAnchor } from "../../../src/serial/ports/anchor.js";
import { eg25, FakeHost } from "../../support/fake-host.js";

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
});
afterEach(() => host.close());

const anchored = (path: string): Promise<PortAnchor> => anchorOf(path, host.roots);
const again = (anchor: PortAnchor): Promise<string | undefined> => findAgain(anchor, host.roots);

describe("a modem that went away and came back", () => {
  it("is found under the same name", async () => {
    const modem = eg25({ serial: "AAA111" });
    host.plug(modem);
    const anchor = await anchored(host.node("ttyUSB2"));
    host.unplug(modem);
    expect(await again(anchor)).toBeUndefined();
    host.plug(modem);
    expect(await again(anchor)).toBe(host.node("ttyUSB2"));
  });

  it("is found under another tty name, with a serial number and without", async () => {
    for (const serial of ["AAA111", undefined]) {
      const own = serial === undefined ? {} : { serial };
      const modem = eg25({ ...own, firstTty: 0 });
      host.plug(modem);
      const anchor = await anchored(host.node("ttyUSB2"));
      host.unplug(modem);
      const renamed = eg25({ ...own, firstTty: 5 });
      host.plug(renamed);
      expect(await again(anchor)).toBe(host.node("ttyUSB7"));
      host.unplug(renamed);
    }
  });

  it("is found by the name that stays when it was given by it", async () => {
    const modem = eg25({ serial: "AAA111" });
    host.plug(modem);
    const stable = host.byId(modem, 2);
    const anchor = await anchored(stable);
    expect(anchor.port?.path).toBe(host.node("ttyUSB2"));
    host.unplug(modem);
    host.plug(eg25({ serial: "AAA111", firstTty: 4 }));
    expect(await again(anchor)).toBe(stable);
  });

  it("is found in another socket by its serial number, and its AT port, not another of its ports", async () => {
    const modem = eg25({ serial: "AAA111" });
    host.plug(modem);
    const anchor = await anchored(host.node("ttyUSB2"));
    host.unplug(modem);
    host.plug(eg25({ serial: "AAA111", busPath: "1-1.4", firstTty: 4 }));
    expect(await again(anchor)).toBe(host.node("ttyUSB6"));
  });

  it("is not there while only its other ports are", async () => {
    const modem = eg25({ serial: "AAA111" });
    host.plug(modem);
    const anchor = await anchored(host.node("ttyUSB2"));
    host.unplug(modem);
    host.plug({ ...modem, ports: modem.ports.filter(({ interfaceNumber }) => interfaceNumber !== 2) });
    expect(await again(anchor)).toBeUndefined();
  });

  it("on PCIe is found by its place, whatever the number of its WWAN device", async () => {
    host.addWwan("wwan0", ["at0"]);
    const anchor = await anchored(host.node("wwan0at0"));
    rmSync(host.node("wwan0at0"));
    rmSync(join(host.roots.sys, "class/wwan/wwan0at0"));
    expect(await again(anchor)).toBeUndefined();
    host.addWwan("wwan1", ["at0"]);
    expect(await again(anchor)).toBe(host.node("wwan1at0"));
  });
});

describe("another modem is not taken for it", () => {
  it("that has another serial number, though it took the same name and the same socket", async () => {
    const modem = eg25({ serial: "AAA111" });
    host.plug(modem);
    const anchor = await anchored(host.node("ttyUSB2"));
    host.unplug(modem);
    host.plug(eg25({ serial: "BBB222" }));
    expect(await again(anchor)).toBeUndefined();
  });

  it("that is of the same kind without a serial number, in another socket under the same name", async () => {
    const modem = eg25({ busPath: "1-1.2" });
    host.plug(modem);
    const anchor = await anchored(host.node("ttyUSB2"));
    host.unplug(modem);
    host.plug(eg25({ busPath: "1-1.3" }));
    expect(await again(anchor)).toBeUndefined();
  });

  it("that has the same serial number, as a careless maker's whole batch has", async () => {
    const modem = eg25({ busPath: "1-1.2", serial: "BATCH7" });
    const twin = eg25({ busPath: "1-1.3", serial: "BATCH7", firstTty: 4 });
    host.plug(modem);
    host.plug(twin);
    const anchor = await anchored(host.node("ttyUSB2"));
    host.unplug(modem);
    expect(await again(anchor)).toBeUndefined();
    host.plug(eg25({ busPath: "1-1.2", serial: "BATCH7", firstTty: 8 }));
    expect(await again(anchor)).toBe(host.node("ttyUSB10"));
  });

  it("that is of another product", async () => {
    const modem = eg25({});
    host.plug(modem);
    const anchor = await anchored(host.node("ttyUSB2"));
    host.unplug(modem);
    host.plug({ ...eg25({}), productId: "0800" });
    expect(await again(anchor)).toBeUndefined();
  });
});

describe("a port of which sysfs tells nothing", () => {
  it("is there while its name is", async () => {
    const path = join(host.dir, "modem");
    writeFileSync(path, "");
    const anchor = await anchored(path);
    expect(await again(anchor)).toBe(path);
    renameSync(path, `${path}.gone`);
    expect(await again(anchor)).toBeUndefined();
  });

  it("is not there while its name leads nowhere", async () => {
    const path = join(host.dir, "modem");
    symlinkSync("/dev/pts/no-such-terminal", path);
    expect(await again(await anchored(path))).toBeUndefined();
  });

  it("may be a UART", async () => {
    host.addUart("ttyS0");
    const anchor = await anchored(host.node("ttyS0"));
    expect(await again(anchor)).toBe(host.node("ttyS0"));
  });
});
