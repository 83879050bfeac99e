import { describe, expect, it } from "vitest";
import { configured } from "./conditions.js";
import { hurriedClock } from "./hurried-clock.js";
import { byModem, inField } from "./in-field.js";

/** The device is set up where there is no network for its new profile, as in a factory's cellar. */

describe.concurrent("without coverage", () => {
  it("a device is provisioned, and its exit status says that it is not registered", () =>
    inField({ modem: { world: { coverage: "none" } } }, async (field) => {
      const words = [...byModem, ...(await configured(field, { network: { registration_wait: "1s" } }))];
      const ended = await field.provision(words);
      expect(ended).toMatchObject({ status: 11 });
      expect(ended.report()).toMatchObject({
        state: "provisioned",
        changed: true,
        network: { registered: false, state: "searching", operator: null },
        error: null,
      });

      // Once it is carried to where a network is, there is nothing left to do.
      field.world.modem.changeWorld({ coverage: "roaming" });
      await field.world.modem.unplug();
      await field.world.modem.replug();
      const later = await field.provision([...byModem, ...(await configured(field))]);
      expect(later).toMatchObject({ status: 0 });
      expect(later.report()).toMatchObject({ state: "provisioned", changed: false, network: { registered: true } });
      expect(field.charges()).toBe(1);
    }));

  it("a modem that downloads by its own network says so before anything is paid", () =>
    inField(
      { dialect: "quectel-nwmode", modem: { world: { coverage: "none" } }, clock: hurriedClock(10) },
      async (field) => {
        const ended = await field.provision([...byModem, ...(await configured(field))]);
        expect(ended).toMatchObject({ status: 75 });
        expect(ended.report()).toMatchObject({ state: "failed", error: { code: "not_registered", actor: "network" } });
        expect(field.charges()).toBe(0);
      },
    ));

  it("a modem that downloads by its own network is given a moment to find it, as after a restart", () =>
    inField({ dialect: "quectel-nwmode", world: { modemWorld: { registrationMs: 3_000 } } }, async (field) => {
      await field.world.modem.unplug();
      await field.world.modem.replug();
      const ended = await field.provision([...byModem, ...(await configured(field))]);
      expect(ended.report()).toMatchObject({ state: "provisioned", error: null });
      expect(field.charges()).toBe(1);
    }));
});
