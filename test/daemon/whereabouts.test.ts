import { chmodSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Whereabouts } from "../../src/daemon/whereabouts.js";
import { eg25, FakeHost } from "../support/fake-host.js";

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
});
afterEach(() => host.close());

describe("where the modem is", () => {
  it("is the port that was named, and the same modem's under another name later", async () => {
    const modem = eg25({ serial: "AAA111" });
    host.plug(modem);
    const whereabouts = new Whereabouts(host.node("ttyUSB2"), host.roots);
    expect(await whereabouts.locate()).toBe(host.node("ttyUSB2"));
    host.unplug(modem);
    expect(await whereabouts.isBack()).toBe(false);
    await expect(whereabouts.locate()).rejects.toMatchObject({ code: "port_missing" });
    host.plug(eg25({ serial: "AAA111", firstTty: 4 }));
    expect(await whereabouts.isBack()).toBe(true);
    expect(await whereabouts.locate()).toBe(host.node("ttyUSB6"));
    expect(whereabouts.last).toBe(host.node("ttyUSB6"));
  });

  it("is found with auto, and stays with the modem that was found when another comes", async () => {
    const modem = eg25({ busPath: "1-1.2", serial: "AAA111" });
    host.plug(modem);
    const whereabouts = new Whereabouts("auto", host.roots);
    expect(whereabouts.last).toBe("auto");
    expect(await whereabouts.locate()).toBe(host.node("ttyUSB2"));
    host.plug(eg25({ busPath: "1-1.3", serial: "BBB222", firstTty: 4 }));
    expect(await whereabouts.locate()).toBe(host.node("ttyUSB2"));
    host.unplug(modem);
    await expect(whereabouts.locate()).rejects.toMatchObject({ code: "port_missing" });
  });

  it("is nowhere, with auto, while no modem is there", async () => {
    const whereabouts = new Whereabouts("auto", host.roots);
    await expect(whereabouts.locate()).rejects.toMatchObject({ code: "port_missing" });
    expect(await whereabouts.isAny()).toBe(false);
    host.plug(eg25({}));
    expect(await whereabouts.isAny()).toBe(true);
  });

  it("is left to the opening where nothing was there yet", async () => {
    const whereabouts = new Whereabouts("/dev/no-such-port", host.roots);
    expect(await whereabouts.locate()).toBe("/dev/no-such-port");
    expect(await whereabouts.isAny()).toBe(false);
  });

  it.each(["auto", "named"])("for a daemon is another modem's once the old one is gone (%s)", async (how) => {
    const modem = eg25({ serial: "AAA111" });
    host.plug(modem);
    const whereabouts = new Whereabouts(how === "auto" ? "auto" : host.node("ttyUSB2"), host.roots);
    await whereabouts.locate();
    host.unplug(modem);
    expect(await whereabouts.isAny()).toBe(false);
    host.plug(eg25({ serial: "BBB222" }));
    expect(await whereabouts.isBack()).toBe(false);
    expect(await whereabouts.isAny()).toBe(true);
    expect(await whereabouts.locate()).toBe(host.node("ttyUSB2"));
    expect(await whereabouts.isBack()).toBe(true);
  });

  it.skipIf(process.getuid?.() === 0)("is not back before udev has given its node to us", async () => {
    host.plug(eg25({}));
    const whereabouts = new Whereabouts("auto", host.roots);
    await whereabouts.locate();
    chmodSync(host.node("ttyUSB2"), 0o000);
    expect(await whereabouts.isBack()).toBe(false);
    chmodSync(host.node("ttyUSB2"), 0o600);
    expect(await whereabouts.isBack()).toBe(true);
  });

  it.each([
    ["its own serial number", "AAA111", "same"],
    ["no serial number", undefined, "perhaps-same"],
  ] as const)("tells a modem with %s from another in its place", async (_name, serial, itself) => {
    const modem = eg25(serial === undefined ? {} : { serial });
    host.plug(modem);
    const whereabouts = new Whereabouts("auto", host.roots);
    await whereabouts.locate();
    expect(await whereabouts.presence()).toBe(itself);
    host.unplug(modem);
    expect(await whereabouts.presence()).toBe("absent");
    host.plug(eg25({ ...(serial === undefined ? {} : { serial }), firstTty: 4 }));
    expect(await whereabouts.presence()).toBe(itself);
    host.unplug(eg25({ ...(serial === undefined ? {} : { serial }), firstTty: 4 }));
    host.plug(eg25({ serial: "BBB222" }));
    expect(await whereabouts.presence()).toBe("other");
    expect(await whereabouts.locate()).toBe(host.node("ttyUSB2"));
    expect(await whereabouts.presence()).toBe("same");
  });

  it("cannot be seen behind a socket, which is tried", async () => {
    const whereabouts = new Whereabouts("tcp://127.0.0.1:4000", host.roots);
    expect(whereabouts.canBeSeen).toBe(false);
    expect(await whereabouts.presence()).toBe("same");
    expect(await whereabouts.locate()).toBe("tcp://127.0.0.1:4000");
    expect([await whereabouts.isBack(), await whereabouts.isAny()]).toEqual([true, true]);
  });
});
