import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { findModems, type NewModem } from "../../src/daemon/found-modems.js";
import { Whereabouts } from "../../src/daemon/whereabouts.js";
import { type DeviceChanges, watchDevices } from "../../src/serial/device-changes.js";
import { until } from "../stories/conditions.js";
import { startEagerClock } from "../support/eager-clock.js";
import { eg25, FakeHost } from "../support/fake-host.js";

let host: FakeHost;
let eager: ReturnType<typeof startEagerClock>;
let stop: AbortController;
let found: (NewModem & { readonly whereabouts: Whereabouts })[];
let searching: Promise<void>;

beforeEach(() => {
  host = new FakeHost();
  eager = startEagerClock();
  stop = new AbortController();
  found = [];
});

afterEach(async () => {
  stop.abort();
  await searching;
  eager.stop();
  host.close();
});

const deaf: DeviceChanges = { areHeard: false, subscribe: () => () => undefined, close: () => undefined };

/** Looks as fast as it can; `configured` are the ports that have a file. */
function search(configured: readonly string[] = []): void {
  const named = configured.map((port) => ({ name: port.split("/").at(-1) ?? "", port, anchor: undefined }));
  searching = findModems(
    {
      host: host.roots,
      clock: eager,
      log: silentLog,
      devices: deaf,
      served: () => [
        ...named,
        ...found.map(({ name, port, whereabouts }) => ({ name, port, anchor: whereabouts.anchor })),
      ],
      onFound: (modem) => found.push({ ...modem, whereabouts: new Whereabouts(modem.port, host.roots, modem.anchor) }),
    },
    stop.signal,
  );
}

describe("every modem that is found", () => {
  it("is taken once, by its AT port, with a name that stays", async () => {
    const modem = eg25({ serial: "A1" });
    host.plug(modem);
    host.addUart("ttyS0");
    search();
    await until(() => found.length > 0, "the modem is found");
    expect(found.map(({ name, port }) => [name, port])).toEqual([
      ["usb-Quectel_EG25-G_A1-if02-port0", host.byId(modem, 2)],
    ]);
  });

  it("is taken when it comes, and known again under other numbers when it comes back", async () => {
    search();
    const first = eg25({ serial: "A1" });
    host.plug(first);
    await until(() => found.length === 1, "the first is found");
    host.unplug(first);
    host.plug(eg25({ serial: "B2", busPath: "1-1.3", firstTty: 4 }));
    await until(() => found.length === 2, "the second is found");
    expect(await found[0]?.whereabouts.presence()).toBe("absent");
    expect(await found[0]?.whereabouts.isAny()).toBe(false);
    host.plug(eg25({ serial: "A1", firstTty: 8 }));
    host.plug(eg25({ serial: "C3", busPath: "1-1.4", firstTty: 12 }));
    await until(() => found.length === 3, "the third is found");
    expect(found.map(({ name }) => name)).toEqual([
      "usb-Quectel_EG25-G_A1-if02-port0",
      "usb-Quectel_EG25-G_B2-if02-port0",
      "usb-Quectel_EG25-G_C3-if02-port0",
    ]);
    expect(await found[0]?.whereabouts.locate()).toMatch(/ttyUSB10$|A1-if02-port0$/);
  });

  it("has a name of its own where one link under by-id serves a whole batch", async () => {
    host.plug(eg25({}));
    host.plug(eg25({ busPath: "1-1.3", firstTty: 4 }));
    search();
    await until(() => found.length === 2, "both are found");
    expect(new Set(found.map(({ name }) => name)).size).toBe(2);
    expect(found.map(({ name }) => name)).toContain("usb-Quectel_EG25-G-if02-port0");
    const places = await Promise.all(found.map(({ whereabouts }) => whereabouts.locate()));
    expect(new Set(places).size).toBe(2);
  });

  it("is left to the one that is configured for it, by whatever name and whichever of its ports", async () => {
    const one = eg25({ serial: "A1" });
    const other = eg25({ serial: "B2", busPath: "1-1.3", firstTty: 4 });
    host.plug(one);
    host.plug(other);
    search([host.byId(one, 3)]);
    await until(() => found.length === 1, "the other is found");
    expect(found[0]?.name).toBe("usb-Quectel_EG25-G_B2-if02-port0");
  });
});

describe("the host's word that a device came", () => {
  it("is heard by udev's database, once for a burst, and not at all where there is none", async () => {
    expect(watchDevices(host.roots, systemClock).areHeard).toBe(false);
    const folder = join(host.roots.run, "udev/data");
    mkdirSync(folder, { recursive: true });
    const changes = watchDevices(host.roots, systemClock);
    searching = Promise.resolve();
    try {
      expect(changes.areHeard).toBe(true);
      let heard = 0;
      changes.subscribe(() => heard++);
      for (const number of [0, 1, 2, 3]) writeFileSync(join(folder, `c188:${number}`), "V:1\n");
      await until(() => heard > 0, "the change is heard");
      expect(heard).toBe(1);
    } finally {
      changes.close();
    }
  });
});
