import { describe, expect, it } from "vitest";
import type { builtInScenarios } from "../../src/emulator/modem/built-in-scenarios.js";
import { configured, endOf, endsAs, provisioned } from "./conditions.js";
import type { FieldOptions } from "./field.js";
import { hurriedClock } from "./hurried-clock.js";
import { inField } from "./in-field.js";

/** The scenarios of the fake modem that are about modems as they are, each by its name, as a user of the emulator starts it. */

type Name = keyof typeof builtInScenarios & string;
type Story = readonly [name: Name, options: FieldOptions, end: object];

const relayed: FieldOptions = { dialect: "quectel-iccid", lpa: "modem" };
const byCard: FieldOptions = { dialect: "etsi-apdu", lpa: "auto" };

const stories: readonly Story[] = [
  ["refresh-ignored", relayed, provisioned],
  ["refresh-needs-reset", relayed, provisioned],
  ["needs-sim-power", byCard, provisioned],
  ["silent-at-cfun0", relayed, provisioned],
  ["slow-refresh", byCard, provisioned],
  // Silent for four seconds here, and 45 in the field, for which `modem.wake_wait` is made.
  ["slow-start", { ...byCard, world: { modemWorld: { silentAfterOpenMs: 4_000 } } }, provisioned],
  ["self-reset", relayed, provisioned],
  ["isdr-window", { dialect: "fibocom-mtk", lpa: "auto" }, provisioned],
  ["m2m-euicc", byCard, endsAs(69, "failed", "euicc_m2m")],
  ["wrong-slot", relayed, endsAs(69, "failed", "no_euicc")],
  ["device-settings", byCard, endsAs(69, "failed", "modem_refused")],
  ["gnss-port", relayed, endsAs(66, "failed", "wrong_port")],
  ["diag-port", relayed, endsAs(66, "failed", "wrong_port")],
];

describe.concurrent("the built-in scenario", () => {
  it.each(stories)("%s", { timeout: 180_000 }, (modem, options, end) =>
    inField({ ...options, modem, clock: hurriedClock(modem === "slow-start" ? 1 : 6) }, async (field) => {
      const ended = await field.provision(await configured(field, { modem: { return_wait: "30s", wake_wait: "30s" } }));
      expect(endOf(ended)).toEqual(end);
      expect(field.charges()).toBe(end === provisioned ? 1 : 0);
    }),
  );
});
