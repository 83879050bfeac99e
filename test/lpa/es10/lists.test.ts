import { describe, expect, it } from "vitest";
import { parseEid, parseIccid } from "../../../src/base/identifiers.js";
import {
  decodeConfiguredAddresses,
  decodeSetDefaultAddress,
  encodeConfiguredAddresses,
  encodeGetConfiguredAddresses,
  encodeSetDefaultAddress,
} from "../../../src/lpa/es10/configured-addresses.js";
import { checkGetEid, decodeEid, encodeEid, encodeGetEid } from "../../../src/lpa/es10/eid.js";
import {
  decodeInstallResult,
  encodeInstallResult,
  encodeInstallResultData,
} from "../../../src/lpa/es10/install-result.js";
import { decodeStoreMetadata, encodeStoreMetadata } from "../../../src/lpa/es10/metadata.js";
import {
  decodeNotificationList,
  decodeRetrievedNotifications,
  decodeRetrieveNotifications,
  encodeNotificationList,
  encodeRetrieveNotification,
} from "../../../src/lpa/es10/notifications.js";
import {
  decodeGetProfilesInfo,
  decodeProfileInfoList,
  encodeGetProfilesInfo,
  encodeProfileInfo,
  encodeProfileInfoList,
  type ProfileInfo,
} from "../../../src/lpa/es10/profile-info.js";

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

const eid = parseEid("89049032123451234512345678901235", "the test");
const iccid = parseIccid("8988307000000000015", "the test");

describe("GetEID", () => {
  it("asks for tag 5A and reads 16 bytes", () => {
    expect(hex(encodeGetEid())).toBe("bf3e035c015a");
    expect(() => checkGetEid(encodeGetEid())).not.toThrow();
    expect(decodeEid(bytes("BF3E12 5A10 89049032123451234512345678901235"))).toBe(eid);
    expect(decodeEid(encodeEid(eid))).toBe(eid);
  });

  it.each([
    { what: "an EID of 15 bytes", answer: "BF3E11 5A0F 890490321234512345123456789012", code: "modem_protocol" },
    { what: "wrong check digits", answer: "BF3E12 5A10 89049032123451234512345678901236", code: "bad_eid" },
    { what: "another answer", answer: "BF2D02 A000", code: "modem_protocol" },
    { what: "trailing bytes", answer: "BF3E12 5A10 89049032123451234512345678901235 00", code: "modem_protocol" },
  ])("refuses $what", ({ answer, code }) => {
    expect(() => decodeEid(bytes(answer))).toThrow(expect.objectContaining({ code }));
  });
});

describe("configured addresses", () => {
  it("go both ways, and an empty default is none", () => {
    expect(hex(encodeGetConfiguredAddresses())).toBe("bf3c00");
    const addresses = { defaultSmdpAddress: "smdp.example.com", rootSmdsAddress: "lpa.ds.gsma.com" };
    expect(decodeConfiguredAddresses(encodeConfiguredAddresses(addresses))).toEqual(addresses);
    expect(decodeConfiguredAddresses(bytes("BF3C05 8000 810161"))).toEqual({
      defaultSmdpAddress: undefined,
      rootSmdsAddress: "a",
    });
    expect(decodeSetDefaultAddress(encodeSetDefaultAddress("smdp.example.com"))).toBe("smdp.example.com");
  });
});

describe("GetProfilesInfo", () => {
  const profile: ProfileInfo = {
    iccid,
    isdpAid: "A0000005591010FFFFFFFF8900001000",
    state: "enabled",
    nickname: "gateway",
    serviceProvider: "Example",
    name: "Super SIM",
    profileClass: "operational",
  };

  it("goes both ways", () => {
    expect(hex(encodeGetProfilesInfo())).toBe("bf2d00");
    expect(hex(encodeGetProfilesInfo([0x5a, 0x9f70]))).toBe("bf2d055c035a9f70");
    expect(decodeGetProfilesInfo(encodeGetProfilesInfo([0x5a, 0x9f70])).tags).toEqual([0x5a, 0x9f70]);
    expect(decodeProfileInfoList(encodeProfileInfoList([encodeProfileInfo(profile)]))).toEqual([profile]);
    expect(decodeProfileInfoList(bytes("BF2D02A000"))).toEqual([]);
  });

  it("lets what a card leaves out be missing", () => {
    expect(decodeProfileInfoList(bytes("BF2D10 A00E E30C 5A0A 98883070000000000051"))).toEqual([
      {
        iccid: "89880307000000000015",
        state: "disabled",
        profileClass: "operational",
        nickname: undefined,
        serviceProvider: undefined,
        name: undefined,
        isdpAid: undefined,
      },
    ]);
  });

  it("reads a query by ICCID with a tag list", () => {
    expect(decodeGetProfilesInfo(bytes("BF2D13 A00C 5A0A 98880307000000000 0F1 5C03 5A9F70"))).toMatchObject({
      tags: [0x5a, 0x9f70],
    });
  });

  it.each([
    { what: "an error in place of a list", answer: "BF2D03 810101", says: "gives no profile list (error 1)" },
    { what: "a profile without ICCID", answer: "BF2D06 A004 E302 9000", says: "without an ICCID" },
    { what: "an ICCID of nine bytes", answer: "BF2D0F A00D E30B 5A09 988803070000000000", says: "has 9 bytes" },
  ])("refuses $what", ({ answer, says }) => {
    expect(() => decodeProfileInfoList(bytes(answer))).toThrow(says);
  });
});

describe("StoreMetadata", () => {
  it("goes both ways", () => {
    const metadata = {
      iccid,
      serviceProvider: "Example",
      name: "Super SIM",
      profileClass: "operational",
      notifications: [
        { operation: "enable", address: "smdp.example.com" },
        { operation: "delete", address: "smdp.example.com" },
      ],
      policyRules: ["ppr1"],
      icon: undefined,
      owner: undefined,
    } as const;
    expect(decodeStoreMetadata(encodeStoreMetadata(metadata))).toEqual(metadata);
  });
});

describe("notifications", () => {
  it("go both ways, with sequence number 0", () => {
    const list = [
      { seqNumber: 0, operation: "install", address: "smdp.example.com", iccid },
      { seqNumber: 1, operation: "enable", address: "smdp.example.com", iccid: undefined },
    ] as const;
    expect(decodeNotificationList(encodeNotificationList(list))).toEqual(list);
    expect(decodeRetrieveNotifications(encodeRetrieveNotification(0))).toEqual({ by: "seqNumber", seqNumber: 0 });
    expect(decodeRetrievedNotifications(bytes("BF2B03 810101"))).toEqual([]);
    expect(() => decodeRetrievedNotifications(bytes("BF2B03 81017F"))).toThrow("no reason that SGP.22 knows");
  });
});

describe("ProfileInstallationResult", () => {
  const common = {
    transactionId: bytes("0102030405060708"),
    notification: { seqNumber: 7, operation: "install", address: "smdp.example.com", iccid } as const,
    smdpOid: "2.999.10",
  };

  it("tells a success with the new ISD-P", () => {
    const data = encodeInstallResultData({
      ...common,
      outcome: {
        kind: "success",
        isdpAid: bytes("A0000005591010FFFFFFFF8900001000"),
        simaResponse: bytes("3007A0053003800100"),
      },
    });
    const result = decodeInstallResult(encodeInstallResult(data, new Uint8Array(64)));
    expect(result).toMatchObject({
      transactionId: "0102030405060708",
      seqNumber: 7,
      smdpAddress: "smdp.example.com",
      iccid,
      smdpOid: "2.999.10",
      outcome: { kind: "success", isdpAid: "A0000005591010FFFFFFFF8900001000" },
    });
    expect(hex(result.signedData)).toBe(hex(data));
  });

  it.each([
    { bppCommand: 5, reason: 8, names: ["loadProfileElements", "scp03tSecurityError"] },
    { bppCommand: 2, reason: 9, names: ["storeMetadata", "installFailedDueToIccidAlreadyExistsOnEuicc"] },
    { bppCommand: 5, reason: 99, names: ["loadProfileElements", "unknown(99)"] },
  ])("tells an error by the names of SGP.22: $names", ({ bppCommand, reason, names }) => {
    const data = encodeInstallResultData({ ...common, outcome: { kind: "error", bppCommand, reason } });
    expect(decodeInstallResult(encodeInstallResult(data, new Uint8Array(64))).outcome).toEqual({
      kind: "error",
      bppCommand: names[0],
      reason: names[1],
    });
  });
});
