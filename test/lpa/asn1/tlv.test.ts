import { describe, expect, it } from "vitest";
import { isEsimdError } from "../../../src/base/errors.js";
import {
  decodeBits,
  decodeInteger,
  decodeOid,
  encodeBits,
  encodeInteger,
  encodeOid,
} from "../../../src/lpa/asn1/der.js";
import {
  childrenOf,
  decodeFrom,
  encodeHeader,
  encodeTlv,
  Fields,
  onlyChild,
  readTlv,
  readTlvs,
  TlvError,
} from "../../../src/lpa/asn1/tlv.js";

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

describe("reading TLV", () => {
  it.each([
    { what: "one byte of tag and of length", der: "5a 02 01 02", tag: 0x5a, value: "0102" },
    { what: "two bytes of tag", der: "bf3e 00", tag: 0xbf3e, value: "" },
    { what: "three bytes of tag", der: "bf8101 01 ff", tag: 0xbf8101, value: "ff" },
    { what: "a length of 81", der: `04 81 80 ${"00".repeat(128)}`, tag: 4, value: "00".repeat(128) },
    { what: "a length of 82", der: `04 82 0100 ${"11".repeat(256)}`, tag: 4, value: "11".repeat(256) },
    { what: "a longer length than needed, as some cards send", der: "80 81 01 07", tag: 0x80, value: "07" },
  ])("takes $what", ({ der, tag, value }) => {
    const tlv = readTlv(bytes(der));
    expect({ tag: tlv.tag, value: hex(tlv.value), raw: hex(tlv.raw) }).toEqual({ tag, value, raw: hex(bytes(der)) });
  });

  it.each([
    { what: "nothing", der: "", says: "nothing where TLV is expected" },
    { what: "half a tag", der: "bf", says: "ends inside a tag" },
    { what: "a tag without length", der: "5a", says: "ends inside a tag or a length" },
    { what: "half a length", der: "04 82 01", says: "ends inside a tag or a length" },
    { what: "a value that is cut", der: "5a 03 01 02", says: "claims 3 bytes where 2 are left" },
    { what: "trailing bytes", der: "5a 01 00 00", says: "1 bytes trail behind element 5A" },
    { what: "an indefinite length", der: "30 80 00 00", says: "indefinite length" },
    { what: "a length of four bytes", der: "30 84 00000001 00", says: "length of 4 bytes" },
    { what: "a length beyond all sense", der: "30 83 ffffff", says: "more than is ever legal" },
    { what: "a tag of four bytes", der: "bf818101 00", says: "more than three bytes" },
  ])("refuses $what", ({ der, says }) => {
    expect(() => readTlv(bytes(der))).toThrow(says);
  });

  it("refuses another tag than the expected one, and names both", () => {
    expect(() => readTlv(bytes("bf2e00"), 0xbf3e)).toThrow("element BF2E where BF3E is expected");
  });

  it("refuses nesting without end", () => {
    let der: Uint8Array = new Uint8Array();
    for (let i = 0; i < 40; i++) der = encodeTlv(0x30, der);
    const descend = (): void => {
      for (let tlv = readTlv(der); ; tlv = onlyChild(tlv));
    };
    expect(descend).toThrow("nested deeper than 24 levels");
  });

  it("reads a list to its end", () => {
    expect(readTlvs(bytes("8001aa 8100 bf2001bb")).map((tlv) => tlv.tag)).toEqual([0x80, 0x81, 0xbf20]);
    expect(() => readTlvs(bytes("8001aa 81"))).toThrow(TlvError);
  });
});

describe("the fields of a sequence", () => {
  const sequence = readTlv(encodeTlv(0x30, bytes("3000 8001aa 9f1f00 3000 8200")));

  it("are taken in order, unknown ones passed over, equal tags one after the other", () => {
    const fields = new Fields(sequence);
    expect(fields.take(0x30).value.length).toBe(0);
    expect(hex(fields.take(0x80).value)).toBe("aa");
    expect(fields.optional(0x81)).toBeUndefined();
    expect(fields.take(0x30).value.length).toBe(0);
    expect(() => fields.take(0x80)).toThrow("element 30 lacks 80");
    expect(fields.find(0x80)?.value.length).toBe(1);
  });

  it("has one child where a choice is explicit", () => {
    expect(onlyChild(readTlv(bytes("a2 03 800105"))).tag).toBe(0x80);
    expect(() => onlyChild(readTlv(bytes("a2 00")))).toThrow("has 0 elements");
    expect(() => onlyChild(readTlv(bytes("a2 04 8000 8100")))).toThrow("has 2 elements");
  });
});

describe("writing TLV", () => {
  it.each([
    { tag: 0x80, length: 0, header: "8000" },
    { tag: 0x86, length: 127, header: "867f" },
    { tag: 0x88, length: 128, header: "888180" },
    { tag: 0xbf36, length: 12_513, header: "bf368230e1" },
    { tag: 0xa3, length: 70_000, header: "a383011170" },
  ])("gives $tag with $length bytes the shortest header", ({ tag, length, header }) => {
    expect(hex(encodeHeader(tag, length))).toBe(header);
    const written = encodeTlv(tag, new Uint8Array(length));
    expect(readTlv(written, tag).value.length).toBe(length);
  });
});

describe("ASN.1 types", () => {
  it.each([
    [0, "020100"],
    [127, "02017f"],
    [128, "02020080"],
    [1_000_000, "02030f4240"],
    [2 ** 40, "0206010000000000"],
  ])("INTEGER %d is %s", (value, der) => {
    expect(hex(encodeInteger(value))).toBe(der);
    expect(decodeInteger(readTlv(bytes(der)))).toBe(value);
  });

  it.each(["0200", "0201ff", "020801000000000000ff"])("INTEGER %s is refused", (der) => {
    expect(() => decodeInteger(readTlv(bytes(der)))).toThrow("not a small non-negative INTEGER");
  });

  it.each([
    { bits: [], der: "0301 00" },
    { bits: [0], der: "0302 0780" },
    { bits: [1], der: "0302 0640" },
    { bits: [2], der: "0302 0520" },
    { bits: [0, 3], der: "0302 0490" },
    { bits: [8], der: "0303 070080" },
  ])("BIT STRING $der names the bits $bits", ({ bits, der }) => {
    expect(hex(encodeBits(bits))).toBe(der.replaceAll(" ", ""));
    expect(decodeBits(readTlv(bytes(der)))).toEqual(bits);
  });

  it.each([
    ["2.999.10", "060388370a"],
    ["1.2.840.10045.3.1.7", "06082a8648ce3d030107"],
    ["2.23.146.1.2.1.4", "060767811201020104"],
  ])("OBJECT IDENTIFIER %s is %s", (oid, der) => {
    expect(hex(encodeOid(oid))).toBe(der);
    expect(decodeOid(readTlv(bytes(der)))).toBe(oid);
  });
});

describe("who is to blame", () => {
  it("is the modem unless the reader says otherwise, and then the place is named", () => {
    const decode = (): unknown => readTlv(bytes("5a"));
    expect(() => decode()).toThrow(expect.objectContaining({ code: "modem_protocol" }));
    try {
      decodeFrom("smdp_protocol", "the SM-DP+'s metadata", decode);
      expect.unreachable();
    } catch (error) {
      expect(isEsimdError(error, "smdp_protocol")).toBe(true);
      expect(String(error)).toContain("the SM-DP+'s metadata: TLV ends inside");
    }
  });

  it("descends into children without copying", () => {
    const parent = readTlv(bytes("30 06 8001aa 8101bb"));
    expect(childrenOf(parent).map((child) => hex(child.raw))).toEqual(["8001aa", "8101bb"]);
  });
});
