import { describe, expect, it } from "vitest";
import { agree, curves, newOneTimeKey } from "../../../src/emulator/pki/curves.js";
import { aesCmac } from "../../../src/emulator/rsp/cmac.js";
import { Scp03t } from "../../../src/emulator/rsp/scp03t.js";
import { deriveSessionKeys, x963Kdf } from "../../../src/emulator/rsp/session-keys.js";

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

describe("AES-CMAC", () => {
  const key = bytes("2b7e151628aed2a6abf7158809cf4f3c");
  const message =
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
  it.each([
    [0, "bb1d6929e95937287fa37d129b756746"],
    [16, "070a16b46b4d4144f79bdd9dd04a287c"],
    [40, "dfa66747de9ae63030ca32611497c827"],
    [64, "51f0bebf7e3b9d92fc49741779363cfe"],
  ])("of the first %d bytes is that of RFC 4493", (length, mac) => {
    expect(hex(aesCmac(key, bytes(message).subarray(0, length)))).toBe(mac);
  });
});

describe("the X9.63 key derivation", () => {
  it("gives the vector of NIST's CAVP (SHA-256, no shared info)", () => {
    const secret = bytes("96c05619d56c328ab95fe84b18264b08725b85e33fd34f08");
    expect(hex(x963Kdf(secret, new Uint8Array(), 16))).toBe("443024c3dae66b95e6f5670601558f71");
  });
});

describe.each(curves)("a key agreement on %s", (curve) => {
  it("comes to the same keys on both sides", () => {
    const card = newOneTimeKey(curve);
    const server = newOneTimeKey(curve);
    const host = bytes("686f7374");
    const eid = bytes("89049032123451234512345678901235");
    const there = deriveSessionKeys(agree(card, bytes(server.publicHex)), host, eid);
    const here = deriveSessionKeys(agree(server, bytes(card.publicHex)), host, eid);
    expect(here).toEqual(there);
  });

  it("refuses a point that is not on the curve", () => {
    const point = bytes(newOneTimeKey(curve).publicHex);
    point[64] = (point[64] ?? 0) ^ 1;
    expect(() => agree(newOneTimeKey(curve), point)).toThrow("a public key cannot be used");
  });
});

describe("SCP03t", () => {
  const keys = deriveSessionKeys(new Uint8Array(32).fill(7), bytes("01"), bytes("02"));

  it.each([0, 1, 15, 16, 17, 1007])("opens what was sealed: %d bytes", (length) => {
    const plain = new Uint8Array(length).map((_, i) => i & 0xff);
    expect(new Scp03t(keys).open(new Scp03t(keys).seal(0x86, plain))).toEqual(plain);
  });

  it("chains: an element that is lost, sent twice or changed breaks all that follow", () => {
    const sender = new Scp03t(keys);
    const parts = [
      sender.seal(0x87, bytes("01")),
      sender.sign(0x88, bytes("02")),
      sender.seal(0x86, bytes("03")),
    ] as const;
    const whole = new Scp03t(keys);
    expect([whole.open(parts[0]), whole.verify(parts[1]), whole.open(parts[2])]).toEqual([
      bytes("01"),
      bytes("02"),
      bytes("03"),
    ]);
    expect(new Scp03t(keys).open(parts[2])).toBeUndefined();
    const twice = new Scp03t(keys);
    twice.open(parts[0]);
    expect(twice.open(parts[0])).toBeUndefined();
    const changed = parts[0].slice();
    changed[4] = (changed[4] ?? 0) ^ 1;
    expect(new Scp03t(keys).open(changed)).toBeUndefined();
  });
});
