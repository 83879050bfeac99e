import { describe, expect, it } from "vitest";
import { type Iccid, parseIccid } from "../../../src/base/identifiers.js";
import { EmulatedEuicc } from "../../../src/emulator/euicc/euicc.js";
import { parseEuiccState } from "../../../src/emulator/euicc/state.js";
import { checkEuiccChain } from "../../../src/emulator/pki/certificate-chain.js";
import { readCertificate } from "../../../src/emulator/pki/certificate-reader.js";
import { verifyPlain } from "../../../src/emulator/pki/curves.js";
import {
  decodeConfiguredAddresses,
  decodeSetDefaultAddressResult,
  encodeGetConfiguredAddresses,
  encodeSetDefaultAddress,
} from "../../../src/lpa/es10/configured-addresses.js";
import { decodeEuiccInfo2, encodeGetEuiccInfo2 } from "../../../src/lpa/es10/euicc-info.js";
import {
  decodeNotificationList,
  decodeRemoveNotificationResult,
  decodeRetrievedNotifications,
  encodeListNotifications,
  encodeRemoveNotification,
  encodeRetrieveNotification,
} from "../../../src/lpa/es10/notifications.js";
import { decodePendingNotification } from "../../../src/lpa/es10/pending-notification.js";
import { decodeProfileInfoList, encodeGetProfilesInfo } from "../../../src/lpa/es10/profile-info.js";
import {
  decodeOperationResult,
  encodeDeleteProfile,
  encodeDisableProfile,
  encodeEnableProfile,
  encodeMemoryReset,
  encodeSetNickname,
} from "../../../src/lpa/es10/profile-operations.js";
import { tags } from "../../../src/lpa/es10/tags.js";
import { createRspWorld, type RspWorld, testEid } from "../../support/rsp-world.js";

async function withTwoProfiles(): Promise<{ world: RspWorld; first: Iccid; second: Iccid }> {
  const world = createRspWorld();
  const first = world.order({ eid: testEid }).iccid;
  await world.download();
  const second = world.order({ eid: testEid }).iccid;
  await world.download();
  return { world, first, second };
}

const unknown = parseIccid("89000000000000000000", "the test");
const enable = (euicc: EmulatedEuicc, iccid: Iccid): string =>
  decodeOperationResult(
    tags.enableProfile,
    euicc.es10(encodeEnableProfile({ id: { by: "iccid", iccid }, refresh: true })).response,
  );
const disable = (euicc: EmulatedEuicc, iccid: Iccid): string =>
  decodeOperationResult(
    tags.disableProfile,
    euicc.es10(encodeDisableProfile({ id: { by: "iccid", iccid }, refresh: true })).response,
  );
const remove = (euicc: EmulatedEuicc, iccid: Iccid): string =>
  decodeOperationResult(tags.deleteProfile, euicc.es10(encodeDeleteProfile({ by: "iccid", iccid })).response);
const states = (euicc: EmulatedEuicc): string[] =>
  decodeProfileInfoList(euicc.es10(encodeGetProfilesInfo()).response).map(({ state }) => state);
const pending = (euicc: EmulatedEuicc): string[] =>
  decodeNotificationList(euicc.es10(encodeListNotifications()).response).map(
    ({ seqNumber, operation }) => `${seqNumber} ${operation}`,
  );

describe("the life of profiles", () => {
  it("has one enabled at most; each change leaves signed notifications, in order", async () => {
    const { world, first, second } = await withTwoProfiles();
    const { euicc } = world;
    expect(states(euicc)).toEqual(["disabled", "disabled"]);
    expect(enable(euicc, first)).toBe("ok");
    expect(enable(euicc, first)).toBe("profileNotInDisabledState");
    expect(enable(euicc, second)).toBe("ok");
    expect(states(euicc)).toEqual(["disabled", "enabled"]);
    expect([enable(euicc, unknown), disable(euicc, unknown), remove(euicc, unknown)]).toEqual(
      Array(3).fill("iccidOrAidNotFound"),
    );
    expect(disable(euicc, first)).toBe("profileNotInEnabledState");
    expect(remove(euicc, second)).toBe("profileNotInDisabledState");
    expect(disable(euicc, second)).toBe("ok");
    expect(remove(euicc, second)).toBe("ok");
    expect(states(euicc)).toEqual(["disabled"]);
    // 1 and 2 were the install results, delivered by the downloads.
    expect(pending(euicc)).toEqual(["3 enable", "4 disable", "5 enable", "6 disable", "7 delete"]);

    const [der] = decodeRetrievedNotifications(euicc.es10(encodeRetrieveNotification(3)).response);
    const notification = decodePendingNotification(der ?? new Uint8Array());
    if (notification.kind !== "other") throw new Error("not an OtherSignedNotification");
    const { euiccCertificate, eumCertificate, signedData, signature } = notification.notification;
    const certificate = readCertificate(euiccCertificate);
    expect(checkEuiccChain(certificate, readCertificate(eumCertificate), world.pki.ci)).toEqual({
      ok: true,
      eid: testEid,
    });
    expect(verifyPlain(certificate.publicKey, signedData, signature)).toBe(true);
    const takeAway = (): string => decodeRemoveNotificationResult(euicc.es10(encodeRemoveNotification(3)).response);
    expect([takeAway(), takeAway()]).toEqual(["ok", "nothingToDelete"]);
    expect(decodeRetrievedNotifications(euicc.es10(encodeRetrieveNotification(3)).response)).toEqual([]);
  });

  it("takes room and gives it back", async () => {
    const { world, first } = await withTwoProfiles();
    const free = (): number => decodeEuiccInfo2(world.euicc.es10(encodeGetEuiccInfo2()).response).freeNonVolatileBytes;
    const before = free();
    remove(world.euicc, first);
    expect(free()).toBeGreaterThan(before + 12_000);
    expect(free()).toBe(world.euicc.freeBytes);
  });

  it("gives nicknames, and takes them away by an empty one", async () => {
    const { world, first } = await withTwoProfiles();
    const { euicc } = world;
    const name = (iccid: Iccid, nickname: string): string =>
      decodeOperationResult(tags.setNickname, euicc.es10(encodeSetNickname(iccid, nickname)).response);
    const nickname = (): string | undefined =>
      decodeProfileInfoList(euicc.es10(encodeGetProfilesInfo()).response)[0]?.nickname;
    expect([name(first, "gateway"), nickname(), name(first, ""), nickname()]).toEqual([
      "ok",
      "gateway",
      "ok",
      undefined,
    ]);
    expect(name(unknown, "x")).toBe("iccidNotFound");
  });

  it("resets its memory as far as it is told", async () => {
    const { world, first } = await withTwoProfiles();
    const { euicc } = world;
    enable(euicc, first);
    const options = { operationalProfiles: false, fieldLoadedTestProfiles: true, defaultSmdpAddress: false };
    const reset = (more: Partial<typeof options>): string =>
      decodeOperationResult(tags.memoryReset, euicc.es10(encodeMemoryReset({ ...options, ...more })).response);
    expect(reset({})).toBe("nothingToDelete");
    expect(reset({ operationalProfiles: true })).toBe("ok");
    expect(states(euicc)).toEqual([]);
  });
});

describe("the default SM-DP+", () => {
  it("can be set, read and taken away", () => {
    const { euicc } = createRspWorld();
    const read = (): string | undefined =>
      decodeConfiguredAddresses(euicc.es10(encodeGetConfiguredAddresses()).response).defaultSmdpAddress;
    expect(read()).toBeUndefined();
    expect(decodeSetDefaultAddressResult(euicc.es10(encodeSetDefaultAddress("smdp.example.com")).response)).toBe("ok");
    expect(read()).toBe("smdp.example.com");
    euicc.es10(encodeSetDefaultAddress(""));
    expect(read()).toBeUndefined();
  });
});

describe("the state of an eUICC", () => {
  it("survives JSON: profiles, notifications, counters; and the eUICC goes on from it", async () => {
    const { world, first, second } = await withTwoProfiles();
    enable(world.euicc, second);
    const text = JSON.stringify(world.euicc);
    const restored = new EmulatedEuicc({ pki: world.pki, state: parseEuiccState(JSON.parse(text), "state.json") });
    expect(restored.toJSON()).toEqual(world.euicc.toJSON());
    expect(states(restored)).toEqual(["disabled", "enabled"]);
    expect(enable(restored, first)).toBe("ok");
    expect(pending(restored)).toEqual(["3 enable", "4 disable", "5 enable"]);
    // The one that it was copied from has a life of its own.
    expect(pending(world.euicc)).toEqual(["3 enable"]);
  });

  it.each([
    { what: "no object", json: 7 },
    { what: "another schema", json: { schema: "esimd.euicc/9" } },
  ])("refuses $what, and says where it came from", ({ json }) => {
    expect(() => parseEuiccState(json, "state.json")).toThrow(/^state.json: not the state of an emulated eUICC/);
  });
});
