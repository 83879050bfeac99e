import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { encodeRemoveNotification } from "../../src/lpa/es10/notifications.js";
import { type HostRun, startHostRun } from "../support/host-run.js";
import { type Field, startField } from "./field.js";

let field: Field | undefined;
let run: HostRun | undefined;
afterEach(async () => {
  await field?.close();
  await run?.close();
  field = undefined;
  run = undefined;
});

describe("an SM-DP+ that delivers profiles and takes no notifications", () => {
  it.each([
    ["and only then does the eUICC forget", false],
    ["from the journal's outbox when the eUICC has forgotten meanwhile", true],
  ])("leaves the device provisioned and is told on the next run, in order, %s", async (_name, forgets) => {
    // Asked three times in the first run: in the session, before enabling, and while the modem looks for a network.
    const deaf = { function: "handleNotification", times: 3, do: { kind: "http", status: 503 } } as const;
    field = await startField({ dialect: "etsi-apdu", lpa: "host", smdp: { behaviours: [deaf] } });
    const story = field;
    const { world, charges } = story;
    // The provider hears of the installation from the SM-DP+ alone, so that there is nothing to wait for at the end.
    const config = join(story.dir, "impatient.toml");
    await writeFile(config, '[sim]\nfleet = "default"\n[confirm]\nwait = "0s"\n');
    const provision = () => story.provision(["--config", config]);
    const first = await provision();
    expect(first.status).toBe(0);
    expect(first.report()).toMatchObject({ state: "provisioned", changed: true });
    expect(world.smdp.notifications()).toEqual([]);
    expect(world.smdp.orders()).toMatchObject([{ state: "Downloaded" }]);
    if (forgets) {
      const { euicc } = world.modem;
      for (const { seqNumber } of euicc.toJSON().notifications) euicc.es10(encodeRemoveNotification(seqNumber));
    }
    expect(world.modem.euicc.toJSON().notifications).toHaveLength(forgets ? 0 : 2);

    const second = await provision();
    expect(second.report()).toMatchObject({ state: "provisioned", changed: false });
    expect(world.smdp.notifications().map(({ kind, verified }) => [kind, verified])).toEqual([
      ["install", true],
      ["enable", true],
    ]);
    await world.smdp.settled();
    expect(world.smdp.orders()).toMatchObject([{ state: "Installed" }]);

    expect(world.modem.euicc.toJSON().notifications).toEqual([]);

    // Nothing is told twice.
    await provision();
    expect(world.smdp.notifications()).toHaveLength(2);
    expect(charges()).toBe(1);
  });
});

describe("an SM-DP+ that is silent about notifications", () => {
  it("is told from the outbox, too: a request's own deadline comes before that of the delivery", async () => {
    const silent = { function: "handleNotification", times: 3, do: { kind: "delay", ms: 3_600_000 } } as const;
    run = await startHostRun({ smdp: { behaviours: [silent] } });
    const { world, provision } = run;
    expect((await provision()).report).toMatchObject({ state: "provisioned", changed: true });
    expect(world.smdp.notifications()).toEqual([]);
    const { euicc } = world.modem;
    for (const { seqNumber } of euicc.toJSON().notifications) euicc.es10(encodeRemoveNotification(seqNumber));

    expect((await provision()).report).toMatchObject({ state: "provisioned", changed: false });
    expect(world.smdp.notifications().map(({ kind }) => kind)).toEqual(["install", "enable"]);
  });
});
