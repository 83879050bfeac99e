import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EsimdError } from "../../src/base/errors.js";
import { loadStationFile, parseStationFile, placeOfSlot, stationFileFor } from "../../src/station/station-file.js";

const path = "/etc/esimd/station.toml";
const one = '[[slot]]\nnumber = 1\nport = "/dev/ttyUSB2"\n';

/** What a person who made a mistake is told. */
function mistakeIn(text: string): string {
  try {
    parseStationFile(text, path);
  } catch (error) {
    if (error instanceof EsimdError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("it was taken");
}

describe("the station file", () => {
  it("needs nothing but slots; the rest has its usual value", () => {
    expect(parseStationFile(one, path)).toEqual({
      station: { name: "station", serial: "scan", verify: "none", records: undefined, sheet: undefined },
      limits: { api_concurrency: 8, api_rate: 20 },
      page: {
        listen: "127.0.0.1:8064",
        password_file: undefined,
        tls_cert: undefined,
        tls_key: undefined,
        client_ca: undefined,
      },
      label: { template: "unit", format: "zpl", timeout_seconds: 20 },
      executive: {},
      slot: [{ number: 1, port: "/dev/ttyUSB2" }],
    });
  });

  it("is read whole", () => {
    const file = parseStationFile(
      `
[station]
name = "line-1"
batch = "2026-11-A"
serial = "imei"
verify = "registration"
operator = "ana"
[limits]
api_concurrency = 4
api_rate = 0.5
budget = 0
[page]
listen = "[::1]:8064"
[label]
format = "png"
command = "/usr/bin/lpr"
timeout_seconds = 5
[executive]
listen = "tcp://127.0.0.1:7000"
[[slot]]
number = 7
usb = "1-1.4.2"
interface = 2
dialect = "quectel"
[[slot]]
number = 64
port = "tcp://192.0.2.7:4000"
`,
      path,
    );
    expect(file).toMatchObject({
      station: { name: "line-1", batch: "2026-11-A", serial: "imei", verify: "registration", operator: "ana" },
      limits: { api_concurrency: 4, api_rate: 0.5, budget: 0 },
      page: { listen: "[::1]:8064" },
      label: { format: "png", command: "/usr/bin/lpr", timeout_seconds: 5 },
      executive: { listen: "tcp://127.0.0.1:7000" },
      slot: [
        { number: 7, usb: "1-1.4.2", interface: 2, dialect: "quectel" },
        { number: 64, port: "tcp://192.0.2.7:4000" },
      ],
    });
    expect(file.slot.map(placeOfSlot)).toEqual(["usb:1-1.4.2:2", "tcp://192.0.2.7:4000"]);
  });

  it("takes paths from its own folder, and whole ones as they are", () => {
    const { station, page } = parseStationFile(
      `[station]\nrecords = "records"\nsheet = "../work.csv"\n[page]\npassword_file = "/run/secret"\ntls_cert = "c.pem"\ntls_key = "k.pem"\nclient_ca = "ca.pem"\n${one}`,
      path,
    );
    expect(station).toMatchObject({ records: "/etc/esimd/records", sheet: "/etc/work.csv" });
    expect(page).toMatchObject({
      password_file: "/run/secret",
      tls_cert: "/etc/esimd/c.pem",
      tls_key: "/etc/esimd/k.pem",
      client_ca: "/etc/esimd/ca.pem",
    });
  });

  it("may have two slots at two interfaces of one device", () => {
    const slots = [2, 3].map((number) => `[[slot]]\nnumber = ${number}\nusb = "1-1.2"\ninterface = ${number}\n`);
    expect(parseStationFile(slots.join(""), path).slot).toHaveLength(2);
  });

  it("may have 64 slots", () => {
    const slots = Array.from({ length: 64 }, (_, index) => ({ number: index + 1, port: `/dev/ttyUSB${index}` }));
    expect(stationFileFor(slots, "unix:/run/line.sock")).toMatchObject({
      station: { name: "fake-line" },
      page: { listen: "none" },
      executive: { listen: "unix:/run/line.sock" },
    });
    const text = slots.map(({ number, port }) => `[[slot]]\nnumber = ${number}\nport = "${port}"\n`).join("");
    expect(parseStationFile(text, path).slot).toHaveLength(64);
    expect(mistakeIn(`${text}[[slot]]\nnumber = 1\nport = "/dev/ttyS0"\n`)).toContain("slot has more than 64 slots");
  });
});

const slot = (text: string): string => `[[slot]]\n${text}\n`;

describe("a mistake in the station file", () => {
  it.each([
    ["a line that is no TOML", "[station]\nname =\n", ", line 2: Invalid TOML document"],
    ["no slots", '[station]\nname = "line-1"\n', ": slot "],
    ["an empty list of slots", "slot = []\n", ": slot needs at least one slot"],
    ["a table that nobody knows", `[pages]\n${one}`, ': Unrecognized key: "pages"'],
    ["a key that nobody knows", `[limits]\napi_rates = 1\n${one}`, ': limits Unrecognized key: "api_rates"'],
    ["a name with a blank", `[station]\nname = "line 1"\n${one}`, ": station name must be at most 64 letters"],
    ["a batch that is a path", `[station]\nbatch = "../b"\n${one}`, ": station batch must be at most 64 letters"],
    ["a serial number from nowhere", `[station]\nserial = "eid"\n${one}`, ": station serial "],
    ["no request at once", `[limits]\napi_concurrency = 0\n${one}`, ": limits api_concurrency Too small"],
    ["no request ever", `[limits]\napi_rate = 0\n${one}`, ": limits api_rate Too small"],
    ["half a charge", `[limits]\nbudget = 1.5\n${one}`, ": limits budget "],
    ["a page without a port", `[page]\nlisten = "127.0.0.1"\n${one}`, ": page listen "],
    ["a command by its name alone", `[label]\ncommand = "lpr"\n${one}`, ": label command must be an absolute path"],
    ["a label of an unknown format", `[label]\nformat = "bmp"\n${one}`, ": label format "],
    ["slot 0", slot('number = 0\nport = "/dev/ttyS0"'), ": slot entry 1 number Too small"],
    ["slot 65", slot('number = 65\nport = "/dev/ttyS0"'), ": slot entry 1 number Too big"],
    ["a slot without a number", slot('port = "/dev/ttyS0"'), ": slot entry 1 number "],
    ["a slot at no place", `${one}${slot("number = 2")}`, ": slot entry 2 needs either port or usb"],
    ["a slot at two places", slot('number = 1\nport = "/dev/ttyS0"\nusb = "1-1"'), ": slot entry 1 needs either"],
    ["whichever modem", slot('number = 1\nport = "auto"'), ': slot entry 1 port "auto" names no certain place'],
    ["all modems", slot('number = 1\nport = "all"'), ': slot entry 1 port "all" names no certain place'],
    ["a tty in place of a USB place", slot('number = 1\nusb = "ttyUSB2"'), ": slot entry 1 usb must be a place on"],
    [
      "an interface of a port",
      slot('number = 1\nport = "/dev/ttyS0"\ninterface = 2'),
      ": slot entry 1 interface belongs to usb",
    ],
    ["two slots of one number", `${one}${slot('number = 1\nport = "/dev/ttyS0"')}`, ": slot 1 is there twice"],
    [
      "two slots at one port",
      `${one}${slot('number = 2\nport = "/dev/ttyUSB2"')}`,
      ': slots 1 and 2 are both at "/dev/ttyUSB2"',
    ],
    [
      "two slots at one place on the USB",
      slot('number = 1\nusb = "1-1.2"') + slot('number = 9\nusb = "1-1.2"'),
      ': slots 1 and 9 are both at "usb:1-1.2"',
    ],
    [
      "two slots at one place on the USB, one of which names the interface",
      slot('number = 1\nusb = "1-1.2"') + slot('number = 9\nusb = "1-1.2"\ninterface = 2'),
      ': slots 1 and 9 are both at "usb:1-1.2:2"',
    ],
    ["a port that is no path", slot('number = 1\nport = "ttyUSB2"'), ': slot entry 1 port "ttyUSB2" '],
    ["a port of an unknown kind", slot('number = 1\nport = "ssh:host"'), ': slot entry 1 port "ssh:host" '],
  ])("%s: it names the place and what is wrong", (_what, text, sentence) => {
    const mistake = mistakeIn(text);
    expect(mistake.startsWith(`config_invalid: ${path}`)).toBe(true);
    expect(mistake).toContain(sentence);
  });

  it("is told of a file that cannot be read, or is too large to be one", () => {
    const dir = mkdtempSync(join(tmpdir(), "esimd-station-file-"));
    try {
      expect(() => loadStationFile(join(dir, "none.toml"))).toThrow(
        expect.objectContaining({
          code: "config_unreadable",
          hint: "Give --station FILE; docs/station.md has an example.",
        }),
      );
      const large = join(dir, "large.toml");
      writeFileSync(large, `${one}${"#".repeat(256 * 1024)}`);
      expect(() => loadStationFile(large)).toThrow(expect.objectContaining({ code: "config_invalid" }));
      const good = join(dir, "good.toml");
      writeFileSync(good, one);
      expect(loadStationFile(good).slot).toHaveLength(1);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
