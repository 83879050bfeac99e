import type { Eid } from "../../base/identifiers.js";
import { bppTags, encodeBoundProfilePackage } from "../../lpa/es10/bound-profile-package.js";
import {
  encodeConfigureIsdp,
  encodeInitialiseSecureChannel,
  encodeReplaceSessionKeys,
  initialiseSecureChannelTbs,
} from "../../lpa/es10/bpp-payloads.js";
import { eidToBytes } from "../../lpa/es10/eid.js";
import { agree, type Curve, newNonce, newOneTimeKey, signPlain } from "../pki/curves.js";
import type { KeyedCertificate } from "../pki/pki.js";
import { Scp03t } from "../rsp/scp03t.js";
import { controlReference, deriveSessionKeys } from "../rsp/session-keys.js";

/** Binds a profile to one eUICC's one-time key: the Bound Profile Package (SGP.22, 2.5.4). */
export interface Binding {
  readonly transactionId: Uint8Array;
  readonly eid: Eid;
  readonly euiccOtpk: Uint8Array;
  readonly curve: Curve;
  readonly dpPb: KeyedCertificate;
  /** DER of StoreMetadata. */
  readonly metadata: Uint8Array;
  /** The unprotected profile. */
  readonly profile: Uint8Array;
  /** Bytes of metadata or profile in each protected element; as many as SGP.22 allows when left out. */
  readonly segmentBytes?: number;
  /** Breaks the MAC of one profile segment, for who wants to see what becomes of it. */
  readonly breakMac?: boolean;
}

const hostId = new TextEncoder().encode("esimd");
/** Each protected element has at most 1020 bytes: tag, three of length, 1008 of cipher text, eight of MAC (SGP.22, 2.5.3). */
const largestSegmentBytes = 1007;

/** @throws TlvError when the eUICC's one-time key is no point of the curve. */
export function bindPackage(binding: Binding): Uint8Array {
  const { transactionId, eid, euiccOtpk, curve, dpPb, metadata, profile, segmentBytes = largestSegmentBytes } = binding;
  const own = newOneTimeKey(curve);
  const command = {
    transactionId,
    remoteOperation: 1,
    ...controlReference,
    hostId,
    smdpOtpk: Buffer.from(own.publicHex, "hex"),
  };
  const signature = signPlain(dpPb.privateKey, initialiseSecureChannelTbs(command, euiccOtpk));
  const session = new Scp03t(deriveSessionKeys(agree(own, euiccOtpk), hostId, eidToBytes(eid)));
  const configureIsdp = [session.seal(bppTags.encrypted, encodeConfigureIsdp())];
  const storeMetadata = pieces(metadata, segmentBytes).map((piece) => session.sign(bppTags.macOnly, piece));
  // The profile is protected by random keys of its own, so that it could have been prepared before the eUICC was known.
  const profileKeys = { initialMacChainingValue: newNonce(16), encryptionKey: newNonce(16), macKey: newNonce(16) };
  const replaceSessionKeys = [session.seal(bppTags.encrypted, encodeReplaceSessionKeys(profileKeys))];
  const profileSession = new Scp03t(profileKeys);
  const profileElements = pieces(profile, segmentBytes).map((piece) =>
    profileSession.seal(bppTags.profileSegment, piece),
  );
  if (binding.breakMac) flipLastBit(profileElements[Math.floor(profileElements.length / 2)]);
  return encodeBoundProfilePackage({
    initialiseSecureChannel: encodeInitialiseSecureChannel(command, signature),
    configureIsdp,
    storeMetadata,
    replaceSessionKeys,
    profileElements,
  });
}

function pieces(data: Uint8Array, segmentBytes: number): Uint8Array[] {
  const count = Math.max(1, Math.ceil(data.length / segmentBytes));
  return Array.from({ length: count }, (_, i) => data.subarray(i * segmentBytes, (i + 1) * segmentBytes));
}

function flipLastBit(element: Uint8Array | undefined): void {
  if (element !== undefined) element[element.length - 1] = (element[element.length - 1] ?? 0) ^ 1;
}
