import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkEuiccChain, isLeafOfCi } from "../../../src/emulator/pki/certificate-chain.js";
import { type Certificate, readCertificate } from "../../../src/emulator/pki/certificate-reader.js";
import { agree, verifyPlain } from "../../../src/emulator/pki/curves.js";
import { Scp03t } from "../../../src/emulator/rsp/scp03t.js";
import { deriveSessionKeys } from "../../../src/emulator/rsp/session-keys.js";
import { concatBytes, encodeTlv, readHeaderAt } from "../../../src/lpa/asn1/tlv.js";
import {
  decodeAuthenticateResponse,
  decodeAuthenticateServer,
  decodeServerSigned1,
  encodeAuthenticateServer,
  encodeServerSigned1,
} from "../../../src/lpa/es10/authenticate-server.js";
import {
  decodeBoundProfilePackage,
  encodeBoundProfilePackage,
  segmentBoundProfilePackage,
} from "../../../src/lpa/es10/bound-profile-package.js";
import {
  checkConfigureIsdp,
  decodeInitialiseSecureChannel,
  decodeReplaceSessionKeys,
  initialiseSecureChannelTbs,
} from "../../../src/lpa/es10/bpp-payloads.js";
import {
  decodeCancelSession,
  decodeCancelSessionResponse,
  encodeCancelSession,
} from "../../../src/lpa/es10/cancel-session.js";
import { decodeEuiccChallenge } from "../../../src/lpa/es10/challenge.js";
import { decodeConfiguredAddresses } from "../../../src/lpa/es10/configured-addresses.js";
import { decodeEid } from "../../../src/lpa/es10/eid.js";
import { decodeEuiccInfo1, decodeEuiccInfo2 } from "../../../src/lpa/es10/euicc-info.js";
import { decodeInstallResult } from "../../../src/lpa/es10/install-result.js";
import { decodeStoreMetadata, encodeStoreMetadata } from "../../../src/lpa/es10/metadata.js";
import {
  decodeNotificationList,
  decodeRemoveNotificationResult,
  decodeRetrievedNotifications,
  decodeRetrieveNotifications,
} from "../../../src/lpa/es10/notifications.js";
import { decodePendingNotification } from "../../../src/lpa/es10/pending-notification.js";
import {
  decodePrepareDownload,
  decodePrepareDownloadResponse,
  decodeSmdpSigned2,
  encodePrepareDownload,
  encodeSmdpSigned2,
} from "../../../src/lpa/es10/prepare-download.js";
import { decodeProfileInfoList } from "../../../src/lpa/es10/profile-info.js";
import { decodeRat } from "../../../src/lpa/es10/rat.js";
import { tags } from "../../../src/lpa/es10/tags.js";
import {
  asRecord,
  derField,
  type Recording,
  readRecordings,
  recordingsAreHere,
  sharedRsp,
} from "../../support/recordings.js";

/** What a standard LPA, card and server sent each other must be read by our codecs, and hold under our cryptography. */

const eid = "89049032123451234512345678901235";
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

/** A decoder for each answer of the card; some answers of LoadBoundProfilePackage are empty. */
const answerDecoders = new Map<number, (answer: Uint8Array) => unknown>([
  [tags.getEid, decodeEid],
  [tags.getConfiguredAddresses, decodeConfiguredAddresses],
  [tags.getRat, decodeRat],
  [tags.getEuiccInfo1, decodeEuiccInfo1],
  [tags.getEuiccInfo2, decodeEuiccInfo2],
  [tags.getEuiccChallenge, decodeEuiccChallenge],
  [tags.authenticateServer, decodeAuthenticateResponse],
  [tags.prepareDownload, decodePrepareDownloadResponse],
  [tags.installResult, decodeInstallResult],
  [tags.cancelSession, decodeCancelSessionResponse],
  [tags.getProfilesInfo, decodeProfileInfoList],
  [tags.listNotification, decodeNotificationList],
  [tags.retrieveNotifications, decodeRetrievedNotifications],
  [tags.removeNotification, decodeRemoveNotificationResult],
]);

describe.skipIf(!recordingsAreHere)("the recorded sessions (skipped where the recordings are not at hand)", () => {
  const recordings = readRecordings();
  const certificate = (name: string): Certificate =>
    readCertificate(new Uint8Array(readFileSync(join(sharedRsp, "certs", `CERT_${name}_ECDSA_NIST.der`))));

  it.each(recordings)("$name: every answer of the card has a decoder that takes it", ({ es10 }) => {
    expect(es10.length).toBeGreaterThan(3);
    for (const { command, response } of es10) {
      if (response.length === 0) continue;
      const { tag } = readHeaderAt(response, 0);
      const decode = answerDecoders.get(tag);
      expect(decode, `an answer to ${hex(command).slice(0, 20)}`).toBeDefined();
      expect(() => decode?.(response)).not.toThrow();
    }
  });

  // One recording has the ES9+ side of its download only: the card's side broke off and was left out.
  const withCard = recordings.filter(({ es10 }) => es10.some(({ command }) => hex(command).startsWith("bf38")));

  it.each(withCard)("$name: our encoders give the LPA's commands byte for byte", ({ es10 }) => {
    let compared = 0;
    for (const { command } of es10) {
      const { tag } = readHeaderAt(command, 0);
      let ours: Uint8Array;
      if (tag === tags.authenticateServer) {
        const request = decodeAuthenticateServer(command);
        ours = encodeAuthenticateServer(request);
        expect(encodeServerSigned1(decodeServerSigned1(request.serverSigned1))).toEqual(request.serverSigned1);
      } else if (tag === tags.prepareDownload) {
        const request = decodePrepareDownload(command);
        ours = encodePrepareDownload(request);
        expect(encodeSmdpSigned2(decodeSmdpSigned2(request.smdpSigned2))).toEqual(request.smdpSigned2);
      } else if (tag === tags.cancelSession) ours = encodeCancelSession(decodeCancelSession(command));
      else if (tag === tags.retrieveNotifications) {
        expect(decodeRetrieveNotifications(command).by).toBe("seqNumber");
        continue;
      } else continue;
      expect(hex(ours)).toBe(hex(command));
      compared++;
    }
    expect(compared).toBeGreaterThan(0);
  });

  it.each(recordings)("$name: every signature and chain in it holds", (recording) => {
    const ci = certificate("CI");
    let checked = 0;
    for (const { fn, request, response } of recording.es9) {
      if (fn === "initiateAuthentication") {
        const server = readCertificate(derField(response, "serverCertificate"));
        expect(isLeafOfCi(server, ci, "dpAuth")).toBe(true);
        const signature = derField(response, "serverSignature1").subarray(3);
        expect(verifyPlain(server.publicKey, derField(response, "serverSigned1"), signature)).toBe(true);
        checked++;
      }
      if (fn === "authenticateClient") {
        const answer = decodeAuthenticateResponse(derField(request, "authenticateServerResponse"));
        if (answer.kind !== "ok") throw new Error("a recorded card refused the server");
        const euicc = readCertificate(answer.euiccCertificate);
        expect(checkEuiccChain(euicc, readCertificate(answer.eumCertificate), ci)).toEqual({ ok: true, eid });
        expect(verifyPlain(euicc.publicKey, answer.euiccSigned1, answer.euiccSignature1)).toBe(true);
        if (asRecord(response)["smdpSigned2"] === undefined) continue;
        const server = readCertificate(derField(response, "smdpCertificate"));
        expect(isLeafOfCi(server, ci, "dpPb")).toBe(true);
        const signed = concatBytes(
          derField(response, "smdpSigned2"),
          encodeTlv(tags.signature, answer.euiccSignature1),
        );
        expect(verifyPlain(server.publicKey, signed, derField(response, "smdpSignature2").subarray(3))).toBe(true);
        const metadata = derField(response, "profileMetadata");
        expect(hex(encodeStoreMetadata(decodeStoreMetadata(metadata)))).toBe(hex(metadata));
        checked++;
      }
      if (fn === "handleNotification") {
        const pending = decodePendingNotification(derField(request, "pendingNotification"));
        if (pending.kind !== "install-result") throw new Error("a recorded notification is not an install result");
        const { signedData, signature } = pending.result;
        expect(verifyPlain(certificate("EUICC").publicKey, signedData, signature)).toBe(true);
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(0);
  });

  const downloads = recordings.filter(({ es9 }) => es9.some(({ fn }) => fn === "getBoundProfilePackage"));

  it.each(downloads.filter((recording) => withCard.includes(recording)))(
    "$name: our segmenter cuts the package as the LPA did",
    (recording) => {
      const { bpp } = packageOf(recording);
      const parts = segmentBoundProfilePackage(bpp);
      expect(hex(concatBytes(...parts))).toBe(hex(bpp));
      expect(hex(encodeBoundProfilePackage(decodeBoundProfilePackage(bpp)))).toBe(hex(bpp));
      const first = recording.es10.findIndex(({ command }) => hex(command).startsWith("bf36"));
      const sent = recording.es10.slice(first, first + parts.length).map(({ command }) => hex(command));
      const wanted = parts.map(hex);
      // A session that broke off, or was given a package changed on its way, agrees as far as it went.
      const same = wanted.filter((part, i) => part === sent[i]).length;
      expect(same).toBeGreaterThanOrEqual(recording.name.startsWith("ok-") ? parts.length : 4);
    },
  );

  // The plain profiles at hand are those of the sessions that succeed.
  const decryptable = downloads.filter(({ name }) => name.startsWith("ok-"));

  it.each(decryptable)("$name: our keys and our SCP03t open the package to the profile that went in", (recording) => {
    const { bpp, euiccOtpk, dpPb } = packageOf(recording);
    const parts = decodeBoundProfilePackage(bpp);
    const channel = decodeInitialiseSecureChannel(parts.initialiseSecureChannel);
    expect(verifyPlain(dpPb.publicKey, initialiseSecureChannelTbs(channel, euiccOtpk), channel.signature)).toBe(true);
    const own = { curve: "P-256", privateHex: recording.oneTimePrivateHex ?? "", publicHex: hex(euiccOtpk) } as const;
    const keys = deriveSessionKeys(agree(own, channel.smdpOtpk), channel.hostId, eidBytes());
    const session = new Scp03t(keys);
    for (const part of parts.configureIsdp) checkConfigureIsdp(session.open(part) ?? new Uint8Array());
    const metadata = concatBytes(...parts.storeMetadata.map((part) => session.verify(part) ?? new Uint8Array()));
    expect(decodeStoreMetadata(metadata).name).toMatch(/^TS48/);
    const [replacement] = parts.replaceSessionKeys;
    const profileSession =
      replacement === undefined
        ? session
        : new Scp03t(decodeReplaceSessionKeys(session.open(replacement) ?? new Uint8Array()));
    const profile = concatBytes(...parts.profileElements.map((part) => profileSession.open(part) ?? new Uint8Array()));
    const originals = readdirSync(join(sharedRsp, "upp")).map((file) =>
      hex(readFileSync(join(sharedRsp, "upp", file))),
    );
    expect(originals).toContain(hex(profile));
  });
});

function eidBytes(): Uint8Array {
  return new Uint8Array(Buffer.from(eid, "hex"));
}

function packageOf(recording: Recording): { bpp: Uint8Array; euiccOtpk: Uint8Array; dpPb: Certificate } {
  const exchange = recording.es9.find(({ fn }) => fn === "getBoundProfilePackage");
  const client = recording.es9.find(({ fn }) => fn === "authenticateClient");
  const prepared = decodePrepareDownloadResponse(derField(exchange?.request, "prepareDownloadResponse"));
  if (prepared.kind !== "ok") throw new Error("the recorded card refused to prepare the download");
  return {
    bpp: derField(exchange?.response, "boundProfilePackage"),
    euiccOtpk: prepared.signed.euiccOtpk,
    dpPb: readCertificate(derField(client?.response, "smdpCertificate")),
  };
}
