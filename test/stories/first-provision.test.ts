import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type Field, type FieldOptions, startField } from "./field.js";

let field: Field | undefined;
afterEach(async () => {
  await field?.close();
  field = undefined;
});

async function start(options: FieldOptions = {}): Promise<Field> {
  field = await startField(options);
  return field;
}

describe("a new device with an eSIM and nothing on it", () => {
  it.each([
    ["quectel-iccid", "eid", "twilio"],
    ["quectel-iccid", "activation-code", "twilio"],
    ["quectel-iccid", "eid", "kore"],
    ["quectel-iccid", "activation-code", "kore"],
    ["quectel-nwmode", "eid", "twilio"],
    ["quectel-nwmode", "activation-code", "twilio"],
  ] as const)("is provisioned over a tty: %s, by %s, at %s", async (dialect, method, provider) => {
    const { world, provision, charges } = await start({ dialect });
    const ended = await provision(["--method", method, "--provider", provider]);
    expect(ended.stderr).toBe("");
    expect(ended.status).toBe(0);
    const report = ended.report();
    expect(report).toMatchObject({
      state: "provisioned",
      changed: true,
      eid: world.modem.euicc.eid,
      esimProfile: { status: "installed", method },
      sim: { status: "ready" },
      modem: { dialect },
      network: { registered: true },
      error: null,
    });
    expect(charges()).toBe(1);
    const orders = world.smdp.orders();
    expect(orders.map(({ iccid }) => iccid)).toEqual([report.iccid]);
    expect(world.smdp.notifications().length).toBeGreaterThan(0);

    // The second time there is nothing to do, with the journal and without it: the world tells.
    const again = await provision(["--method", method, "--provider", provider]);
    expect(again).toMatchObject({ status: 0 });
    expect(again.report()).toMatchObject({ state: "provisioned", changed: false, iccid: report.iccid });
    await rm(join(field?.env["ESIMD_STATE_DIR"] ?? "", "euicc"), { recursive: true });
    const blank = await provision(["--method", method, "--provider", provider]);
    expect(blank).toMatchObject({ status: 0 });
    expect(blank.report()).toMatchObject({ state: "provisioned", changed: false, iccid: report.iccid });
    expect(charges()).toBe(1);
  });

  it("is provisioned without credentials when a back end has reserved for its EID", async () => {
    const { world, provision } = await start();
    await world.reserveForEuicc(new AbortController().signal);
    const nothing = { ESIMD_API_KEY: "", ESIMD_API_SECRET: "", ESIMD_API_URL: "" };
    const ended = await provision(["--provider", "none"], nothing);
    expect(ended.stderr).toBe("");
    expect(ended.status).toBe(0);
    expect(ended.report()).toMatchObject({ state: "provisioned", changed: true, sim: null });
    expect(ended.report()).not.toHaveProperty("esimProfile");
    expect((await provision(["--provider", "none"], nothing)).report()).toMatchObject({
      state: "provisioned",
      changed: false,
    });
  });

  it("waits for its back end when nothing is reserved yet", async () => {
    const { provision, charges } = await start();
    const ended = await provision(["--provider", "none"]);
    expect(ended.status).toBe(75);
    expect(ended.report()).toMatchObject({ state: "failed", error: { code: "no_profile_waiting", actor: "operator" } });
    expect(charges()).toBe(0);
  });

  it("that downloads by its own network says that it needs a bootstrap profile", async () => {
    const { provision, charges } = await start({ dialect: "quectel-nwmode", bootstrap: false });
    const ended = await provision();
    expect(ended.status).toBe(75);
    expect(ended.report()).toMatchObject({ state: "failed", error: { code: "not_registered", actor: "network" } });
    // Nothing is paid for that could not be downloaded.
    expect(charges()).toBe(0);
  });
});
