import { describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../src/base/clock.js";
import { configured, endOf, provisioned } from "./conditions.js";
import { inField } from "./in-field.js";

/** First boots on a real pty: a clock in 1970, a network that comes later, a default SM-DP+ of another vendor. */

/** A host's clock in 1970, until somebody sets it. */
function clockIn1970(): { readonly clock: Clock; readonly set: (right: boolean) => void } {
  let isRight = false;
  return {
    clock: { ...systemClock, nowMs: () => (isRight ? systemClock.nowMs() : 5_000) },
    set: (right) => {
      isRight = right;
    },
  };
}

describe("a device that has just started", () => {
  it("in 1970 says what it waits for, and goes on when the time is set: the modem's clock agrees with it", () => {
    const { clock, set } = clockIn1970();
    const says = "the clock says 1970-01-01, before this esimd was made.";
    const onStdout = (text: string): void => {
      if (text.includes(`Waiting for the right time, for 60 s at most: ${says}`)) set(true);
    };
    return inField({ clock, onStdout }, async (field) => {
      const words = await configured(field, { boot: { clock_wait: "60s" } });
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect(field.charges()).toBe(1);
    });
  });

  it("in 1970 for good ends with 75 and the reason, pays nothing, and is provisioned in 1970 once it was provisioned", () => {
    const { clock, set } = clockIn1970();
    return inField({ clock }, async (field) => {
      const words = await configured(field);
      const ended = await field.provision(words);
      expect(ended.status).toBe(75);
      const { error } = ended.report();
      expect(error).toMatchObject({ code: "clock_insane", message: expect.stringContaining("1970-01-01") });
      expect(field.charges()).toBe(0);
      set(true);
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      set(false);
      const again = await field.provision(words);
      expect([again.status, again.report().state, again.report().changed]).toEqual([0, "provisioned", false]);
      expect(field.charges()).toBe(1);
    });
  });

  it("without a network ends with the reason and not a request", () =>
    inField({}, async (field) => {
      const words = await configured(field);
      const ended = await field.provision(words, { ESIMD_API_URL: "http://127.0.0.1:1" });
      expect(ended.status).toBe(69);
      expect(ended.report().error).toMatchObject({
        code: "api_unreachable",
        message: expect.stringContaining("127.0.0.1:1"),
      });
      expect(ended.stdout).toContain("Waiting for the network, for");
      expect(field.world.api.requests()).toEqual([]);
    }));

  it("gets the operator's default SM-DP+, once, and with consent only", () =>
    inField({ dialect: "etsi-apdu", lpa: "host" }, async (field) => {
      const { modem } = field.world;
      const address = (): string | undefined => modem.euicc.toJSON().defaultSmdpAddress;
      const before = address();
      const other = "smdp.operator.example";
      expect(before).not.toBe(other);
      const table = (set: string) => ({ default_smdp: { address: other, set } });
      expect(endOf(await field.provision(await configured(field, table("missing"))))).toEqual(provisioned);
      expect(address()).toBe(before);
      const ended = await field.provision(await configured(field, table("always")));
      expect([ended.status, address()]).toEqual([0, other]);
      expect(ended.report().changed).toBe(true);
      const again = await field.provision(await configured(field, table("always")));
      expect(again.report().changed).toBe(false);
    }));
});

describe("esimd clock", () => {
  it("in 1970 says what it would set, by the modem's clock, and sets nothing", () =>
    inField({ clock: clockIn1970().clock }, async (field) => {
      const ended = await field.esimd(["clock", "--port", field.world.port, "--json"]);
      const told: unknown = JSON.parse(ended.stdout);
      const today = new Date(systemClock.nowMs()).toISOString().slice(0, 10);
      expect(told).toMatchObject({ schema: "esimd.clock/1", set: false, wanted: expect.stringContaining(today) });
    }));

  it("says so where no network has set the modem's clock, 75", () =>
    inField({ clock: clockIn1970().clock, world: { modemWorld: { clock: "unset" } } }, async (field) => {
      const ended = await field.esimd(["clock", "--port", field.world.port, "--set-from-modem"]);
      expect(ended).toMatchObject({
        status: 75,
        stderr: expect.stringContaining("no network has set the modem's clock"),
      });
    }));
});
