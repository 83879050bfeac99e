import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { parseIccid } from "../../src/base/identifiers.js";
import { generateProfile } from "../../src/emulator/rsp/profile-element.js";
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

describe("a modem that has no LPA of its own", () => {
  it.each([
    ["eid", "channels", "CGLA"],
    ["activation-code", "channels", "CGLA"],
    ["eid", "csim", "CSIM"],
    ["activation-code", "csim", "CSIM"],
  ] as const)("is provisioned by ours over a tty: by %s, card access by %s", async (method, cardAccess, command) => {
    const { world, provision, charges } = await start({
      dialect: "etsi-apdu",
      lpa: "auto",
      world: { modemWorld: { simBusyMs: 150, registrationMs: 200, cardAccess } },
    });
    const ended = await provision(["--method", method]);
    expect(ended.stderr).toBe("");
    expect(ended.status).toBe(0);
    const report = ended.report();
    expect(report).toMatchObject({
      state: "provisioned",
      changed: true,
      esimProfile: { status: "installed", method },
      sim: { status: "ready" },
      modem: { dialect: "etsi-apdu", lpa: "host" },
      network: { registered: true },
    });
    expect(charges()).toBe(1);
    // The SM-DP+ heard of both, in order; nothing is left on the eUICC.
    expect(world.smdp.notifications().map(({ kind, verified }) => [kind, verified])).toEqual([
      ["install", true],
      ["enable", true],
    ]);
    expect(world.modem.transcript.some(({ text }) => text.startsWith(`AT+${command}=`))).toBe(true);
    const again = await provision(["--method", method]);
    expect(again.report()).toMatchObject({ state: "provisioned", changed: false, iccid: report.iccid });
    expect(charges()).toBe(1);
  });
});

describe("what our own LPA installs", () => {
  it.each([
    ["CGLA", "P-256", "eid", 12_000],
    ["CGLA", "P-256", "activation-code", 150_000],
    ["CGLA", "brainpoolP256r1", "activation-code", 12_000],
    ["CGLA", "brainpoolP256r1", "eid", 150_000],
    ["CSIM", "P-256", "activation-code", 12_000],
    ["CSIM", "P-256", "eid", 150_000],
    ["CSIM", "brainpoolP256r1", "eid", 12_000],
    ["CSIM", "brainpoolP256r1", "activation-code", 150_000],
  ] as const)(
    "by AT+%s, on %s, by %s, is byte for byte what the SM-DP+ was given: %d bytes",
    async (command, curve, method, profileSizeBytes) => {
      const cardAccess = command === "CGLA" ? "channels" : "csim";
      const { world, provision, charges } = await start({
        dialect: "etsi-apdu",
        lpa: "host",
        world: { curve, profileSizeBytes, modemWorld: { simBusyMs: 50, registrationMs: 50, cardAccess } },
      });
      const ended = await provision(["--method", method]);
      expect(ended.stderr).toBe("");
      expect(ended.report()).toMatchObject({ state: "provisioned", esimProfile: { method } });
      const [installed] = world.modem.euicc.profiles;
      const given = generateProfile(parseIccid(ended.report().iccid ?? "", "the report"), profileSizeBytes);
      expect(given).toHaveLength(profileSizeBytes);
      expect(installed).toMatchObject({ state: "enabled", sha256: createHash("sha256").update(given).digest("hex") });
      expect(charges()).toBe(1);
    },
  );
});

describe("a modem with an LPA of its own", () => {
  it.each(["quectel-iccid", "quectel-nwmode"] as const)(
    "is served by ours where it gives access to the card: %s",
    async (dialect) => {
      // Without a bootstrap profile: our LPA needs no network of the modem's.
      const { provision, charges } = await start({ dialect, lpa: "auto", bootstrap: false });
      const ended = await provision();
      expect(ended.status).toBe(0);
      expect(ended.report()).toMatchObject({ state: "provisioned", modem: { dialect, lpa: "host" } });
      expect(charges()).toBe(1);
    },
  );

  it("that gives no access to the card cannot be served by ours", async () => {
    const { provision, charges } = await start({ dialect: "etsi-apdu", lpa: "modem" });
    const ended = await provision();
    expect(ended.report()).toMatchObject({ state: "failed", error: { code: "no_euicc" } });
    expect(charges()).toBe(0);
  });
});
