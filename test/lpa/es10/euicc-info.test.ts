import { describe, expect, it } from "vitest";
import { childrenOf, readTlv } from "../../../src/lpa/asn1/tlv.js";
import { decodeEuiccInfo2, type EuiccInfo2, encodeEuiccInfo2 } from "../../../src/lpa/es10/euicc-info.js";
import { tags } from "../../../src/lpa/es10/tags.js";

const info: EuiccInfo2 = {
  version: "2.2.2",
  profileVersion: "2.3.1",
  firmwareVersion: "1.0.0",
  protectionProfileVersion: "1.0.0",
  accreditationNumber: "TEST-1",
  verificationKeyIds: ["F54172BDF98A95D65CBEB88A38A1C11D800A85C3"],
  signingKeyIds: ["F54172BDF98A95D65CBEB88A38A1C11D800A85C3"],
  installedApplications: 2,
  freeNonVolatileBytes: 300_000,
  freeVolatileBytes: 8_739,
};

/** UICCCapability and RspCapability of SGP.22, annex H, by bit; another LPA names them when it shows the chip. */
const uiccNames: Readonly<Record<number, string>> = {
  1: "usimSupport",
  2: "isimSupport",
  4: "akaMilenage",
  6: "akaTuak128",
  14: "javacard",
  16: "multipleUsimSupport",
};
const rspNames: Readonly<Record<number, string>> = { 0: "additionalProfile", 3: "testProfileSupport" };

function bitsOf(encoded: Uint8Array, tag: number): number[] {
  const value = childrenOf(readTlv(encoded, tags.getEuiccInfo2)).find((child) => child.tag === tag)?.value;
  const [, ...bytes] = value ?? [];
  return bytes.flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte & (0x80 >> bit)) !== 0).map((bit) => at * 8 + bit),
  );
}

describe("EUICCInfo2", () => {
  it("comes back as it went out", () => {
    expect(decodeEuiccInfo2(encodeEuiccInfo2(info))).toEqual(info);
  });

  it("claims capabilities that have a name and that go together", () => {
    const encoded = encodeEuiccInfo2(info);
    expect(bitsOf(encoded, 0x85).map((bit) => uiccNames[bit] ?? `bit ${bit}`)).toEqual(Object.values(uiccNames));
    expect(bitsOf(encoded, 0x88).map((bit) => rspNames[bit] ?? `bit ${bit}`)).toEqual(Object.values(rspNames));
  });
});
