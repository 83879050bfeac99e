import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseTranscript } from "../../src/at/transcript/format.js";
import { iccidToBcd, parseIccid } from "../../src/base/identifiers.js";
import type { Field } from "./field.js";
import { inField } from "./in-field.js";

/** A recording of a whole provision may be sent to anybody: nothing in it identifies the unit or lets somebody claim its profile. */

describe.concurrent.each([
  ["our own LPA", "etsi-apdu", "host", "AT+CGLA"],
  ["our own LPA beside the modem's", "quectel-iccid", "host", "AT+CGLA"],
  ["the modem's LPA, its HTTPS relayed", "quectel-iccid", "modem", '"trans"'],
  ["the modem's LPA on its own network", "quectel-nwmode", "modem", '"download"'],
] as const)("a recorded provision by %s", (_name, dialect, lpa, told) => {
  it.each(["eid", "activation-code"])("tells no identifier in any spelling: %s", (method) =>
    inField({ dialect, lpa }, async (field) => {
      const file = join(field.dir, "provision.jsonl");
      const ended = await field.provision(["--method", method, "--record", file]);
      expect(ended).toMatchObject({ status: 0 });
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const written = await readFile(file, "latin1");
      const { header, entries, footer } = parseTranscript(written, file);
      expect(header).toMatchObject({ schema: "esimd.transcript/1", port: "tty", vendor: expect.any(String) });
      expect(footer?.end).toMatchObject({ complete: true });
      const wire = entries.flatMap((entry) => ("text" in entry ? [entry.text] : [])).join("");
      expect(wire).toContain(told);

      const { imei } = ended.report().modem;
      const secrets = secretsOf(field, imei ?? "");
      const real = field.world.modem.transcript.map(({ text }) => text).join("\n");
      // They were there to be found, so that the look for them is worth something.
      expect(secrets.filter((secret) => spellingsIn(real, secret).length > 0).length).toBeGreaterThanOrEqual(3);
      for (const secret of secrets) {
        expect(secret).toMatch(/^.{6,}$/);
        expect(spellingsIn(wire, secret), `${secret} in what crossed the port`).toEqual([]);
        expect(written).not.toContain(secret);
      }
    }),
  );
});

function secretsOf(field: Field, imei: string): readonly string[] {
  const { eid, profiles } = field.world.modem.euicc;
  const orders = field.world.smdp.orders();
  const iccids = [...profiles, ...orders].map(({ iccid }) => iccid);
  const matchingIds = orders.flatMap(({ matchingId }) => (matchingId === undefined ? [] : [matchingId]));
  return [...new Set([eid, imei, ...iccids, ...matchingIds])];
}

/**
 * In which spellings a text holds a secret: as it is, as BCD plain and swapped, as hex of its characters, in base64 at any alignment, and
 * all of these again within hex. On purpose another way to look than that of the redaction: it makes the spellings, and decodes nothing.
 */
function spellingsIn(text: string, secret: string): readonly string[] {
  const spellings = new Map<string, string>([["plain", secret]]);
  const bytes: [string, Buffer][] = [["characters", Buffer.from(secret, "latin1")]];
  if (/^\d+$/.test(secret)) {
    const padded = secret.length % 2 === 0 ? secret : `${secret}f`;
    bytes.push(["BCD", Buffer.from(padded, "hex")], ["swapped BCD", Buffer.from(swapped(padded), "hex")]);
  }
  if (/^\d{18,20}$/.test(secret)) {
    bytes.push(["ICCID", Buffer.from(iccidToBcd(parseIccid(secret, "the story")))]);
  }
  for (const [name, form] of bytes) {
    spellings.set(`${name} in hex`, form.toString("hex"));
    for (const shift of [0, 1, 2]) {
      const padded = Buffer.concat([Buffer.alloc(shift), form])
        .toString("base64")
        .replace(/=+$/, "");
      const inner = padded.slice(shift === 0 ? 0 : shift + 1, -2);
      if (inner.length >= 8) spellings.set(`${name} in base64 at ${shift}`, inner);
    }
  }
  for (const [name, form] of [...spellings]) {
    const hex = Buffer.from(form, "latin1").toString("hex");
    spellings.set(`${name}, in hex again`, hex);
    spellings.set(`${name}, in hex again, of capitals`, Buffer.from(form.toUpperCase(), "latin1").toString("hex"));
  }
  const caseless = (name: string): boolean => !/base64 at \d$/.test(name);
  const lower = text.toLowerCase();
  return [...spellings].flatMap(([name, form]) =>
    text.includes(form) || (caseless(name) && lower.includes(form.toLowerCase())) ? [name] : [],
  );
}

function swapped(hex: string): string {
  return hex.replace(/(.)(.)/g, "$2$1");
}
