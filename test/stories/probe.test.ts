import { describe, expect, it } from "vitest";
import { z } from "zod";
import { configured, endOf, provisioned } from "./conditions.js";
import { lastLine } from "./field.js";
import { hurriedClock } from "./hurried-clock.js";
import { inField, modemDialects } from "./in-field.js";

/** What `esimd probe` shows, and that it changes nothing. */

/** The parts of its JSON that other programs go by. */
const findingsSchema = z.object({
  schema: z.literal("esimd.probe/1"),
  port: z.string(),
  vendor: z.string().nullable(),
  model: z.string().nullable(),
  imei: z.string().nullable(),
  dialect: z.string().nullable(),
  lpa: z.string().nullable(),
  eid: z.string().nullable(),
  eidFrom: z.string().nullable(),
  profiles: z.array(z.object({ iccid: z.string(), enabled: z.boolean() })).nullable(),
  network: z.object({ registered: z.boolean(), state: z.string() }),
  error: z.object({ code: z.string() }).nullable(),
});

const lpaOf = { "quectel-iccid": "modem-relay", "quectel-nwmode": "modem-network" } as const;

describe.concurrent.each(modemDialects)("esimd probe on a modem of the family %s", (dialect) => {
  it("shows the modem and its eUICC before and after it was provisioned", () =>
    inField({ dialect }, async (field) => {
      const { port, modem } = field.world;
      const words = ["probe", "--port", port];
      const asJson = async () =>
        findingsSchema.parse(JSON.parse(lastLine((await field.esimd([...words, "--json"])).stdout)));
      const before = await asJson();
      expect(before).toMatchObject({
        port,
        vendor: "Quectel",
        dialect,
        eid: modem.euicc.eid,
        eidFrom: "dialect",
        error: null,
      });
      expect(before.lpa).toBe(lpaOf[dialect]);
      expect(before.imei).toMatch(/^\d{15}$/);
      const bootstrap = modem.euicc.profiles.map(({ iccid }) => ({ iccid, enabled: true }));
      expect(before.profiles).toEqual(bootstrap);

      const { iccid } = (await field.provision(["--lpa", "modem"])).report();
      const after = await asJson();
      expect(after.profiles).toContainEqual({ iccid, enabled: true });
      expect(after.profiles?.filter(({ enabled }) => enabled)).toHaveLength(1);
      expect(after.network).toMatchObject({ registered: true, state: "roaming" });

      const text = await field.esimd(words);
      expect(text).toMatchObject({ status: 0, stderr: "" });
      for (const shown of [
        port,
        "Quectel",
        dialect,
        lpaOf[dialect],
        modem.euicc.eid,
        `${iccid} enabled`,
        "registered, roaming",
      ])
        expect(text.stdout).toContain(shown);
      expect(field.charges()).toBe(1);
    }));

  it("shows what is there where the eUICC is missing", () =>
    inField({ dialect, modem: "no-euicc" }, async (field) => {
      const words = ["probe", "--port", field.world.port];
      const json = await field.esimd([...words, "--json"]);
      expect(json.status).toBe(69);
      expect(findingsSchema.parse(JSON.parse(lastLine(json.stdout)))).toMatchObject({
        vendor: "Quectel",
        dialect,
        eid: null,
        profiles: null,
        error: { code: "no_euicc" },
      });
      const text = await field.esimd(words);
      expect(text.status).toBe(69);
      expect(text.stdout).toMatch(/^EID +none$/m);
      expect(text.stdout).toContain("(no_euicc)");
      expect(text.stdout).toContain("active SIM slot");
    }));
});

describe.concurrent("esimd probe", () => {
  it("shows a modem that speaks none of esimd's dialects and gives no way to its card", () =>
    inField({ modem: { behaviours: [{ command: "QESIM|CCHO|CSIM", do: { kind: "error" } }] } }, async (field) => {
      const ended = await field.esimd(["probe", "--port", field.world.port, "--json"]);
      expect(ended.status).toBe(69);
      expect(findingsSchema.parse(JSON.parse(lastLine(ended.stdout)))).toMatchObject({
        vendor: "Quectel",
        dialect: null,
        lpa: null,
        eid: null,
        error: { code: "no_euicc" },
      });
      const paid = await field.provision();
      expect(paid).toMatchObject({ status: 69 });
      expect(paid.report()).toMatchObject({ state: "failed", error: { code: "no_euicc" } });
      expect(field.charges()).toBe(0);
    }));

  it("shows what a modem tells that leaves the name of its network, its signal and its clock unanswered; a run is at its goal", () => {
    const modem = { behaviours: [{ command: "COPS|CSQ|CESQ|CCLK|CGDCONT\\?", do: { kind: "silence" } } as const] };
    return inField({ modem, bootstrap: true, clock: hurriedClock(10) }, async (field) => {
      const ended = await field.esimd(["probe", "--port", field.world.port, "--json"]);
      expect(ended.status).toBe(0);
      expect(findingsSchema.parse(JSON.parse(lastLine(ended.stdout)))).toMatchObject({
        network: { registered: true, state: "roaming" },
        error: null,
      });
      // Nobody vouches for the host's clock here, neither NTP nor this modem: the operator does.
      const run = await field.provision(await configured(field, { boot: { clock_trust: "build-date" } }));
      expect(endOf(run)).toEqual(provisioned);
      expect(run.report().network).toMatchObject({ registered: true, operator: null });
    });
  });

  it("shows which commands of 3GPP Release 19 a modem has, and takes no bare OK to a test form for that family", async () => {
    await inField({ dialect: "3gpp-r19" }, async (field) => {
      const words = ["probe", "--port", field.world.port];
      const { dialect, offers } = JSON.parse((await field.esimd([...words, "--json"])).stdout);
      expect(dialect).toBe("3gpp-r19");
      expect(offers).toEqual([
        "+CEUICCPD",
        "+CEUICCPM",
        "+CEUICCPMETAI",
        "+CEUICCMEMRESET",
        "+CEUICCSMDPA",
        "+CEUICCPNM",
      ]);
      expect((await field.esimd(words)).stdout).toMatch(/^offers +\+CEUICCPD, /m);
    });
    const modem = {
      behaviours: [
        { command: "CEUICCPNM=|CEUICCSMDPA=", do: { kind: "error" } } as const,
        { command: "CEUICCPD=", do: { kind: "silence" } } as const,
      ],
    };
    await inField({ dialect: "3gpp-r19", modem, clock: hurriedClock(8) }, async (field) => {
      const { stdout } = await field.esimd(["probe", "--port", field.world.port, "--json"]);
      expect(JSON.parse(stdout).offers).toEqual(["+CEUICCPM", "+CEUICCPMETAI", "+CEUICCMEMRESET"]);
    });
    const polite = { behaviours: [{ command: "CG?EUICC", do: { kind: "raw", text: "\r\nOK\r\n" } } as const] };
    await inField({ dialect: "etsi-apdu", modem: polite }, async (field) => {
      const { stdout } = await field.esimd(["probe", "--port", field.world.port, "--json"]);
      expect(JSON.parse(stdout)).toMatchObject({ dialect: "etsi-apdu", offers: [] });
    });
  });

  it("needs a port", () =>
    inField({}, async (field) => {
      expect(await field.esimd(["probe"])).toMatchObject({ status: 64, stdout: "" });
    }));
});
