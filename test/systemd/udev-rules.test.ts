import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { vendorPorts } from "../../src/serial/ports/port-table.js";
import { uart, usbPort, wwanPort } from "./udev-devices.js";
import { parseRules, type Rule } from "./udev-grammar.js";
import { applyRules, type Outcome, type UdevEvent } from "./udev-machine.js";

const systemd = resolve(import.meta.dirname, "../../systemd");
const [portsName, startName] = ["77-esimd-ports.rules", "78-esimd-start.rules"];
const read = (name: string): string => readFileSync(resolve(systemd, name), "utf8");
const [portsText, startText] = [read(portsName), read(startName)];
const [ports, start] = [parseRules(portsText), parseRules(startText)];
/** Examples are one character away from being rules. */
const inUse = parseRules(portsText.replace(/^#(?=[A-Z]+[{=!])/gm, ""));

const eg25 = { vendorId: "2c7c", productId: "0125" };
const ignored = (rules: readonly Rule[], event: UdevEvent): boolean =>
  applyRules([rules], event).properties.get("ID_MM_PORT_IGNORE") === "1";
const twoDigits = (number: number): string => number.toString(16).padStart(2, "0");
/** What begins with a dot is forgotten after the event (udev(7)). */
const kept = ({ properties }: Outcome): Record<string, string> =>
  Object.fromEntries([...properties].filter(([name]) => !name.startsWith(".")));

/** Both files behind a person's own, as udev sorts them. */
function udev(event: UdevEvent, local = ""): Outcome {
  return applyRules([parseRules(local), ports, start], event);
}

describe("the udev rules that give esimd a port", () => {
  it("keep ModemManager from the EG25-G's first AT port, and from no other", () => {
    const numbers = ["00", "01", "02", "03", "04"];
    expect(numbers.filter((interfaceNumber) => ignored(ports, usbPort({ ...eg25, interfaceNumber })))).toEqual(["02"]);
    for (const action of ["add", "change", "move", "bind"])
      expect(ignored(ports, usbPort({ ...eg25, interfaceNumber: "02", action }))).toBe(true);
  });

  it.each<[string, UdevEvent]>([
    ["another product", usbPort({ ...eg25, productId: "0306", interfaceNumber: "02" })],
    ["another vendor", usbPort({ ...eg25, vendorId: "2cb7", interfaceNumber: "02" })],
    ["the same interface as a network device", usbPort({ ...eg25, interfaceNumber: "02", subsystem: "net" })],
    ["a port that goes", usbPort({ ...eg25, interfaceNumber: "02", action: "remove" })],
    ["a UART of the board", uart],
  ])("do nothing for %s", (_name, event) => {
    const outcome = udev(event, 'SUBSYSTEM=="tty|wwan", ENV{ESIMD_START}="modem"\n');
    expect(kept(outcome)).not.toHaveProperty("ID_MM_PORT_IGNORE");
    expect(kept(outcome)).not.toHaveProperty("SYSTEMD_WANTS");
    expect({ symlinks: outcome.symlinks, tags: outcome.tags }).toEqual({ symlinks: [], tags: [] });
  });

  it("set nothing of the device as a whole: it stays with ModemManager", () => {
    const set = [...inUse, ...start].flatMap(({ tokens }) =>
      tokens.filter(({ key, operator }) => key === "ENV" && !["==", "!="].includes(operator)),
    );
    expect(new Set(set.map(({ attribute }) => attribute))).toEqual(
      new Set([".ESIMD_USB_INTERFACE", "ESIMD_PORT", "ID_MM_PORT_IGNORE", "ESIMD_NAME", "SYSTEMD_WANTS"]),
    );
  });

  it("have examples that take an AT port by esimd's own table of ports, each one of its modem's", () => {
    const examples = inUse.filter(
      ({ tokens }) =>
        tokens.some(({ key }) => key === "ATTRS") && tokens.some(({ attribute }) => attribute === "ESIMD_PORT"),
    );
    expect(examples.length).toBeGreaterThan(5);
    const seen = new Set<string>();
    for (const { tokens } of examples) {
      const of = (attribute: string): string => tokens.find((one) => one.attribute === attribute)?.value ?? "";
      const [vendorId, productId] = [of("idVendor"), of("idProduct")];
      const number = of(".ESIMD_USB_INTERFACE");
      const layout = vendorPorts
        .find((vendor) => vendor.vendorId === vendorId)
        ?.layouts.find(({ products }) => products.includes(productId));
      expect({ vendorId, productId, role: layout?.ports[Number.parseInt(number, 16)] }).toEqual({
        vendorId,
        productId,
        role: "at",
      });
      expect(seen.has(`${vendorId}:${productId}`)).toBe(false);
      seen.add(`${vendorId}:${productId}`);
      const others = Object.keys(layout?.ports ?? {})
        .map(Number)
        .map(twoDigits);
      const taken = others.filter((interfaceNumber) =>
        ignored(inUse, usbPort({ vendorId, productId, interfaceNumber })),
      );
      expect(taken).toEqual([number]);
    }
  });

  it.each(["wwan0at0", "wwan0at1", "wwan12at0"])("let dialout, which the units have, open %s on PCIe", (kernel) => {
    const outcome = udev(wwanPort(kernel));
    expect({ group: outcome.group, mode: outcome.mode }).toEqual({ group: "dialout", mode: "0660" });
    expect(kept(outcome)).toEqual({});
    for (const unit of ["esimd.service", "esimd@.service", "esimd-first-boot.service"]) {
      expect(read(unit)).toMatch(/^SupplementaryGroups=dialout$/m);
      expect(read(unit)).toMatch(/^DeviceAllow=char-wwan_port rw$/m);
    }
  });

  it.each([
    ["the modem's other ports", "wwan", "wwan0mbim0"],
    ["the modem itself", "wwan", "wwan0"],
    ["the network device of that name", "net", "wwan0at0"],
  ])("change nothing of %s", (_name, subsystem, kernel) => {
    const outcome = udev(wwanPort(kernel, subsystem));
    expect({ kept: kept(outcome), group: outcome.group }).toEqual({ kept: {}, group: undefined });
  });

  it("keep ModemManager from the first AT port on PCIe where a person takes the # away", () => {
    expect(ignored(inUse, wwanPort("wwan0at0"))).toBe(true);
    expect(ignored(inUse, wwanPort("wwan0at1"))).toBe(false);
  });
});

describe("the udev rules that name a port and start what is asked for", () => {
  const port = usbPort({ ...eg25, interfaceNumber: "02", place: "1-1.2" });

  it("name it by its socket, make it known to systemd, and start nothing by themselves", () => {
    const outcome = udev(port);
    expect(outcome).toMatchObject({ symlinks: ["esimd/usb1.1.2"], tags: ["systemd"] });
    expect(kept(outcome)).toEqual({ ESIMD_PORT: "1", ID_MM_PORT_IGNORE: "1", ESIMD_NAME: "usb1.1.2" });
  });

  it("give two modems of one model two names, and one name to the modem that replaces another", () => {
    const nameAt = (place: string, kernel: string): readonly string[] =>
      udev(usbPort({ ...eg25, interfaceNumber: "02", place, kernel })).symlinks;
    expect(nameAt("1-1.2", "ttyUSB2")).toEqual(nameAt("1-1.2", "ttyUSB9"));
    expect(nameAt("1-1.2", "ttyUSB2")).not.toEqual(nameAt("1-1.3", "ttyUSB6"));
    expect(nameAt("2-1.2", "ttyUSB2")).toEqual(["esimd/usb2.1.2"]);
  });

  it("start the template's instance of that name where a person asks for it, whose device unit is then the port's", () => {
    const outcome = udev(port, 'SUBSYSTEM=="tty|wwan", ENV{ESIMD_START}="modem"\n');
    expect(outcome.properties.get("SYSTEMD_WANTS")).toBe("esimd@usb1.1.2.service");
    const template = read("esimd@.service");
    expect(template).toMatch(/^BindsTo=dev-esimd-%i\.device$/m);
    expect(template).toMatch(/^After=dev-esimd-%i\.device$/m);
    // systemd.unit(5): "/" becomes "-" and what is in this set stays, so that /dev/esimd/NAME is dev-esimd-NAME.device.
    expect(outcome.properties.get("ESIMD_NAME")).toMatch(/^[A-Za-z0-9:_][A-Za-z0-9:_.]*$/);
  });

  it("start the first boot's one shot where a person asks for that", () => {
    const outcome = udev(port, 'SUBSYSTEM=="tty|wwan", ENV{ESIMD_START}="first-boot"\n');
    expect(outcome.properties.get("SYSTEMD_WANTS")).toBe("esimd-first-boot.service");
  });

  it("leave what other rules want beside it", () => {
    const local = 'SUBSYSTEM=="tty", ENV{SYSTEMD_WANTS}="other.service", ENV{ESIMD_START}="first-boot"\n';
    expect(udev(port, local).properties.get("SYSTEMD_WANTS")).toBe("other.service esimd-first-boot.service");
  });

  it("take a person's own name, and a person's own port", () => {
    const named = udev(port, 'SUBSYSTEM=="tty", KERNELS=="1-1.2", ENV{ESIMD_NAME}="gateway"\n');
    expect(named.symlinks).toEqual(["esimd/gateway"]);
    const ftdi = usbPort({
      vendorId: "0403",
      productId: "6001",
      interfaceNumber: "00",
      place: "1-1",
      kernel: "ttyUSB0",
    });
    const own = udev(ftdi, 'SUBSYSTEM=="tty", ATTRS{idVendor}=="0403", ENV{ESIMD_PORT}="1"\n');
    expect(own).toMatchObject({ symlinks: ["esimd/usb1.1"], tags: ["systemd"] });
    expect(own.properties.get("ID_MM_PORT_IGNORE")).toBe("1");
  });

  it("name a port on PCIe by what Linux calls it", () => {
    const outcome = udev(wwanPort("wwan0at0"), 'SUBSYSTEM=="wwan", KERNEL=="wwan*at0", ENV{ESIMD_PORT}="1"\n');
    expect(outcome.symlinks).toEqual(["esimd/wwan0at0"]);
  });

  it("have the lines in their comments that do this", () => {
    const examples = startText.match(/^# {3}SUBSYSTEM==.*"/gm) ?? [];
    expect(examples).toHaveLength(3);
    for (const line of examples) expect(parseRules(`${line.slice(4)}\n`)).toHaveLength(1);
  });
});

describe("the rules files", () => {
  it("come behind 60-serial.rules, before ModemManager looks at the properties, and before systemd's own", () => {
    for (const name of [portsName, startName]) {
      expect(name > "60-serial.rules").toBe(true);
      expect(name < "80-mm-candidate.rules").toBe(true);
      expect(name < "99-systemd.rules").toBe(true);
    }
    expect(startName > portsName).toBe(true);
  });

  it("speak of no service to be stopped", () => {
    expect(portsText + startText).not.toMatch(/systemctl (stop|disable)|stop ModemManager|disable ModemManager/i);
  });

  const verifies = spawnSync("udevadm", ["verify", "--help"]).status === 0;
  it.skipIf(!verifies)("pass udevadm verify (skipped where there is none: systemd before 254, or no udev)", () => {
    const files = [portsName, startName].map((name) => resolve(systemd, name));
    const { status, stdout, stderr } = spawnSync("udevadm", ["verify", "--no-style", ...files], { encoding: "utf8" });
    expect({ status, output: `${stdout}${stderr}` }).toMatchObject({ status: 0 });
  });
});

describe("the parser of rules files", () => {
  it.each([
    ["a key that udev does not have", 'SUBSYTEM=="tty", TAG+="x"\n', /line 1: udev knows no key SUBSYTEM/],
    ["an operator that it does not take", 'KERNEL="ttyUSB0", TAG+="x"\n', /KERNEL can only be asked for/],
    ["a test by what can only be set", 'GROUP=="dialout", TAG+="x"\n', /GROUP can only be set/],
    ["a value without quotes", "KERNEL==ttyUSB0, TAG+=x\n", /no key, operator and quoted value/],
    ["a quote that does not end", 'KERNEL=="ttyUSB0, TAG+="x"\n', /line 1/],
    ["braces that are missing", 'ATTRS=="2c7c", TAG+="x"\n', /ATTRS wants/],
    ["braces that are too many", 'KERNEL{x}=="2c7c", TAG+="x"\n', /KERNEL takes no/],
    ["a jump to nowhere", 'ACTION=="add", GOTO="end"\n', /no label end follows/],
    ["a jump backwards", 'LABEL="end"\nACTION=="add", GOTO="end"\n', /no label end follows/],
    ["a label that nothing goes to", 'ACTION=="add", TAG+="x"\nLABEL="end"\n', /nothing goes to label end/],
    ["keys without a comma", 'KERNEL=="a" TAG+="x"\n', /separated by a comma/],
    ["a comma at the end", 'KERNEL=="a", TAG+="x",\n', /a comma behind the last key/],
    ["a rule that does nothing", 'KERNEL=="a"\n', /does nothing/],
    ["an action that the kernel has not", 'ACTION=="plug", TAG+="x"\n', /no action of the kernel/],
    ["a mode that is none", 'KERNEL=="a", MODE="rw"\n', /no mode/],
    ["a substitution that udev has not", 'KERNEL=="a", SYMLINK+="x$attrs{a}"\n', /no substitution/],
    ["a line that goes on into nothing", 'KERNEL=="a", \\\n\n', /goes on, and nothing follows/],
    ["letters that are not ASCII", 'KERNEL=="ä", TAG+="x"\n', /not printable ASCII/],
    ["a last line without an end", 'KERNEL=="a", TAG+="x"', /does not end/],
  ])("refuses %s", (_name, text, message) => {
    expect(() => parseRules(text)).toThrow(message);
  });

  it("takes what udev(7) shows", () => {
    const text =
      'SUBSYSTEM=="block", \\\n  ENV{ID_FS_USAGE}!="filesystem", GOTO="end"\nKERNEL=="sd?", RUN{program}+="/bin/x %k", OPTIONS+="watch"\nLABEL="end"\n';
    expect(parseRules(text).map(({ line }) => line)).toEqual([1, 3, 4]);
  });
});

describe("the machine that applies rules", () => {
  it("wants all ATTRS of a rule of one device, as udev does: vendor and interface number never meet", () => {
    const rules = parseRules('ATTRS{idVendor}=="2c7c", ATTRS{bInterfaceNumber}=="02", ENV{MET}="1"\n');
    expect(applyRules([rules], usbPort({ ...eg25, interfaceNumber: "02" })).properties.size).toBe(0);
  });

  it("does not take a hub's vendor with the modem's product", () => {
    const rules = parseRules('ATTRS{idVendor}=="1d6b", ATTRS{idProduct}=="0125", ENV{MET}="1"\n');
    expect(applyRules([rules], usbPort({ ...eg25, interfaceNumber: "02" })).properties.size).toBe(0);
  });
});
