import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { iccidToBcd, parseIccid } from "../../src/base/identifiers.js";
import { fakeApiDefaults } from "../../src/emulator/api/fake-api.js";
import type { Field } from "./field.js";
import { byModem, inField, modemDialects } from "./in-field.js";

/** A log of a whole run at its most talkative may be sent to a vendor as it is; the report on stdout is whole. */

describe.concurrent.each(modemDialects)("a run at --log-level trace: %s", (dialect) => {
  it.each(["twilio", "kore"])(
    "tells nothing that identifies the unit or lets somebody claim its profile: %s",
    (provider) =>
      inField({ dialect }, async (field) => {
        const words = [...byModem, "--log-level", "trace", "--method", "activation-code", "--provider", provider];
        const ended = await field.provision(words);
        expect(ended).toMatchObject({ status: 0 });
        // It is a whole log: the card, the download and the API are in it.
        for (const told of ["AT+CGLA", '"LPA:1$', "POST /v1/ESimProfiles", "POST /v1/Sims/HS"].map(inJson))
          expect(ended.stderr).toContain(told);

        const { eid, iccid, modem } = ended.report();
        expect([eid?.length, iccid?.length, modem.imei?.length]).toEqual([32, 19, 15]);
        const [order] = field.world.smdp.orders();
        const secrets = [
          ...identifiers(field),
          modem.imei,
          order?.matchingId,
          fakeApiDefaults.secret,
          Buffer.from(`${fakeApiDefaults.key}:${fakeApiDefaults.secret}`).toString("base64"),
        ];
        for (const secret of secrets) {
          expect(secret).toMatch(/^.{6,}$/);
          expect(ended.stderr).not.toContain(secret);
        }
        expect(payloads(ended.stderr)).toEqual([]);
        expect(ended.stdout).not.toContain(fakeApiDefaults.secret);
        expect(ended.stdout).not.toContain(order?.matchingId);
      }),
  );

  it("nor does one that fails: with wrong credentials, without a network, without a state folder", () =>
    inField({ dialect }, async (field) => {
      const { eid } = field.world.modem.euicc;
      const wrong = "not-the-secret-0123456789";
      const refused = await field.provision([...byModem, "--log-level", "trace"], { ESIMD_API_SECRET: wrong });
      expect(refused).toMatchObject({ status: 77 });
      const unreachable = await field.provision([...byModem, "--log-level", "trace", "--deadline", "3"], {
        ESIMD_API_URL: "http://127.0.0.1:9",
      });
      expect(unreachable).toMatchObject({ status: 75 });
      const unwritable = await field.provision([...byModem, "--log-level", "trace"], {
        ESIMD_STATE_DIR: join("/proc/esimd", eid),
      });
      expect(unwritable).toMatchObject({ status: 74 });
      for (const { stderr } of [refused, unreachable, unwritable]) {
        for (const secret of [...identifiers(field), wrong, fakeApiDefaults.secret])
          expect(stderr).not.toContain(secret);
        expect(payloads(stderr)).toEqual([]);
      }
    }));
});

/** As the text stands in a line of JSON. */
function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** EID and ICCIDs, as digits and as the card has them. */
function identifiers(field: Field): readonly string[] {
  const { eid, profiles } = field.world.modem.euicc;
  const iccids = [...profiles, ...field.world.smdp.orders()].map(({ iccid }) => parseIccid(iccid, "the story"));
  const stored = iccids.map((iccid) => Buffer.from(iccidToBcd(iccid)).toString("hex"));
  return [eid, ...iccids, ...stored, ...stored.map((hex) => hex.toUpperCase())];
}

/** What a log may hold that is as long as a token: names of resources and requests, transaction ids, the ISD-R, words of esimd itself. */
const harmless = /^(([A-Z]{2})?[0-9a-f]{32}|[0-9A-F]{32}|[a-z]+(-[a-z]+)*|[A-Za-z]+)$/;

/** Long runs of hex, base64 or base64url: APDUs, DER and tokens. */
function payloads(log: string): readonly string[] {
  const hex = log.match(/[0-9A-Fa-f]{36,}/g) ?? [];
  const base64 = log.match(/[0-9A-Za-z+_-]{32,}/g) ?? [];
  return [...hex, ...base64].filter((run) => !harmless.test(run));
}
