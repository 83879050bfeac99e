import { describe, expect, it } from "vitest";
import { modemVendor, roleOf } from "../../../src/serial/ports/port-role.js";
import { type PortRole, vendorPorts } from "../../../src/serial/ports/port-table.js";

function role(id: string, interfaceNumber: number, interfaceClass = "ff/00/00"): PortRole {
  const [vendorId = "", productId = ""] = id.split(":");
  return roleOf({ vendorId, productId, interfaceNumber, interfaceClass }).role;
}

/** As ModemManager's rules have them, read again by hand. */
const rules: readonly [name: string, id: string, roles: Readonly<Record<number, PortRole>>][] = [
  ["Quectel EG25-G", "2c7c:0125", { 0: "diag", 1: "gnss", 2: "at", 3: "at-secondary" }],
  ["Quectel RM520N", "2c7c:0801", { 0: "diag", 1: "gnss", 2: "at", 3: "at-secondary" }],
  ["Quectel EM060K with MBIM", "2c7c:0128", { 3: "diag", 4: "gnss", 5: "at" }],
  ["Fibocom FM150", "2cb7:0104", { 0: "diag", 1: "at", 2: "at-secondary", 3: "other" }],
  ["Fibocom L850-GL by Intel", "8087:095a", { 0: "at", 2: "other", 4: "at-secondary" }],
  ["SIMCom SIM7600", "1e0e:9001", { 0: "diag", 1: "gnss", 2: "at", 3: "at-secondary", 4: "other" }],
  ["SIMCom A7600E-H", "1e0e:9011", { 2: "other", 4: "at", 5: "ppp" }],
  ["Sierra MC7455", "1199:9071", { 0: "diag", 2: "gnss", 3: "at" }],
  ["Telit LE910C1", "1bc7:1201", { 0: "diag", 3: "gnss", 4: "at", 5: "at-secondary", 6: "other" }],
  ["Telit LE910Q1", "1bc7:7020", { 2: "at-secondary", 4: "other", 6: "at" }],
  ["Cinterion PLS8", "1e2d:0061", { 0: "ppp", 2: "at", 4: "gnss", 6: "other", 8: "other" }],
  ["u-blox SARA-U2", "1546:1102", { 0: "at", 2: "at-secondary", 6: "gnss", 10: "diag", 12: "other" }],
  ["Dell DW5821e with eSIM", "413c:81e0", { 2: "at", 3: "at-secondary", 4: "gnss", 5: "diag" }],
];

describe("the role of a port", () => {
  it.each(rules)("of a %s is told by its interface number", (_name, id, roles) => {
    for (const [number, expected] of Object.entries(roles)) expect(role(id, Number(number))).toBe(expected);
  });

  it("of a Huawei modem is told by the class of its interface, whatever its number", () => {
    expect(role("12d1:1506", 0, "ff/02/01")).toBe("ppp");
    expect(role("12d1:15c1", 4, "ff/02/02")).toBe("at");
    expect(role("12d1:1573", 3, "ff/01/05")).toBe("gnss");
    expect(role("12d1:1573", 3, "ff/08/08")).toBe("unknown");
  });

  it("of an unlisted product of a maker of modems is guessed from its class, and called a guess", () => {
    const found = roleOf({
      vendorId: "2c7c",
      productId: "6fff",
      interfaceNumber: 1,
      interfaceClass: "ff/ff/40",
    });
    expect(found).toMatchObject({ role: "at", from: { evidence: "guess" } });
    expect(role("2c7c:6fff", 0, "ff/ff/30")).toBe("diag");
    expect(role("2c7c:6fff", 0, "ff/00/00")).toBe("unknown");
  });

  it("is unknown on what is no modem, though it says that it takes AT commands", () => {
    // An Arduino, a USB-to-serial cable, a u-blox GNSS receiver, a phone.
    expect(role("2341:0043", 0, "02/02/01")).toBe("unknown");
    expect(role("0403:6001", 0)).toBe("unknown");
    expect(role("1546:01a8", 0, "02/02/01")).toBe("unknown");
    expect(role("05c6:9091", 0, "ff/ff/40")).toBe("unknown");
  });

  it("is unknown on an interface that the rules do not list", () => {
    expect(role("2c7c:0125", 7, "ff/ff/40")).toBe("unknown");
  });
});

describe("the table", () => {
  it("has each product once, with at least one port that takes AT commands, and says where it is from", () => {
    for (const { vendorId, vendor, source, evidence, layouts, classes } of vendorPorts) {
      expect(vendorId).toMatch(/^[0-9a-f]{4}$/);
      expect(source).not.toBe("");
      expect(["seen in code", "forum"]).toContain(evidence);
      const products = layouts.flatMap((layout) => layout.products);
      expect(new Set(products).size, vendor).toBe(products.length);
      for (const product of products) expect(product).toMatch(/^[0-9a-f]{4}$/);
      for (const { products: named, ports } of layouts)
        expect(Object.values(ports).filter((one) => one === "at").length, `${vendor} ${named.join(" ")}`).toBe(1);
      expect(layouts.length + Object.keys(classes ?? {}).length).toBeGreaterThan(0);
    }
    expect(new Set(vendorPorts.map(({ vendorId }) => vendorId)).size).toBe(vendorPorts.length);
  });

  it("names a maker by a vendor number that is of modems alone", () => {
    expect(modemVendor("2c7c")).toBe("Quectel");
    expect(modemVendor("05c6")).toBeUndefined();
    expect(modemVendor("0403")).toBeUndefined();
  });
});
