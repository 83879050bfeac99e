/**
 * What each port of a modem is for, by USB vendor, product and interface number. A tty's number says nothing: it changes with the order in
 * which devices appear. The facts are those of public rules and drivers, named at each block; nothing here was tried on a modem.
 */

export type PortRole =
  /** The port for commands. */
  | "at"
  /** Takes commands, too; meant for a second program. */
  | "at-secondary"
  /** Takes commands until a data call occupies it. */
  | "ppp"
  | "gnss"
  | "diag"
  /** A port that is no use to us: traces, audio, firmware, or one that ModemManager leaves alone. */
  | "other"
  | "unknown";

/** How sure a fact is, most sure first; nothing of it was measured by us. */
export type PortEvidence = "documented" | "seen in code" | "forum" | "guess";

/** Where a role was learned from. */
export interface RoleSource {
  readonly source: string;
  readonly evidence: PortEvidence;
}

type Layout = Readonly<Record<number, PortRole>>;

export interface VendorPorts extends RoleSource {
  readonly vendorId: string;
  readonly vendor: string;
  /** Products that share a layout of ports. */
  readonly layouts: readonly { readonly products: readonly string[]; readonly ports: Layout }[];
  /** For a vendor that marks its ports by class in place of number. */
  readonly classes?: Readonly<Record<string, PortRole>>;
}

const modemManager = (path: string): RoleSource => ({
  source: `ModemManager src/plugins/${path}`,
  evidence: "seen in code",
});

const diagGnssAtAt: Layout = { 0: "diag", 1: "gnss", 2: "at", 3: "at-secondary" };
const mbimDiagGnssAt: Layout = { 3: "diag", 4: "gnss", 5: "at" };

export const vendorPorts: readonly VendorPorts[] = [
  {
    vendorId: "2c7c",
    vendor: "Quectel",
    ...modemManager("quectel/77-mm-quectel-port-types.rules"),
    layouts: [
      // EC21, EC25 and EG25, EG91, EG95, BG96, EG06, EG12, RM500, RM520N.
      {
        products: ["0121", "0125", "0191", "0195", "0296", "0306", "0512", "0800", "0801"],
        ports: diagGnssAtAt,
      },
      // EM060K with MBIM.
      { products: ["0128"], ports: mbimDiagGnssAt },
    ],
  },
  {
    vendorId: "3731",
    vendor: "NetPrisma",
    ...modemManager("netprisma/77-mm-netprisma-port-types.rules"),
    // LCUK54.
    layouts: [
      {
        products: ["0100", "0101", "0106", "010a", "010b", "010c", "010d", "0111", "0112", "0113", "0115", "0116"],
        ports: mbimDiagGnssAt,
      },
    ],
  },
  {
    vendorId: "2cb7",
    vendor: "Fibocom",
    ...modemManager("fibocom/77-mm-fibocom-port-types.rules"),
    layouts: [
      // L850-GL.
      { products: ["0007"], ports: { 2: "at", 4: "other", 6: "at-secondary" } },
      // NL668-AM.
      { products: ["01a0"], ports: { 2: "at", 3: "at-secondary", 4: "other" } },
      // FM150.
      { products: ["0104"], ports: { 0: "diag", 1: "at", 2: "at-secondary", 3: "other" } },
      // FM101-GL with MBIM: its third interface answers AT, and ModemManager leaves it alone.
      { products: ["01a2"], ports: { 2: "at", 3: "other", 4: "other", 5: "other" } },
      // FM101-GL with ADB.
      { products: ["01a4"], ports: { 2: "other", 3: "at", 4: "other", 5: "other", 6: "other" } },
      // FM135.
      { products: ["0115"], ports: { 2: "diag", 3: "at", 4: "other", 5: "other" } },
      // MA510-GL in its two USB modes.
      { products: ["0106"], ports: { 0: "other", 1: "at", 2: "at-secondary" } },
      { products: ["010a"], ports: { 0: "at", 1: "at-secondary" } },
    ],
  },
  {
    vendorId: "1508",
    vendor: "Fibocom",
    ...modemManager("fibocom/77-mm-fibocom-port-types.rules"),
    // NL668-EAU.
    layouts: [{ products: ["1001"], ports: { 0: "diag", 1: "at", 2: "at-secondary", 3: "at-secondary" } }],
  },
  {
    vendorId: "1782",
    vendor: "Fibocom (Unisoc)",
    ...modemManager("fibocom/77-mm-fibocom-port-types.rules"),
    layouts: [
      // L610 in its USB modes 31, and 32 or 33.
      {
        products: ["4d10"],
        ports: { 0: "at", 1: "other", 2: "other", 3: "diag", 4: "other", 5: "at-secondary", 6: "at-secondary" },
      },
      {
        products: ["4d11"],
        ports: { 2: "at", 3: "other", 4: "other", 5: "diag", 6: "other", 7: "at-secondary", 8: "at-secondary" },
      },
    ],
  },
  {
    vendorId: "8087",
    vendor: "Intel",
    ...modemManager("fibocom/77-mm-fibocom-port-types.rules"),
    // L850-GL under Intel's name.
    layouts: [{ products: ["095a"], ports: { 0: "at", 2: "other", 4: "at-secondary" } }],
  },
  {
    vendorId: "0e8d",
    vendor: "MediaTek",
    source: "field notes on the Fibocom FM350-GL under OpenWrt",
    evidence: "forum",
    layouts: [
      { products: ["7126"], ports: { 4: "at" } },
      { products: ["7127"], ports: { 6: "at" } },
    ],
  },
  {
    vendorId: "1e0e",
    vendor: "SIMCom",
    ...modemManager("simtech/77-mm-simtech-port-types.rules"),
    layouts: [
      // SIM7000, SIM7100, SIM7500, SIM7600.
      { products: ["9001"], ports: { ...diagGnssAtAt, 4: "other" } },
      // SIM7070, SIM7080, SIM7090 in their two layouts.
      { products: ["9205"], ports: { 0: "diag", 1: "gnss", 2: "at", 3: "ppp" } },
      { products: ["9206"], ports: { 0: "diag", 1: "gnss", 2: "at", 3: "other", 4: "other", 5: "ppp" } },
      // A7600E-H, A7602E-H.
      { products: ["9011"], ports: { 2: "other", 4: "at", 5: "ppp" } },
    ],
  },
  {
    vendorId: "1199",
    vendor: "Sierra Wireless",
    source: "Linux drivers/usb/serial/qcserial.c",
    evidence: "seen in code",
    layouts: [
      // MC7304, MC7710, EM7305, MC74xx, EM74xx, EM7565, EM86xx, EM7590.
      {
        products:
          "68a2 68c0 901c 901f 9040 9041 9053 9054 9056 9060 9061 9063 9070 9071 9078 9079 907b 9091 90e5 c081".split(
            " ",
          ),
        ports: { 0: "diag", 2: "gnss", 3: "at" },
      },
    ],
  },
  {
    vendorId: "1bc7",
    vendor: "Telit",
    ...modemManager("telit/77-mm-telit-port-types.rules"),
    layouts: [
      // LE910C1-EUX, ME910C1, MEx10G1.
      { products: ["1031", "1033", "1101", "110a"], ports: { 0: "diag", 1: "at", 2: "at-secondary" } },
      // LE922, LM9x0, FN980, and with MBIM.
      { products: ["1040", "1050"], ports: { 0: "diag", 3: "other", 4: "at", 5: "at-secondary", 6: "other" } },
      { products: ["1041", "1051"], ports: { 0: "diag", 4: "other", 5: "at", 6: "at-secondary", 7: "other" } },
      // LN920, FN990, LE910C1, and with MBIM.
      { products: ["1060", "1070", "1201"], ports: { 0: "diag", 3: "gnss", 4: "at", 5: "at-secondary", 6: "other" } },
      { products: ["1061", "1071", "1204"], ports: { 0: "diag", 4: "gnss", 5: "at", 6: "at-secondary", 7: "other" } },
      // FN920C04, FE910C04, FN912C04 in their layouts, and with MBIM.
      { products: ["10a0", "10c0", "3000"], ports: { 1: "gnss", 2: "at", 3: "diag" } },
      { products: ["10a2", "10c2"], ports: { 2: "gnss", 3: "at", 4: "diag" } },
      { products: ["10a4", "10c4"], ports: { 1: "at", 2: "at-secondary", 3: "diag" } },
      { products: ["10a7", "10c6"], ports: { 2: "at", 3: "at-secondary", 4: "diag" } },
      { products: ["10a9", "10c8", "3001"], ports: { 1: "at", 2: "diag" } },
      { products: ["10aa", "10c9"], ports: { 2: "at", 3: "diag" } },
      // FE990B40, FN990B40, and with MBIM.
      { products: ["10b0", "10d0"], ports: { 1: "gnss", 2: "at", 3: "at-secondary", 4: "other", 5: "diag" } },
      { products: ["10b1", "10d1"], ports: { 2: "gnss", 3: "at", 4: "at-secondary", 5: "other", 6: "diag" } },
      // LE910S1; LE910Q1 and ELS63.
      { products: ["7010", "7011"], ports: { 2: "other", 3: "at-secondary", 4: "at" } },
      { products: ["7020", "7021"], ports: { 2: "at-secondary", 4: "other", 6: "at" } },
    ],
  },
  {
    vendorId: "1e2d",
    vendor: "Cinterion",
    ...modemManager("cinterion/77-mm-cinterion-port-types.rules"),
    layouts: [
      // PLS8.
      { products: ["0061"], ports: { 0: "ppp", 2: "at", 4: "gnss", 6: "other", 8: "other" } },
      // PLS62 and its MBIM composition.
      { products: ["005b", "005d"], ports: { 0: "at", 2: "at-secondary", 4: "gnss", 6: "other", 8: "diag" } },
      // PLS63, PLS83.
      { products: ["0069", "006f"], ports: { 0: "at", 2: "at-secondary", 4: "gnss", 6: "diag" } },
      // MV31, MV32.
      { products: ["00b3", "00f1"], ports: { 2: "at", 4: "gnss", 5: "other" } },
    ],
  },
  {
    vendorId: "1546",
    vendor: "u-blox",
    ...modemManager("ublox/77-mm-ublox-port-types.rules"),
    layouts: [
      // TOBY-L4.
      { products: ["1010"], ports: { 2: "at-secondary", 4: "diag", 6: "at", 8: "other" } },
      // TOBY-R2, LARA-R2.
      {
        products: ["1107", "110a"],
        ports: { 0: "at", 2: "at-secondary", 4: "at-secondary", 6: "gnss", 8: "other", 10: "diag" },
      },
      // LISA-U2, SARA-U2 in their two layouts.
      {
        products: ["1102"],
        ports: { 0: "at", 2: "at-secondary", 4: "at-secondary", 6: "gnss", 8: "diag", 10: "diag", 12: "other" },
      },
      { products: ["1104"], ports: { 0: "at", 2: "gnss", 4: "diag", 6: "other" } },
    ],
  },
  {
    vendorId: "05c6",
    vendor: "u-blox (Qualcomm)",
    ...modemManager("ublox/77-mm-ublox-port-types.rules"),
    // LARA-R6. Qualcomm's other products are of many makers, and of many layouts.
    layouts: [{ products: ["908b"], ports: { 0: "diag", 1: "at", 2: "at-secondary", 3: "other" } }],
  },
  {
    vendorId: "413c",
    vendor: "Dell",
    ...modemManager("dell/77-mm-dell-port-types.rules"),
    // DW5821e, without and with eSIM.
    layouts: [{ products: ["81d7", "81e0"], ports: { 2: "at", 3: "at-secondary", 4: "gnss", 5: "diag" } }],
  },
  {
    vendorId: "0489",
    vendor: "Foxconn",
    ...modemManager("foxconn/77-mm-foxconn-port-types.rules"),
    // T77W968, without and with eSIM.
    layouts: [{ products: ["e0b4", "e0b5"], ports: { 2: "at", 3: "at-secondary", 4: "gnss", 5: "diag" } }],
  },
  {
    vendorId: "12d1",
    vendor: "Huawei",
    ...modemManager("huawei/77-mm-huawei-net-port-types.rules"),
    layouts: [],
    classes: {
      "ff/01/01": "ppp",
      "ff/01/02": "at",
      "ff/02/01": "ppp",
      "ff/02/02": "at",
      "ff/01/05": "gnss",
      "ff/01/14": "gnss",
      "ff/06/14": "gnss",
    },
  },
];
