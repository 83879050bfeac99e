import { access } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { EsimdError } from "../../src/base/errors.js";
import type { ScenarioInput } from "../../src/emulator/modem/scenario.js";
import { configured, type Sections, until } from "./conditions.js";
import { lastReport } from "./daemon.js";
import { byModem, inField, modemDialects } from "./in-field.js";

/**
 * The modem is pulled out while it downloads, and comes back after the run that lost it gave up: nothing is paid twice, and no order is
 * lost. What a run does that waits is told in comes-back-renamed.test.ts.
 */

const withoutWaiting: Sections = { modem: { return_wait: "0s" } };

/** Pulled out at the n-th line of the download. */
function pulledAt(nth: number): ScenarioInput {
  const command = '^AT\\+QESIM="(download|trans)"';
  return { behaviours: [{ command, nth, do: { kind: "unplug", when: "executed", replugAfterMs: 400 } }] };
}

/** Its start, while the modem authenticates, and in the middle of the package. */
const moments = [
  ["quectel-iccid", 1],
  ["quectel-iccid", 4],
  ["quectel-iccid", 12],
  ["quectel-nwmode", 1],
] as const;

describe.concurrent("the modem is pulled out in the middle of the download", () => {
  it.each(moments)("the run ends, and the next one goes on: %s, at line %i", (dialect, nth) =>
    inField({ dialect, modem: pulledAt(nth) }, async (field) => {
      const words = [...byModem, ...(await configured(field, withoutWaiting))];
      const first = await field.provision(words);
      expect(first).toMatchObject({ status: 74 });
      expect(first.report()).toMatchObject({ state: "failed", error: { code: "serial_gone", retry: "later" } });
      expect(field.charges()).toBe(1);

      await untilThere(field.world.port);
      const second = await field.provision(words);
      expect(second).toMatchObject({ status: 0 });
      expect(second.report()).toMatchObject({ state: "provisioned", changed: true });
      expect(field.charges()).toBe(1);
      expect(field.world.smdp.orders()).toMatchObject([{ iccid: second.report().iccid, state: "Installed" }]);
    }),
  );

  it("when its name is gone, a run says that there is no such port", () =>
    inField({}, async (field) => {
      await field.world.modem.unplug();
      const ended = await field.provision(byModem);
      expect(ended).toMatchObject({ status: 66 });
      expect(ended.report()).toMatchObject({ state: "failed", error: { code: "port_missing" } });
    }));

  it.each(modemDialects)("the daemon waits for the port to come back and goes on: %s", (dialect) =>
    inField({ dialect, modem: pulledAt(1) }, async (field) => {
      const stop = new AbortController();
      const words = [
        "run",
        "--port",
        field.world.port,
        "--json",
        ...byModem,
        ...(await configured(field, withoutWaiting)),
      ];
      const running = field.esimd(words, {}, stop.signal);
      await until(() => lastReport(field)?.state === "provisioned", "the daemon provisions the modem", 25_000);
      stop.abort(new EsimdError("cancelled", "stopped by SIGTERM"));
      const ended = await running;
      expect(ended).toMatchObject({ status: 0 });
      const reports = ended.stdout
        .trimEnd()
        .split("\n")
        .map((line): unknown => JSON.parse(line));
      expect(reports).toMatchObject([
        { state: "failed", error: { code: "serial_gone" } },
        { state: "provisioned", changed: true, error: null },
      ]);
      expect(field.charges()).toBe(1);
    }),
  );
});

/** Resolves once the port's name is there again. */
async function untilThere(port: string): Promise<void> {
  let there = false;
  const look = (): void => {
    access(port).then(
      () => {
        there = true;
      },
      () => undefined,
    );
  };
  await until(() => {
    look();
    return there;
  }, "the modem comes back");
}
