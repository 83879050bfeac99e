import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { EsimdError } from "../../src/base/errors.js";
import { parseIccid } from "../../src/base/identifiers.js";
import { decodeInteger, decodeOid, encodeInteger, encodeOid } from "../../src/lpa/asn1/der.js";
import { childrenOf, concatBytes, encodeTlv, readTlv, readTlvs, type Tlv } from "../../src/lpa/asn1/tlv.js";
import {
  decodeAuthenticateResponse,
  decodeAuthenticateServer,
  decodeServerSigned1,
  encodeServerSigned1,
} from "../../src/lpa/es10/authenticate-server.js";
import {
  decodeBoundProfilePackage,
  encodeBoundProfilePackage,
  readBppPart,
  segmentBoundProfilePackage,
} from "../../src/lpa/es10/bound-profile-package.js";
import {
  checkConfigureIsdp,
  decodeInitialiseSecureChannel,
  decodeReplaceSessionKeys,
} from "../../src/lpa/es10/bpp-payloads.js";
import {
  decodeCancelSession,
  decodeCancelSessionResponse,
  encodeCancelSession,
} from "../../src/lpa/es10/cancel-session.js";
import { decodeEuiccChallenge } from "../../src/lpa/es10/challenge.js";
import { profileOperations } from "../../src/lpa/es10/common.js";
import {
  decodeConfiguredAddresses,
  decodeSetDefaultAddress,
  decodeSetDefaultAddressResult,
  encodeConfiguredAddresses,
} from "../../src/lpa/es10/configured-addresses.js";
import { checkGetEid, decodeEid } from "../../src/lpa/es10/eid.js";
import { decodeEuiccInfo1, decodeEuiccInfo2 } from "../../src/lpa/es10/euicc-info.js";
import {
  decodeInstallResult,
  encodeInstallResult,
  encodeInstallResultData,
} from "../../src/lpa/es10/install-result.js";
import { decodeStoreMetadata, encodeStoreMetadata } from "../../src/lpa/es10/metadata.js";
import {
  decodeListNotifications,
  decodeNotificationList,
  decodeRemoveNotification,
  decodeRemoveNotificationResult,
  decodeRetrievedNotifications,
  decodeRetrieveNotifications,
  encodeNotificationList,
  encodeRemoveNotification,
} from "../../src/lpa/es10/notifications.js";
import { decodePendingNotification } from "../../src/lpa/es10/pending-notification.js";
import {
  decodePrepareDownload,
  decodePrepareDownloadResponse,
  decodeSmdpSigned2,
} from "../../src/lpa/es10/prepare-download.js";
import {
  decodeGetProfilesInfo,
  decodeProfileInfoList,
  encodeProfileInfo,
  encodeProfileInfoList,
} from "../../src/lpa/es10/profile-info.js";
import {
  decodeDeleteProfile,
  decodeDisableProfile,
  decodeEnableProfile,
  decodeMemoryReset,
  decodeOperationResult,
  decodeSetNickname,
  encodeEnableProfile,
} from "../../src/lpa/es10/profile-operations.js";
import { decodeRat } from "../../src/lpa/es10/rat.js";
import { tags } from "../../src/lpa/es10/tags.js";
import { cost, decoded, spoiltBytes } from "./only-esimd-errors.js";
import { recordSession, type SessionMessages } from "./session-messages.js";

/** Reads all there is, down to the leaves. */
function readAll(bytes: Uint8Array): number {
  const count = (tlv: Tlv): number => {
    const isConstructed = (tlv.raw[0] ?? 0) & 0x20;
    return isConstructed ? childrenOf(tlv).reduce((sum, child) => sum + count(child), 1) : 1;
  };
  return readTlvs(bytes).reduce((sum, tlv) => sum + count(tlv), 0);
}

const decoders: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  readAll,
  segmentBoundProfilePackage,
  decodeBoundProfilePackage,
  readBppPart,
  decodeInitialiseSecureChannel,
  checkConfigureIsdp,
  decodeReplaceSessionKeys,
  decodeServerSigned1,
  decodeAuthenticateServer,
  decodeAuthenticateResponse,
  decodeSmdpSigned2,
  decodePrepareDownload,
  decodePrepareDownloadResponse,
  decodeCancelSession,
  decodeCancelSessionResponse,
  decodeEuiccChallenge,
  decodeConfiguredAddresses,
  decodeSetDefaultAddress,
  decodeSetDefaultAddressResult,
  checkGetEid,
  decodeEid,
  decodeEuiccInfo1,
  decodeEuiccInfo2,
  decodeInstallResult,
  decodePendingNotification,
  decodeStoreMetadata,
  decodeListNotifications,
  decodeNotificationList,
  decodeRetrieveNotifications,
  decodeRetrievedNotifications,
  decodeRemoveNotification,
  decodeRemoveNotificationResult,
  decodeGetProfilesInfo,
  decodeProfileInfoList,
  decodeEnableProfile,
  decodeDisableProfile,
  decodeDeleteProfile,
  decodeSetNickname,
  decodeMemoryReset,
  decodeEnableResult: (bytes) => decodeOperationResult(tags.enableProfile, bytes),
  decodeRat,
};

let session: SessionMessages;
let good: readonly Uint8Array[];
beforeAll(async () => {
  session = await recordSession();
  good = [...session.es10Commands, ...session.es10Answers, ...session.es9Fields];
});

describe("every decoder of ES10", () => {
  it.each(Object.entries(decoders))("%s gives a value or an EsimdError, whatever it is given", (_name, decode) => {
    fc.assert(
      fc.property(spoiltBytes(good), (bytes) => void decoded(() => decode(bytes))),
      { numRuns: 3_000 },
    );
  });

  it.each(Object.entries(decoders))("%s takes neither time nor memory for what is only claimed", (_name, decode) => {
    // One claims 4 MB and has six bytes, one is nested without end, one has more elements than any message.
    const head = good.map((message) => message.subarray(0, 2));
    const claims = head.map((tag) => Buffer.concat([tag, Uint8Array.of(0x83, 0x3f, 0xff, 0xff, 0x80, 0x00)]));
    const nested = Buffer.from("bf2d823ffc".padEnd(32_000, "a082"), "hex");
    const many = encodeTlv(tags.getProfilesInfo, encodeTlv(0xa0, Buffer.alloc(100_000, Uint8Array.of(0x80, 0x00))));
    const { ms, bufferBytes } = cost(() => {
      for (const bytes of [...claims, nested, many]) decoded(() => decode(bytes));
    });
    expect(ms).toBeLessThan(1_000);
    expect(bufferBytes).toBeLessThan(4 * 1024 * 1024);
  });
});

const iccid = fc
  .tuple(fc.constant("89"), fc.stringMatching(/^\d{16}$/))
  .map(([head, body]) => `${head}${body}`)
  .map((digits) => parseIccid(`${digits}${luhn(digits)}`, "the fuzz"));
const address = fc.stringMatching(/^[a-z]{1,20}\.example\.com$/);
const octets = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes });
const seqNumber = fc.nat(0x7fffffff);

describe("what was encoded is decoded to the same", () => {
  it("TLV", () => {
    const tag = fc.constantFrom(0x04, 0x80, 0x5a, 0x9f70, 0xbf2d, 0x30);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(tag, fc.uint8Array({ maxLength: 70_000, size: "medium" })), { maxLength: 6 }),
        (elements) => {
          const bytes = concatBytes(...elements.map(([of, value]) => encodeTlv(of, value)));
          expect(readTlvs(bytes).map(({ tag: of, value }) => [of, Buffer.from(value)])).toEqual(
            elements.map(([of, value]) => [of, Buffer.from(value)]),
          );
        },
      ),
    );
  });

  it("INTEGER and OBJECT IDENTIFIER", () => {
    fc.assert(fc.property(seqNumber, (value) => void expect(decodeInteger(readTlv(encodeInteger(value)))).toBe(value)));
    const oid = fc
      .tuple(fc.nat(2), fc.nat(39), fc.array(fc.nat(0x7fffffff), { minLength: 1, maxLength: 8 }))
      .map(([root, second, rest]) => [root, second, ...rest].join("."));
    fc.assert(fc.property(oid, (value) => void expect(decodeOid(readTlv(encodeOid(value)))).toBe(value)));
  });

  it("the profile list", () => {
    const profile = fc.record({
      iccid,
      state: fc.constantFrom("enabled" as const, "disabled" as const),
      profileClass: fc.constantFrom("test" as const, "provisioning" as const, "operational" as const),
      name: fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
      serviceProvider: fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }),
    });
    fc.assert(
      fc.property(fc.array(profile, { maxLength: 20 }), (profiles) => {
        const list = encodeProfileInfoList(profiles.map((one) => encodeProfileInfo(one)));
        expect(decodeProfileInfoList(list)).toMatchObject(profiles);
      }),
    );
  });

  it("notifications", () => {
    const entry = fc.record({ seqNumber, operation: fc.constantFrom(...profileOperations), address, iccid });
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 20 }),
        (entries) => void expect(decodeNotificationList(encodeNotificationList(entries))).toEqual(entries),
      ),
    );
    fc.assert(
      fc.property(seqNumber, (seq) => void expect(decodeRemoveNotification(encodeRemoveNotification(seq))).toBe(seq)),
    );
  });

  it("an install result", () => {
    const outcome = fc.record({
      kind: fc.constant("error" as const),
      bppCommand: fc.nat(5),
      reason: fc.integer({ min: 1, max: 15 }),
    });
    fc.assert(
      fc.property(
        octets(16),
        seqNumber,
        address,
        iccid,
        outcome,
        octets(64),
        (transactionId, seq, smdp, of, how, signature) => {
          const notification = { seqNumber: seq, operation: "install", address: smdp, iccid: of } as const;
          const signed = encodeInstallResultData({ transactionId, notification, smdpOid: "2.999.10", outcome: how });
          expect(decodeInstallResult(encodeInstallResult(signed, signature))).toMatchObject({
            seqNumber: seq,
            smdpAddress: smdp,
            iccid: of,
            outcome: { kind: "error" },
          });
        },
      ),
    );
  });

  it("metadata, what the server signs, addresses, a cancellation and a switch", () => {
    fc.assert(
      fc.property(
        iccid,
        fc.string({ unit: "grapheme", maxLength: 6 }),
        octets(16),
        address,
        fc.boolean(),
        (of, name, random, smdp, refresh) => {
          const metadata = {
            iccid: of,
            serviceProvider: name,
            name,
            profileClass: "operational",
            notifications: [{ operation: "enable", address: smdp }],
            policyRules: [],
          } as const;
          expect(decodeStoreMetadata(encodeStoreMetadata(metadata))).toMatchObject(metadata);
          const signed = {
            transactionId: random,
            euiccChallenge: random,
            serverAddress: smdp,
            serverChallenge: random,
          };
          expect(plain(decodeServerSigned1(encodeServerSigned1(signed)))).toEqual(plain(signed));
          const addresses = { defaultSmdpAddress: smdp, rootSmdsAddress: smdp };
          expect(decodeConfiguredAddresses(encodeConfiguredAddresses(addresses))).toEqual(addresses);
          const cancel = { transactionId: random, reason: "postponed" } as const;
          expect(plain(decodeCancelSession(encodeCancelSession(cancel)))).toEqual(plain(cancel));
          const request = { id: { by: "iccid", iccid: of }, refresh } as const;
          expect(decodeEnableProfile(encodeEnableProfile(request))).toEqual(request);
        },
      ),
    );
  });

  it("a profile package: its parts are the package, byte for byte", () => {
    const part = fc.uint8Array({ minLength: 1, maxLength: 1_000 });
    const parts = fc.array(part, { minLength: 1, maxLength: 12 });
    const model = decodeBoundProfilePackage(session.boundProfilePackage);
    fc.assert(
      fc.property(parts, parts, (metadata, elements) => {
        const made = encodeBoundProfilePackage({
          ...model,
          storeMetadata: metadata.map((bytes) => encodeTlv(0x88, bytes)),
          profileElements: elements.map((bytes) => encodeTlv(0x86, bytes)),
        });
        const segments = segmentBoundProfilePackage(made);
        expect(Buffer.concat(segments).equals(made)).toBe(true);
      }),
    );
  });
});

/** Byte arrays of any kind as hex, for comparing. */
function plain(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key,
      field instanceof Uint8Array ? Buffer.from(field).toString("hex") : field,
    ]),
  );
}

function luhn(digits: string): number {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const doubled = Number(digit) * (place % 2 === 0 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return (10 - (sum % 10)) % 10;
}

it("refuses with an EsimdError at all: the fuzz would see it otherwise", () => {
  expect(() => readTlv(Uint8Array.of(0x80, 0x05))).toThrow(EsimdError);
});
