import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lookAtSlots, type Sight } from "../../../src/station/slots/sight.js";
import type { SlotEntry } from "../../../src/station/station-file.js";
import { eg25, FakeHost } from "../../support/fake-host.js";

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
});
afterEach(() => host.close());

const slot7: SlotEntry = { number: 7, usb: "1-1.4.2" };
const slot8: SlotEntry = { number: 8, usb: "1-1.4.3" };

async function look(...slots: readonly SlotEntry[]): Promise<readonly Sight[]> {
  const sights = await lookAtSlots(slots, host.roots);
  return slots.map(({ number }) => sights.get(number) ?? { kind: "absent" });
}

/** The port to open; undefined: no unit is there. */
function portOf(sight: Sight | undefined): string | undefined {
  return sight?.kind === "present" ? sight.port : undefined;
}

function instanceOf(sight: Sight | undefined): string | undefined {
  return sight?.kind === "present" ? sight.instance : undefined;
}

describe("a slot on the USB", () => {
  it("7 is slot 7, whatever number the kernel gives the ttys", async () => {
    const first = eg25({ busPath: "1-1.4.2", serial: "U1", firstTty: 0 });
    const second = eg25({ busPath: "1-1.4.3", serial: "U2", firstTty: 4 });
    host.plug(first);
    host.plug(second);
    expect((await look(slot7, slot8)).map(portOf)).toEqual([host.node("ttyUSB2"), host.node("ttyUSB6")]);
    // The same units, found in the other order after a start.
    host.unplug(first);
    host.unplug(second);
    host.plug(eg25({ busPath: "1-1.4.3", serial: "U2", firstTty: 0 }));
    host.plug(eg25({ busPath: "1-1.4.2", serial: "U1", firstTty: 4 }));
    const again = await look(slot7, slot8);
    expect(again.map(portOf)).toEqual([host.node("ttyUSB6"), host.node("ttyUSB2")]);
    expect(again.map(instanceOf)).toEqual(["U1", "U2"]);
  });

  it("is empty when nothing is plugged in there, and is not one whose place only begins alike", async () => {
    host.plug(eg25({ busPath: "1-1.4.2", serial: "U1" }));
    const sights = await look(slot7, slot8, { number: 4, usb: "1-1.4" }, { number: 5, usb: "1-1.4.20" });
    expect(sights.map(({ kind }) => kind)).toEqual(["present", "absent", "absent", "absent"]);
  });

  it("opens the interface that is named for it, and none where the unit has no such interface", async () => {
    host.plug(eg25({ busPath: "1-1.4.2", serial: "U1" }));
    const [named] = await look({ ...slot7, interface: 3 });
    expect(portOf(named)).toBe(host.node("ttyUSB3"));
    expect((await look({ ...slot7, interface: 9 }))[0]).toEqual({ kind: "absent" });
  });

  it("shows that another unit is there: by its serial number on the USB, else by its node", async () => {
    const one = eg25({ busPath: "1-1.4.2", serial: "U1" });
    host.plug(one);
    const [before] = await look(slot7);
    host.unplug(one);
    host.plug(eg25({ busPath: "1-1.4.2", serial: "U2" }));
    const [after] = await look(slot7);
    expect([instanceOf(before), instanceOf(after)]).toEqual(["U1", "U2"]);

    const nameless = eg25({ busPath: "1-1.4.3", firstTty: 8 });
    host.plug(nameless);
    const [known] = await look(slot8);
    expect((await look(slot8))[0]).toEqual(known);
    host.unplug(nameless);
    // So that the node cannot be the same one.
    writeFileSync(host.node("other"), "");
    host.plug(nameless);
    expect(instanceOf((await look(slot8))[0])).not.toBe(instanceOf(known));
  });

  it("does not take a number that a maker gives every unit for the unit's own", async () => {
    host.plug(eg25({ busPath: "1-1.4.2", serial: "0123456789ABCDEF" }));
    expect(instanceOf((await look(slot7))[0])).toMatch(/^\d+@/);
  });
});

describe("a slot at a port", () => {
  it("is there while its device or socket is, and another one when it came anew", async () => {
    const port = join(host.dir, "slots/01.sock");
    const slot: SlotEntry = { number: 1, port: `unix:${port}` };
    expect((await look(slot))[0]).toEqual({ kind: "absent" });
    mkdirSync(join(host.dir, "slots"));
    writeFileSync(port, "");
    const [first] = await look(slot);
    expect(portOf(first)).toBe(slot.port);
    rmSync(port);
    writeFileSync(join(host.dir, "slots/other"), "");
    writeFileSync(port, "");
    const [second] = await look(slot);
    expect(portOf(second)).toBe(slot.port);
    expect(instanceOf(second)).not.toBe(instanceOf(first));
  });

  it("cannot be seen at the other end of a network, and is tried when there is a serial number for it", async () => {
    const slot: SlotEntry = { number: 1, port: "tcp://192.0.2.7:4000" };
    expect((await look(slot))[0]).toEqual({ kind: "present", port: "tcp://192.0.2.7:4000", instance: undefined });
  });

  it("is known by the USB serial number of what is behind it, where another slot has the host looked through", async () => {
    host.plug(eg25({ busPath: "1-1.2", serial: "U5" }));
    const [atPort] = await look({ number: 1, port: host.node("ttyUSB2") }, slot7);
    expect(instanceOf(atPort)).toBe("U5");
  });
});
