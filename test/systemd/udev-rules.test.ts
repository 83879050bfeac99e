import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { vendorPorts } from "../../src/serial/ports/port-table.js";

const path = resolve(import.meta.dirname, "../../systemd/77-esimd-ports.rules");
const text = readFileSync(path, "utf8");

interface Condition {
  readonly key: string;
  readonly operator: "==" | "!=" | "=";
  readonly value: string;
}

/** The keys of one rule (udev(7)); the operators that the file uses. @throws for anything else. */
function parseRule(line: string): readonly Condition[] {
  const conditions: Condition[] = [];
  let rest = line;
  while (rest !== "") {
    const match = /^([A-Z]+(?:\{[^}]+\})?)(==|!=|=)"([^"]*)"(?:, |$)/.exec(rest);
    const [whole = "", key = "", operator, value = ""] = match ?? [];
    if (operator !== "==" && operator !== "!=" && operator !== "=") throw new Error(`not a rule: ${line}`);
    conditions.push({ key, operator, value });
    rest = rest.slice(whole.length);
  }
  return conditions;
}

const lines = text.split("\n").filter((line) => line !== "");
const active = lines.filter((line) => !line.startsWith("#"));
/** Examples are one character away from being rules. */
const inUse = lines.map((line) => line.replace(/^#(?=[A-Z]+[{=!])/, "")).filter((line) => !line.startsWith("#"));

/** A port of a modem, as udev sees it. */
interface Tty {
  readonly vendorId: string;
  readonly productId: string;
  /** As sysfs has it, two hexadecimal digits; a port that is not of USB has none. */
  readonly usbInterface?: string;
  readonly subsystem?: string;
  /** Its name; ttyUSB2 when left out. */
  readonly kernel?: string;
  readonly action?: string;
}

/** `*` and `?` as udev(7) has them. */
function globOf(pattern: string): RegExp {
  return new RegExp(
    `^${pattern
      .replace(/[.+^${}()[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );
}

/** What the rules set for a port: a udev as small as they are. */
function evaluate(rules: readonly string[], tty: Tty): ReadonlyMap<string, string> {
  const env = new Map<string, string>();
  const usb = tty.usbInterface !== undefined;
  const keyValue = (key: string): string | undefined => {
    if (key === "ACTION") return tty.action ?? "add";
    if (key === "SUBSYSTEM") return tty.subsystem ?? "tty";
    if (key === "KERNEL") return tty.kernel ?? "ttyUSB2";
    if (key === "SUBSYSTEMS") return usb ? "usb" : "platform";
    if (key === "ATTRS{idVendor}") return usb ? tty.vendorId : undefined;
    if (key === "ATTRS{idProduct}") return usb ? tty.productId : undefined;
    if (key === "ATTRS{bInterfaceNumber}") return tty.usbInterface;
    const name = /^ENV\{(.+)\}$/.exec(key)?.[1];
    if (name === undefined) throw new Error(`unknown key ${key}`);
    return env.get(name);
  };
  const matches = ({ key, operator, value }: Condition): boolean => {
    const is = keyValue(key) ?? "";
    const any = value.split("|").some((one) => globOf(one).test(is));
    return operator === "!=" ? !any : any;
  };
  for (let index = 0; index < rules.length; index++) {
    const rule = parseRule(rules[index] ?? "");
    if (!rule.filter(({ operator }) => operator !== "=").every(matches)) continue;
    for (const { key, operator, value } of rule) {
      if (operator !== "=") continue;
      if (key === "GOTO") {
        index = rules.indexOf(`LABEL="${value}"`);
        if (index < 0) throw new Error(`no label ${value}`);
      } else if (key !== "LABEL") {
        const name = /^ENV\{(.+)\}$/.exec(key)?.[1] ?? key;
        env.set(name, value === "$attr{bInterfaceNumber}" ? (tty.usbInterface ?? "") : value);
      }
    }
  }
  return env;
}

const eg25 = { vendorId: "2c7c", productId: "0125" };
const ignored = (rules: readonly string[], tty: Tty): boolean => evaluate(rules, tty).get("ID_MM_PORT_IGNORE") === "1";
const twoDigits = (number: number): string => number.toString(16).padStart(2, "0");

describe("the udev rule for one port", () => {
  it("keeps ModemManager from the EG25-G's first AT port, and from no other", () => {
    const ports = ["00", "01", "02", "03", "04"];
    expect(ports.filter((usbInterface) => ignored(active, { ...eg25, usbInterface }))).toEqual(["02"]);
    for (const action of ["add", "change", "move", "bind"])
      expect(ignored(active, { ...eg25, usbInterface: "02", action })).toBe(true);
  });

  it.each<[string, Tty]>([
    ["another product", { ...eg25, productId: "0306", usbInterface: "02" }],
    ["another vendor", { ...eg25, vendorId: "2cb7", usbInterface: "02" }],
    ["the same interface as a network device", { ...eg25, usbInterface: "02", subsystem: "net" }],
    ["a port that goes", { ...eg25, usbInterface: "02", action: "remove" }],
    ["a UART of the board", eg25],
  ])("does nothing for %s", (_name, tty) => {
    // What begins with a dot is forgotten after the event (udev(7)).
    expect([...evaluate(active, tty).keys()].filter((key) => !key.startsWith("."))).toEqual([]);
  });

  it("sets nothing but the tag of the port: the device stays with ModemManager", () => {
    const set = inUse.flatMap((line) =>
      parseRule(line).filter(({ operator, key }) => operator === "=" && /^ENV/.test(key)),
    );
    expect(new Set(set.map(({ key }) => key))).toEqual(
      new Set(["ENV{.ESIMD_USB_INTERFACE}", "ENV{ID_MM_PORT_IGNORE}"]),
    );
  });

  it("has examples that take an AT port by esimd's own table of ports, each one of its modem's", () => {
    const examples = inUse
      .map(parseRule)
      .filter((rule) => rule.some(({ value, key }) => key === "ENV{ID_MM_PORT_IGNORE}" && value === "1"));
    expect(examples.length).toBeGreaterThan(5);
    const seen = new Set<string>();
    for (const rule of examples) {
      const of = (key: string): string => rule.find((one) => one.key === key)?.value ?? "";
      const [vendorId, productId] = [of("ATTRS{idVendor}"), of("ATTRS{idProduct}")];
      const number = of("ENV{.ESIMD_USB_INTERFACE}");
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
      expect(others.filter((usbInterface) => ignored(inUse, { vendorId, productId, usbInterface }))).toEqual([number]);
    }
  });

  it("comes before ModemManager looks at the properties, and speaks of no service to be stopped", () => {
    expect("77-esimd-ports.rules" < "80-mm-candidate.rules").toBe(true);
    expect(text).not.toMatch(/systemctl|stop ModemManager|disable ModemManager/i);
  });

  it.each(["wwan0at0", "wwan0at1", "wwan12at0"])("lets dialout, which the unit has, open %s on PCIe", (kernel) => {
    const set = evaluate(active, { vendorId: "", productId: "", subsystem: "wwan", kernel });
    expect([...set]).toEqual([
      ["GROUP", "dialout"],
      ["MODE", "0660"],
    ]);
    const unit = readFileSync(resolve(path, "../esimd.service"), "utf8");
    expect(unit).toMatch(/^SupplementaryGroups=dialout$/m);
    expect(unit).toMatch(/^DeviceAllow=char-wwan_port rw$/m);
  });

  it.each([
    ["the modem's other ports", "wwan", "wwan0mbim0"],
    ["the modem itself", "wwan", "wwan0"],
    ["the network device of that name", "net", "wwan0at0"],
  ])("changes nothing of %s", (_name, subsystem, kernel) => {
    expect([...evaluate(active, { vendorId: "", productId: "", subsystem, kernel })]).toEqual([]);
  });

  const verifies = spawnSync("udevadm", ["verify", "--help"]).status === 0;
  it.skipIf(!verifies)("passes udevadm verify (skipped where there is none: systemd before 254, or no udev)", () => {
    const { status, stdout, stderr } = spawnSync("udevadm", ["verify", "--no-style", path], { encoding: "utf8" });
    expect({ status, output: `${stdout}${stderr}` }).toMatchObject({ status: 0 });
  });
});
