import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { configured, type Sections } from "./conditions.js";
import type { Field, FieldOptions } from "./field.js";
import { inField } from "./in-field.js";

/** A device in the field comes with a bootstrap profile that has a network, and gets a new one that may have none. */

const bootstrap = "8999970000000000019";
const waits: Sections = { network: { registration_wait: "1s" }, connectivity: { wait: "1s" } };
const field: FieldOptions = { bootstrap: true, modem: { world: { unserved: ["operational"] } } };

function enabled({ world }: Field): string | undefined {
  return world.modem.euicc.profiles.find(({ state }) => state === "enabled")?.iccid;
}

async function words(field: Field, connectivity: Sections[string] = {}): Promise<readonly string[]> {
  const sections = { ...waits, connectivity: { ...waits["connectivity"], ...connectivity } };
  return ["--lpa", "host", ...(await configured(field, sections))];
}

async function hook(field: Field, name: string, lines: string): Promise<string> {
  const path = join(field.dir, name);
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, 0o755);
  return path;
}

describe.concurrent("a new profile", () => {
  it.each(["etsi-apdu", "quectel-nwmode"] as const)(
    "without a network: the device is back on its bootstrap profile, and says so; with one later, it is provisioned (%s)",
    { timeout: 120_000 },
    (dialect) =>
      inField({ ...field, dialect }, async (field) => {
        const ended = await field.provision(await words(field));
        expect(ended).toMatchObject({ status: 75 });
        expect(ended.report()).toMatchObject({
          state: "failed",
          changed: true,
          network: { registered: true, state: "roaming" },
          connectivity: { up: false, why: "the modem is not registered (denied)", fallbackIccid: bootstrap },
          error: { code: "profile_no_service", actor: "network", retry: "later" },
        });
        expect(enabled(field)).toBe(bootstrap);
        expect(field.world.modem.isRegistered).toBe(true);

        field.world.modem.changeWorld({ unserved: [] });
        const later = await field.provision(await words(field));
        expect(later).toMatchObject({ status: 0 });
        expect(later.report()).toMatchObject({
          state: "provisioned",
          network: { registered: true },
          connectivity: { up: true, why: null, fallbackIccid: null },
        });
        expect(enabled(field)).toBe(later.report().iccid);
        expect(field.charges()).toBe(1);
      }),
  );

  it(
    "is tried three times a day, by whatever process, and then the device rests on its old one",
    { timeout: 120_000 },
    () =>
      inField({ ...field, dialect: "etsi-apdu" }, async (field) => {
        for (let run = 1; run <= 3; run++) expect((await field.provision(await words(field))).status).toBe(75);
        const rests = await field.provision(await words(field));
        expect(rests.report()).toMatchObject({ changed: false, error: { code: "profile_no_service" } });
        expect(rests.report().error?.message).toContain("had no service at 3 tries within a day");
        expect(enabled(field)).toBe(bootstrap);
        // One more a day is the operator's to allow.
        const more = await field.provision(await words(field, { switches_per_day: 4 }));
        expect(more.report()).toMatchObject({ changed: true, error: { code: "profile_no_service" } });
      }),
  );

  it("whose Sim is inactive at the provider stays: that is no fault of its profile", { timeout: 120_000 }, () =>
    inField({ ...field, dialect: "etsi-apdu" }, async (field) => {
      const config = await configured(field, { ...waits, sim: { activate: "none", fleet: "default" } });
      const ended = await field.provision(["--lpa", "host", ...config]);
      expect(ended).toMatchObject({ status: 11 });
      expect(ended.report()).toMatchObject({
        state: "provisioned",
        connectivity: {
          up: false,
          why: expect.stringContaining("the Sim is new at the provider"),
          fallbackIccid: null,
        },
      });
      expect(enabled(field)).toBe(ended.report().iccid);
    }),
  );

  it(
    "with a network and a packet service passes a data check, and without the service it does not",
    { timeout: 120_000 },
    () =>
      inField(
        {
          bootstrap: true,
          dialect: "etsi-apdu",
          world: { modemWorld: { registrationMs: 200, simBusyMs: 150, defaultBearer: true } },
        },
        async (field) => {
          field.world.modem.changeWorld({ apnRejected: "by-network" });
          const ended = await field.provision(await words(field, { check: "data" }));
          expect(ended.report().connectivity?.why).toBe(
            "the modem is attached, and no packet context has an address (+CGCONTRDP)",
          );
          expect(enabled(field)).toBe(bootstrap);
          field.world.modem.changeWorld({ apnRejected: "no" });
          const later = await field.provision(await words(field, { check: "data" }));
          expect(later).toMatchObject({ status: 0 });
          expect(later.report()).toMatchObject({ connectivity: { up: true } });
        },
      ),
  );

  it("is judged by the operator's hook, and one that hangs is killed and counts as no", { timeout: 120_000 }, () =>
    inField({ bootstrap: true, dialect: "etsi-apdu" }, async (field) => {
      const hangs = await hook(field, "hangs", "sleep 1000");
      const ended = await field.provision(await words(field, { hook: hangs, hook_timeout: "300ms" }));
      expect(ended.report()).toMatchObject({
        error: { code: "profile_no_service" },
        connectivity: { up: false, why: `the hook ${hangs} did not end within 300 ms and was killed` },
      });
      expect(enabled(field)).toBe(bootstrap);
      const knows = await hook(field, "knows", 'test "$ESIMD_ICCID" != "" && test $# = 0');
      const later = await field.provision(await words(field, { hook: knows }));
      expect(later.report()).toMatchObject({ state: "provisioned", connectivity: { up: true } });
    }),
  );
});
