import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parseIccid } from "../../../src/base/identifiers.js";
import { EmulatedEuicc } from "../../../src/emulator/euicc/euicc.js";
import { curves, newNonce, signPlain } from "../../../src/emulator/pki/curves.js";
import { createPki, type Pki } from "../../../src/emulator/pki/pki.js";
import { generateProfile } from "../../../src/emulator/rsp/profile-element.js";
import { bindPackage } from "../../../src/emulator/smdp/bind-package.js";
import type { ScenarioInput } from "../../../src/emulator/smdp/scenario.js";
import { concatBytes, readTlvs } from "../../../src/lpa/asn1/tlv.js";
import {
  decodeAuthenticateResponse,
  encodeAuthenticateServer,
  encodeServerSigned1,
} from "../../../src/lpa/es10/authenticate-server.js";
import {
  decodeBoundProfilePackage,
  encodeBoundProfilePackage,
  segmentBoundProfilePackage,
} from "../../../src/lpa/es10/bound-profile-package.js";
import { decodeCancelSessionResponse, encodeCancelSession } from "../../../src/lpa/es10/cancel-session.js";
import { decodeEuiccChallenge, encodeGetEuiccChallenge } from "../../../src/lpa/es10/challenge.js";
import { encodeSignature } from "../../../src/lpa/es10/common.js";
import { decodeInstallResult } from "../../../src/lpa/es10/install-result.js";
import type { PolicyRule, ProfileMetadata } from "../../../src/lpa/es10/metadata.js";
import { encodeStoreMetadata } from "../../../src/lpa/es10/metadata.js";
import { decodePendingNotification } from "../../../src/lpa/es10/pending-notification.js";
import {
  decodePrepareDownloadResponse,
  encodePrepareDownload,
  encodeSmdpSigned2,
} from "../../../src/lpa/es10/prepare-download.js";
import {
  decodeOperationResult,
  encodeDeleteProfile,
  encodeDisableProfile,
  encodeEnableProfile,
} from "../../../src/lpa/es10/profile-operations.js";
import { decodeRat, encodeGetRat } from "../../../src/lpa/es10/rat.js";
import { tags } from "../../../src/lpa/es10/tags.js";
import { createRspWorld, smdpAddress, testEid } from "../../support/rsp-world.js";

const sha256 = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");
const pkiOf = new Map(curves.map((curve) => [curve, createPki({ curve })]));

describe.each(curves)("a whole download on %s", (curve) => {
  const world = createRspWorld({ pki: pkiOf.get(curve) ?? createPki({ curve }), profileSizeBytes: 12_000 });

  it("installs exactly the bytes that the SM-DP+ was given, found by EID or by matching id", async () => {
    const byEid = world.order({ eid: testEid });
    const byCode = world.order({ matchingId: "AB-1" });
    expect(await world.download()).toEqual({ ok: true, iccid: byEid.iccid, notificationDelivered: true });
    expect(await world.download({ matchingId: "AB-1" })).toMatchObject({ ok: true, iccid: byCode.iccid });
    expect(
      world.euicc.profiles.map(({ iccid, state, sizeBytes, sha256 }) => ({ iccid, state, sizeBytes, sha256 })),
    ).toEqual(
      [byEid, byCode].map(({ iccid }) => ({
        iccid,
        state: "disabled",
        sizeBytes: 12_000,
        sha256: sha256(world.profiles.profile(iccid)),
      })),
    );
    expect(world.orders.list().map(({ state }) => state)).toEqual(["Installed", "Installed"]);
    expect(world.progress.map(({ event }) => event.point)).toEqual([3, 4, 3, 4]);
    expect(world.euicc.toJSON().notifications).toEqual([]);
  });

  it("takes an empty matching id for none", async () => {
    const { iccid } = world.order({ eid: testEid });
    expect(await world.download({ matchingId: "" })).toMatchObject({ ok: true, iccid });
  });
});

it("a profile of 150 kB goes the same way", async () => {
  const world = createRspWorld({ profileSizeBytes: 150_000 });
  const { iccid } = world.order({ eid: testEid });
  expect(await world.download()).toMatchObject({ ok: true, iccid });
  expect(world.euicc.profiles[0]?.sha256).toBe(sha256(world.profiles.profile(iccid)));
});

describe("when the notification is not taken", () => {
  it("it stays on the eUICC, and the profile as well", async () => {
    const world = createRspWorld();
    world.order({ eid: testEid });
    const result = await world.download({
      post: (fn, body) => (fn === "handleNotification" ? Promise.reject(new Error("cut")) : world.post(fn, body)),
    });
    expect(result).toMatchObject({ ok: true, notificationDelivered: false });
    const [pending] = world.euicc.toJSON().notifications;
    const decoded = decodePendingNotification(Buffer.from(pending?.der ?? "", "hex"));
    expect(decoded).toMatchObject({ kind: "install-result", result: { outcome: { kind: "success" } } });
    expect(world.orders.list()[0]?.state).toBe("Downloaded");
  });
});

describe("what an install error leaves behind", () => {
  it.each<{ what: string; scenario: ScenarioInput; memoryBytes: number; reason: string }>([
    {
      what: "a wrong MAC",
      scenario: { behaviours: [{ function: "getBoundProfilePackage", do: { kind: "wrong-mac" } }] },
      memoryBytes: 1_000_000,
      reason: "loadProfileElements/scp03tSecurityError",
    },
    {
      what: "too little memory",
      scenario: { checksMemory: false },
      memoryBytes: 5_000,
      reason: "loadProfileElements/installFailedDueToInsufficientMemoryForProfile",
    },
  ])("$what: no profile, an error result, the order in Error", async ({ scenario, memoryBytes, reason }) => {
    const world = createRspWorld({ scenario, memoryBytes });
    world.order({ eid: testEid });
    expect(await world.download()).toEqual({ ok: false, stage: "package", reason });
    expect(world.euicc.profiles).toEqual([]);
    expect(world.orders.list()[0]?.state).toBe("Error");
    expect(world.es9.notifications()).toMatchObject([{ kind: "install", outcome: reason, verified: true }]);
    expect(await world.download()).toMatchObject({ ok: false, subjectCode: "8.2.6", reasonCode: "3.8" });
  });

  it("an ICCID that is there already is refused at the metadata", async () => {
    const pki = createPki();
    const first = createRspWorld({ pki });
    first.order({ eid: testEid });
    await first.download();
    // The same seed gives the same ICCID again.
    const second = createRspWorld({ pki });
    second.order({ eid: testEid });
    expect(await second.download({ euicc: first.euicc })).toEqual({
      ok: false,
      stage: "package",
      reason: "storeMetadata/installFailedDueToIccidAlreadyExistsOnEuicc",
    });
    expect(first.euicc.profiles.length).toBe(1);
  });
});

// --- the eUICC against a server that does it wrong ---

/** A server by hand, so that each step can be spoilt. */
class Server {
  readonly pki: Pki;
  readonly transactionId = newNonce(16);

  constructor(pki: Pki) {
    this.pki = pki;
  }

  authenticate(
    euicc: EmulatedEuicc,
    change: Partial<Parameters<typeof encodeServerSigned1>[0]> & {
      ciKeyId?: Uint8Array;
      certificate?: Uint8Array;
      signature?: Uint8Array;
    } = {},
  ): Uint8Array {
    const { ciKeyId, certificate, signature, ...fields } = change;
    const euiccChallenge =
      fields.euiccChallenge ?? decodeEuiccChallenge(euicc.es10(encodeGetEuiccChallenge()).response);
    const { dpAuth } = this.pki.smdp();
    const serverSigned1 = encodeServerSigned1({
      transactionId: this.transactionId,
      serverAddress: smdpAddress,
      serverChallenge: newNonce(16),
      ...fields,
      euiccChallenge,
    });
    return encodeAuthenticateServer({
      serverSigned1,
      serverSignature1: signature ?? signPlain(dpAuth.privateKey, serverSigned1),
      ciKeyId: ciKeyId ?? this.pki.ci.subjectKeyId ?? new Uint8Array(),
      serverCertificate: certificate ?? dpAuth.certificate.der,
      ctxParams1: { deviceInfo: { tac: Uint8Array.of(0x35, 0x29, 0x06, 0x11) } },
    });
  }

  prepare(
    euiccSignature1: Uint8Array,
    change: {
      transactionId?: Uint8Array;
      certificate?: Uint8Array;
      signature?: Uint8Array;
      codeRequired?: boolean;
    } = {},
  ): Uint8Array {
    const { dpPb } = this.pki.smdp();
    const smdpSigned2 = encodeSmdpSigned2({
      transactionId: change.transactionId ?? this.transactionId,
      confirmationCodeRequired: change.codeRequired ?? false,
    });
    const tbs = concatBytes(smdpSigned2, encodeSignature(euiccSignature1));
    return encodePrepareDownload({
      smdpSigned2,
      smdpSignature2: change.signature ?? signPlain(dpPb.privateKey, tbs),
      smdpCertificate: change.certificate ?? dpPb.certificate.der,
    });
  }
}

function newEuicc(pki: Pki): EmulatedEuicc {
  return new EmulatedEuicc({ pki, state: { eid: testEid } });
}

function authenticated(
  pki: Pki,
  euicc = newEuicc(pki),
): { euicc: EmulatedEuicc; server: Server; euiccSignature1: Uint8Array } {
  const server = new Server(pki);
  const answer = decodeAuthenticateResponse(euicc.es10(server.authenticate(euicc)).response);
  if (answer.kind !== "ok") throw new Error(answer.reason);
  return { euicc, server, euiccSignature1: answer.euiccSignature1 };
}

describe("AuthenticateServer is refused", () => {
  const pki = createPki();
  const stranger = createPki();

  it.each([
    {
      what: "an unknown CI key",
      change: { ciKeyId: stranger.ci.subjectKeyId ?? new Uint8Array() },
      reason: "ciPKUnknown",
    },
    {
      what: "another CI's certificate",
      change: { certificate: stranger.smdp().dpAuth.certificate.der },
      reason: "invalidCertificate",
    },
    {
      what: "a certificate of another role",
      change: { certificate: pki.smdp().dpPb.certificate.der },
      reason: "invalidCertificate",
    },
    { what: "a broken certificate", change: { certificate: Uint8Array.of(0x30, 0x00) }, reason: "invalidCertificate" },
    { what: "a wrong signature", change: { signature: new Uint8Array(64).fill(1) }, reason: "invalidSignature" },
    {
      what: "a challenge that was never given",
      change: { euiccChallenge: new Uint8Array(16) },
      reason: "noSessionContext",
    },
  ])("for $what: $reason", ({ change, reason }) => {
    const euicc = newEuicc(pki);
    const answer = decodeAuthenticateResponse(euicc.es10(new Server(pki).authenticate(euicc, change)).response);
    expect(answer).toMatchObject({ kind: "error", reason });
  });

  it("for a challenge that is not the last one, and when it comes twice", () => {
    const euicc = newEuicc(pki);
    const server = new Server(pki);
    const stale = decodeEuiccChallenge(euicc.es10(encodeGetEuiccChallenge()).response);
    euicc.es10(encodeGetEuiccChallenge());
    const late = euicc.es10(server.authenticate(euicc, { euiccChallenge: stale })).response;
    expect(decodeAuthenticateResponse(late)).toMatchObject({ reason: "euiccChallengeMismatch" });
    const command = server.authenticate(euicc);
    expect(decodeAuthenticateResponse(euicc.es10(command).response).kind).toBe("ok");
    expect(decodeAuthenticateResponse(euicc.es10(command).response)).toMatchObject({ reason: "noSessionContext" });
  });

  it("and what is no AuthenticateServer gets 6A80", () => {
    expect(newEuicc(pki).es10(Uint8Array.of(0xbf, 0x38, 0x02, 0x30, 0x00)).statusWord).toBe(0x6a80);
  });
});

describe("PrepareDownload is refused", () => {
  const pki = createPki();

  it.each([
    {
      what: "a certificate of the wrong role",
      change: { certificate: pki.smdp().dpAuth.certificate.der },
      reason: "invalidCertificate",
    },
    { what: "a wrong signature", change: { signature: new Uint8Array(64).fill(1) }, reason: "invalidSignature" },
    { what: "another transaction", change: { transactionId: new Uint8Array(16) }, reason: "invalidTransactionId" },
    {
      what: "a confirmation code that is wanted and missing",
      change: { codeRequired: true },
      reason: "undefinedError",
    },
  ])("for $what: $reason", ({ change, reason }) => {
    const { euicc, server, euiccSignature1 } = authenticated(pki);
    const answer = decodePrepareDownloadResponse(euicc.es10(server.prepare(euiccSignature1, change)).response);
    expect(answer).toMatchObject({ kind: "error", reason });
    // The session is over: the right command comes too late.
    const again = decodePrepareDownloadResponse(euicc.es10(server.prepare(euiccSignature1)).response);
    expect(again).toMatchObject({ kind: "error", reason: "noSessionContext" });
  });

  it("before the server was authenticated", () => {
    const answer = newEuicc(pki).es10(new Server(pki).prepare(new Uint8Array(64)));
    expect(decodePrepareDownloadResponse(answer.response)).toMatchObject({ reason: "noSessionContext" });
  });
});

describe("a package", () => {
  const pki = createPki();
  const iccid = parseIccid("89883070000000000005", "the test");
  const goodMetadata: ProfileMetadata = {
    iccid,
    serviceProvider: "x",
    name: "y",
    profileClass: "operational",
    notifications: [],
    policyRules: [],
  };

  function prepared(own?: EmulatedEuicc): {
    euicc: EmulatedEuicc;
    bpp: (change?: { metadata?: ProfileMetadata; profile?: Uint8Array; transactionId?: Uint8Array }) => Uint8Array;
    transactionId: Uint8Array;
  } {
    const { euicc, server, euiccSignature1 } = authenticated(pki, own);
    const answer = decodePrepareDownloadResponse(euicc.es10(server.prepare(euiccSignature1)).response);
    if (answer.kind !== "ok") throw new Error(answer.reason);
    const { transactionId } = server;
    return {
      euicc,
      transactionId,
      bpp: (change = {}) =>
        bindPackage({
          transactionId: change.transactionId ?? transactionId,
          eid: testEid,
          euiccOtpk: answer.signed.euiccOtpk,
          curve: pki.curve,
          dpPb: pki.smdp().dpPb,
          metadata: encodeStoreMetadata(change.metadata ?? goodMetadata),
          profile: change.profile ?? generateProfile(iccid, 4000),
        }),
    };
  }

  function load(
    euicc: EmulatedEuicc,
    parts: readonly Uint8Array[],
  ): { outcome: unknown; atPart: number; seqNumber: number } | undefined {
    for (const [index, part] of parts.entries()) {
      const { response, statusWord } = euicc.es10(part);
      if (statusWord !== 0x9000) return { outcome: statusWord, atPart: index, seqNumber: -1 };
      if (response.length > 0) {
        const { outcome, seqNumber } = decodeInstallResult(response);
        return { outcome, atPart: index, seqNumber };
      }
    }
    return undefined;
  }

  const error = (bppCommand: string, reason: string): object => ({ kind: "error", bppCommand, reason });

  it("is refused without a session, with 6985", () => {
    const { bpp } = prepared();
    expect(load(newEuicc(pki), segmentBoundProfilePackage(bpp()))).toMatchObject({ outcome: 0x6985, atPart: 0 });
  });

  it.each([
    {
      what: "of another transaction",
      change: { transactionId: new Uint8Array(16) },
      outcome: error("initialiseSecureChannel", "invalidTransactionId"),
    },
    {
      what: "with policy rules that nobody may set",
      change: { metadata: { ...goodMetadata, policyRules: ["ppr1" as const] } },
      outcome: error("storeMetadata", "pprNotAllowed"),
    },
    {
      what: "whose metadata names another ICCID than the profile",
      change: { metadata: { ...goodMetadata, iccid: parseIccid("89883070000000000013", "the test") } },
      outcome: error("loadProfileElements", "installFailedDueToDataMismatch"),
    },
    {
      what: "that is no profile",
      change: { profile: new Uint8Array(100) },
      outcome: error("loadProfileElements", "installFailedDueToPEProcessingError"),
    },
  ])("$what is refused with an error result that stays as a notification", ({ change, outcome }) => {
    const { euicc, bpp } = prepared();
    const result = load(euicc, segmentBoundProfilePackage(bpp(change)));
    expect(result).toMatchObject({ outcome });
    expect(euicc.profiles).toEqual([]);
    expect(euicc.toJSON().notifications.map(({ seqNumber }) => seqNumber)).toEqual([result?.seqNumber]);
  });

  it.each([
    {
      what: "a part sent twice",
      spoil: (parts: Uint8Array[]) => parts.splice(7, 0, parts[6] ?? new Uint8Array()),
      outcome: error("loadProfileElements", "scp03tSecurityError"),
    },
    {
      what: "a part left out",
      spoil: (parts: Uint8Array[]) => parts.splice(6, 1),
      outcome: error("loadProfileElements", "scp03tSecurityError"),
    },
    {
      what: "the metadata left out",
      spoil: (parts: Uint8Array[]) => parts.splice(3, 1),
      outcome: error("storeMetadata", "scp03tStructureError"),
    },
    {
      what: "a part out of order",
      spoil: (parts: Uint8Array[]) => parts.splice(1, 1),
      outcome: error("configureISDP", "scp03tStructureError"),
    },
  ])("with $what is refused", ({ spoil, outcome }) => {
    const { euicc, bpp } = prepared();
    const parts = segmentBoundProfilePackage(bpp());
    spoil(parts);
    expect(load(euicc, parts)).toMatchObject({ outcome });
  });

  it("with policy rules installs where the eUICC's rules allow it, and then cannot be disabled or deleted", () => {
    const permissive = new EmulatedEuicc({ pki, state: { eid: testEid }, allowsPolicyRules: true });
    expect(readTlvs(decodeRat(permissive.es10(encodeGetRat()).response)).map(({ tag }) => tag)).toEqual([0x30]);
    const { euicc, bpp } = prepared(permissive);
    const policyRules: readonly PolicyRule[] = ["ppr1", "ppr2"];
    const parts = segmentBoundProfilePackage(bpp({ metadata: { ...goodMetadata, policyRules } }));
    expect(load(euicc, parts)).toMatchObject({ outcome: { kind: "success" } });
    const id = { by: "iccid", iccid } as const;
    const remove = euicc.es10(encodeDeleteProfile(id)).response;
    expect(decodeOperationResult(tags.deleteProfile, remove)).toBe("disallowedByPolicy");
    euicc.es10(encodeEnableProfile({ id, refresh: false }));
    const disable = euicc.es10(encodeDisableProfile({ id, refresh: false })).response;
    expect(decodeOperationResult(tags.disableProfile, disable)).toBe("disallowedByPolicy");
  });

  it("with a signature of somebody else is refused", () => {
    const { euicc, bpp } = prepared();
    const parts = decodeBoundProfilePackage(bpp());
    const channel = parts.initialiseSecureChannel.slice();
    channel[channel.length - 1] = (channel.at(-1) ?? 0) ^ 1;
    const spoilt = encodeBoundProfilePackage({ ...parts, initialiseSecureChannel: channel });
    expect(load(euicc, segmentBoundProfilePackage(spoilt))).toMatchObject({
      outcome: error("initialiseSecureChannel", "invalidSignature"),
    });
  });

  it("whose replacement keys were taken out does not open", () => {
    const { euicc, bpp } = prepared();
    const whole = decodeBoundProfilePackage(bpp());
    // Without them the session keys would protect the elements; these were sealed under others.
    const spoilt = encodeBoundProfilePackage({ ...whole, replaceSessionKeys: [] });
    expect(load(euicc, segmentBoundProfilePackage(spoilt))).toMatchObject({
      outcome: error("loadProfileElements", "scp03tSecurityError"),
    });
  });

  it("dies half-loaded with a reset, leaves nothing, and is dead afterwards", () => {
    const { euicc, bpp } = prepared();
    const parts = segmentBoundProfilePackage(bpp());
    expect(load(euicc, parts.slice(0, 7))).toBeUndefined();
    euicc.reset();
    expect(load(euicc, parts.slice(7))).toMatchObject({ outcome: 0x6985, atPart: 0 });
    expect(load(euicc, parts)).toMatchObject({ outcome: 0x6985, atPart: 0 });
    expect(euicc.profiles).toEqual([]);
    expect(euicc.toJSON().notifications).toEqual([]);
  });

  it("is over with CancelSession, for its own transaction only", () => {
    const { euicc, bpp, transactionId } = prepared();
    const other = euicc.es10(encodeCancelSession({ transactionId: new Uint8Array(16), reason: "postponed" })).response;
    expect(decodeCancelSessionResponse(other)).toEqual({ kind: "error", error: "invalidTransactionId" });
    const own = euicc.es10(encodeCancelSession({ transactionId, reason: "postponed" })).response;
    expect(decodeCancelSessionResponse(own)).toMatchObject({ kind: "ok", reason: "postponed", smdpOid: "2.999.10" });
    expect(load(euicc, segmentBoundProfilePackage(bpp()))).toMatchObject({ outcome: 0x6985 });
  });

  it("is bound to one eUICC: another cannot open it", () => {
    const { bpp } = prepared();
    const { euicc, server, euiccSignature1 } = authenticated(pki);
    euicc.es10(server.prepare(euiccSignature1));
    expect(load(euicc, segmentBoundProfilePackage(bpp()))).toMatchObject({
      outcome: error("initialiseSecureChannel", "invalidSignature"),
    });
  });
});
