import { EsimdError } from "../../base/errors.js";
import type { Eid } from "../../base/identifiers.js";
import { readHeaderAt } from "../../lpa/asn1/tlv.js";
import { bppTags } from "../../lpa/es10/bound-profile-package.js";
import {
  decodeCancelSession,
  encodeCancelSessionError,
  encodeCancelSessionOk,
  encodeCancelSigned,
} from "../../lpa/es10/cancel-session.js";
import { encodeEuiccChallenge } from "../../lpa/es10/challenge.js";
import { hexOf } from "../../lpa/es10/common.js";
import {
  decodeSetDefaultAddress,
  encodeConfiguredAddresses,
  encodeSetDefaultAddressResult,
} from "../../lpa/es10/configured-addresses.js";
import { checkGetEid, encodeEid } from "../../lpa/es10/eid.js";
import { type EuiccInfo2, encodeEuiccInfo1, encodeEuiccInfo2 } from "../../lpa/es10/euicc-info.js";
import {
  encodeInstallResult,
  encodeInstallResultData,
  type InstallOutcomeCodes,
} from "../../lpa/es10/install-result.js";
import type { ProfileMetadata } from "../../lpa/es10/metadata.js";
import {
  decodeListNotifications,
  decodeRemoveNotification,
  decodeRetrieveNotifications,
  encodeNotificationList,
  encodeRemoveNotificationResult,
  encodeRetrievedNotifications,
} from "../../lpa/es10/notifications.js";
import { decodeGetProfilesInfo, encodeProfileInfo, encodeProfileInfoList } from "../../lpa/es10/profile-info.js";
import {
  decodeDeleteProfile,
  decodeDisableProfile,
  decodeEnableProfile,
  decodeMemoryReset,
  decodeSetNickname,
  encodeOperationResult,
} from "../../lpa/es10/profile-operations.js";
import { encodeRat } from "../../lpa/es10/rat.js";
import { nicknameResults } from "../../lpa/es10/result-codes.js";
import { tags } from "../../lpa/es10/tags.js";
import type { Certificate } from "../pki/certificate-reader.js";
import { newNonce, signPlain } from "../pki/curves.js";
import type { EuiccIdentity, Pki } from "../pki/pki.js";
import { profileHeaderIccid } from "../rsp/profile-element.js";
import { authenticateServer, prepareDownload } from "./authentication.js";
import { EuiccMemory } from "./memory.js";
import { type LoaderRules, type LoadStep, PackageLoader } from "./package-loader.js";
import { type PreparedSession, type Session, sameBytes } from "./session.js";
import { type EuiccState, type NewEuicc, newEuiccState, type StoredProfile } from "./state.js";

/** What one ES10 command gave. */
export interface Es10Answer {
  /** DER of the answer; empty inside a package that goes on, and for a refusal by status word. */
  readonly response: Uint8Array;
  /** The eUICC asks the modem to read the card anew (a REFRESH, shown as 91xx). */
  readonly refresh: boolean;
  /** 9000, or why the command was refused before any ES10 result: 6A80, 6985, 6A88. */
  readonly statusWord: number;
}

export interface EmulatedEuiccOptions {
  readonly pki: Pki;
  /** A state that was kept, or the data of a new eUICC. */
  readonly state: EuiccState | NewEuicc;
  /** Whether its rules authorisation table lets any operator set PPR1 and PPR2; else such a profile is refused. */
  readonly allowsPolicyRules?: boolean;
}

/** What the SIM Alliance processor says of a profile it took: "all well". */
const simaResponseOk = Buffer.from("3007a0053003800100", "hex");
/** Any operator, PPR1 and PPR2, no consent needed. */
const permissiveRat = Buffer.from("301580020560a10b30098003eeeeee8100820082020780", "hex");

/**
 * The ISD-R of an eUICC (SGP.22 2.2): one ES10 command in, one answer out. It checks what a real one checks, with real cryptography,
 * and refuses with the standard's result codes. It has no clock, so it judges no dates.
 */
export class EmulatedEuicc {
  readonly #state: EuiccState;
  readonly #identity: EuiccIdentity;
  readonly #ci: Certificate;
  readonly #memory: EuiccMemory;
  readonly #allowsPolicyRules: boolean;
  #session: Session = { stage: "none" };

  constructor(options: EmulatedEuiccOptions) {
    const { pki, state, allowsPolicyRules = false } = options;
    this.#state = "schema" in state ? structuredClone(state) : newEuiccState(state);
    this.#identity = pki.euicc(this.#state.eid);
    this.#ci = pki.ci;
    this.#memory = new EuiccMemory(this.#state, this.#identity);
    this.#allowsPolicyRules = allowsPolicyRules;
  }

  get eid(): Eid {
    return this.#state.eid;
  }

  get profiles(): readonly StoredProfile[] {
    return this.#state.profiles;
  }

  get freeBytes(): number {
    return this.#memory.freeBytes;
  }

  /** What is kept without power. */
  toJSON(): EuiccState {
    return structuredClone(this.#state);
  }

  /** A power cycle or a REFRESH: the challenge, the session and a half-loaded profile are gone. */
  reset(): void {
    this.#session = { stage: "none" };
  }

  /** One whole command, or one part of a bound profile package. */
  es10(command: Uint8Array): Es10Answer {
    try {
      return this.#dispatch(command);
    } catch (error) {
      // Malformed data: "incorrect parameters in the command data field" (ISO 7816-4).
      if (error instanceof EsimdError) return refusal(0x6a80);
      throw error;
    }
  }

  #dispatch(command: Uint8Array): Es10Answer {
    const { tag } = readHeaderAt(command, 0);
    switch (tag) {
      case tags.getEid:
        checkGetEid(command);
        return answer(encodeEid(this.#state.eid));
      case tags.getEuiccInfo1:
        return answer(encodeEuiccInfo1(this.#info()));
      case tags.getEuiccInfo2:
        return answer(encodeEuiccInfo2(this.#info()));
      case tags.getConfiguredAddresses:
        return answer(encodeConfiguredAddresses(this.#state));
      case tags.setDefaultAddress:
        return this.#setDefaultAddress(command);
      case tags.getRat:
        return answer(encodeRat(this.#allowsPolicyRules ? permissiveRat : undefined));
      case tags.getProfilesInfo:
        return this.#profilesInfo(command);
      case tags.enableProfile: {
        const { id, refresh } = decodeEnableProfile(command);
        return this.#switched(tag, this.#memory.enable(id), refresh);
      }
      case tags.disableProfile: {
        const { id, refresh } = decodeDisableProfile(command);
        return this.#switched(tag, this.#memory.disable(id), refresh);
      }
      case tags.deleteProfile:
        return answer(encodeOperationResult(tag, this.#memory.delete(decodeDeleteProfile(command))));
      case tags.setNickname: {
        const { iccid, nickname } = decodeSetNickname(command);
        return answer(encodeOperationResult(tag, this.#memory.setNickname(iccid, nickname, nicknameResults)));
      }
      case tags.memoryReset:
        return this.#memoryReset(command);
      case tags.listNotification:
      case tags.retrieveNotifications:
      case tags.removeNotification:
        return this.#notifications(tag, command);
      default:
        return this.#dispatchSession(tag, command);
    }
  }

  /** The commands of a download, which are open only in their order. */
  #dispatchSession(tag: number, command: Uint8Array): Es10Answer {
    switch (tag) {
      case tags.getEuiccChallenge: {
        const challenge = newNonce(16);
        this.#session = { stage: "challenged", challenge };
        return answer(encodeEuiccChallenge(challenge));
      }
      case tags.authenticateServer: {
        const context = { identity: this.#identity, ci: this.#ci, euiccInfo2: encodeEuiccInfo2(this.#info()) };
        const { response, session } = authenticateServer(command, this.#session, context);
        this.#session = session ?? { stage: "none" };
        return answer(response);
      }
      case tags.prepareDownload:
        return this.#prepareDownload(command);
      case tags.cancelSession:
        return this.#cancelSession(command);
      case tags.boundProfilePackage:
      case bppTags.configureIsdp:
      case bppTags.storeMetadata:
      case bppTags.macOnly:
      case bppTags.replaceSessionKeys:
      case bppTags.profileElements:
      case bppTags.profileSegment:
        return this.#loadPart(tag, command);
      default:
        return refusal(0x6a88); // "referenced data not found": a function that it does not have
    }
  }

  #info(): EuiccInfo2 {
    const keyIds = this.#ci.subjectKeyId === undefined ? [] : [hexOf(this.#ci.subjectKeyId)];
    return {
      version: "2.2.2",
      profileVersion: "2.3.1",
      firmwareVersion: "1.0.0",
      protectionProfileVersion: "1.0.0",
      accreditationNumber: "ESIMD-EMULATOR-1",
      verificationKeyIds: keyIds,
      signingKeyIds: keyIds,
      installedApplications: this.#state.profiles.length,
      freeNonVolatileBytes: this.#memory.freeBytes,
      freeVolatileBytes: 8_739,
    };
  }

  #setDefaultAddress(command: Uint8Array): Es10Answer {
    const address = decodeSetDefaultAddress(command);
    if (address === "") delete this.#state.defaultSmdpAddress;
    else this.#state.defaultSmdpAddress = address;
    return answer(encodeSetDefaultAddressResult(0));
  }

  #profilesInfo(command: Uint8Array): Es10Answer {
    const query = decodeGetProfilesInfo(command);
    const matching = this.#state.profiles.filter(
      (profile) =>
        (query.iccid === undefined || profile.iccid === query.iccid) &&
        (query.isdpAid === undefined || profile.isdpAid === query.isdpAid) &&
        (query.profileClass === undefined || profile.profileClass === query.profileClass),
    );
    // Fields that the eUICC does not hand out this way (B6, B7, 99) are left out, asked for or not.
    const wants = (tag: number): boolean => query.tags === undefined || query.tags.includes(tag);
    return answer(encodeProfileInfoList(matching.map((profile) => encodeProfileInfo(profile, wants))));
  }

  #switched(tag: number, code: number, refresh: boolean): Es10Answer {
    return { ...answer(encodeOperationResult(tag, code)), refresh: code === 0 && refresh };
  }

  #memoryReset(command: Uint8Array): Es10Answer {
    const options = decodeMemoryReset(command);
    const wasEnabled = this.#state.profiles.some(({ state }) => state === "enabled");
    const code = this.#memory.reset(
      ({ profileClass }) =>
        (profileClass === "operational" && options.operationalProfiles) ||
        (profileClass === "test" && options.fieldLoadedTestProfiles),
    );
    const hadAddress = options.defaultSmdpAddress && this.#state.defaultSmdpAddress !== undefined;
    if (options.defaultSmdpAddress) delete this.#state.defaultSmdpAddress;
    const isEnabled = this.#state.profiles.some(({ state }) => state === "enabled");
    const result = hadAddress ? 0 : code;
    return { ...answer(encodeOperationResult(tags.memoryReset, result)), refresh: wasEnabled && !isEnabled };
  }

  #notifications(tag: number, command: Uint8Array): Es10Answer {
    const { notifications } = this.#memory;
    if (tag === tags.listNotification) {
      const operations = decodeListNotifications(command);
      const wanted = notifications.filter(
        ({ operation }) => operations === undefined || operations.includes(operation),
      );
      return answer(encodeNotificationList(wanted));
    }
    if (tag === tags.removeNotification) {
      const removed = this.#memory.removeNotification(decodeRemoveNotification(command));
      return answer(encodeRemoveNotificationResult(removed ? 0 : 1));
    }
    const query = decodeRetrieveNotifications(command);
    const wanted = notifications.filter(
      ({ seqNumber, operation }) =>
        query.by === "all" ||
        (query.by === "seqNumber" ? seqNumber === query.seqNumber : query.operations.includes(operation)),
    );
    return answer(encodeRetrievedNotifications(wanted.map(({ der }) => Buffer.from(der, "hex"))));
  }

  #prepareDownload(command: Uint8Array): Es10Answer {
    const kept = this.#state.keptOneTimeKey;
    const smdpOid = this.#session.stage === "authenticated" ? this.#session.smdpOid : undefined;
    const usable = kept?.smdpOid === smdpOid ? kept : undefined;
    const { response, session } = prepareDownload(command, this.#session, this.#identity, this.#ci, usable);
    this.#session = session ?? { stage: "none" };
    if (session !== undefined) {
      const { curve, privateHex, publicHex } = session.oneTimeKey;
      this.#state.keptOneTimeKey = { smdpOid: session.smdpOid, curve, privateHex, publicHex };
    }
    return answer(response);
  }

  #cancelSession(command: Uint8Array): Es10Answer {
    const { transactionId, reason } = decodeCancelSession(command);
    const session = this.#session.stage === "loading" ? this.#session.session : this.#session;
    const isOurs =
      (session.stage === "authenticated" || session.stage === "prepared") &&
      sameBytes(session.transactionId, transactionId);
    if (!isOurs) return answer(encodeCancelSessionError(5));
    this.#session = { stage: "none" };
    const signed = encodeCancelSigned({ transactionId, reason, smdpOid: session.smdpOid });
    return answer(encodeCancelSessionOk(signed, signPlain(this.#identity.privateKey, signed)));
  }

  // --- the profile package ---

  #loadPart(tag: number, part: Uint8Array): Es10Answer {
    if (tag === tags.boundProfilePackage && this.#session.stage === "prepared") {
      const session = this.#session;
      this.#session = { stage: "loading", session, loader: new PackageLoader(session, this.#rules()) };
    }
    if (this.#session.stage !== "loading") return refusal(0x6985); // "conditions of use not satisfied"
    const { session, loader } = this.#session;
    const step = loader.take(part);
    return step.kind === "more" ? answer(new Uint8Array()) : answer(this.#endDownload(session, step));
  }

  #rules(): LoaderRules {
    return {
      eid: this.#state.eid,
      checkMetadata: (metadata) => {
        if (this.#memory.find({ by: "iccid", iccid: metadata.iccid }) !== undefined) {
          return "installFailedDueToIccidAlreadyExistsOnEuicc";
        }
        if (metadata.policyRules.length > 0 && !this.#allowsPolicyRules) return "pprNotAllowed";
        // A profile that cannot be disabled may only be the first (SGP.22, 2.9.2.4).
        const others = this.#state.profiles.some(({ profileClass }) => profileClass === "operational");
        return metadata.policyRules.includes("ppr1") && others ? "pprNotAllowed" : undefined;
      },
      hasRoomFor: (sizeBytes) => this.#memory.hasRoomFor(sizeBytes),
      checkProfile: (metadata, profile) => checkProfile(metadata, profile),
    };
  }

  /** Installs or not, signs the result, and keeps it as a notification until the LPA removes it. */
  #endDownload(session: PreparedSession, step: Exclude<LoadStep, { kind: "more" }>): Uint8Array {
    this.#session = { stage: "none" };
    // Used up by success and failure alike: a package that broke must not come again under the same keys.
    delete this.#state.keptOneTimeKey;
    const installed = step.kind === "loaded" ? this.#memory.install(step.metadata, step.profile) : undefined;
    const outcome: InstallOutcomeCodes =
      step.kind === "loaded"
        ? {
            kind: "success",
            isdpAid: Buffer.from(installed?.isdpAid ?? "", "hex"),
            simaResponse: simaResponseOk,
          }
        : { kind: "error", bppCommand: step.bppCommand, reason: step.reason };
    const notification = {
      seqNumber: this.#memory.takeSeqNumber(),
      operation: "install",
      address: session.serverAddress,
      iccid: step.metadata?.iccid,
    } as const;
    const { transactionId, smdpOid } = session;
    const data = encodeInstallResultData({ transactionId, notification, smdpOid, outcome });
    const der = encodeInstallResult(data, signPlain(this.#identity.privateKey, data));
    this.#memory.keep(notification, der);
    if (installed !== undefined) this.#memory.notify(installed, "install");
    return der;
  }
}

function checkProfile(metadata: ProfileMetadata, profile: Uint8Array): string | undefined {
  try {
    const iccid = profileHeaderIccid(profile);
    return iccid === metadata.iccid ? undefined : "installFailedDueToDataMismatch";
  } catch (error) {
    if (error instanceof EsimdError) return "installFailedDueToPEProcessingError";
    throw error;
  }
}

function answer(response: Uint8Array): Es10Answer {
  return { response, refresh: false, statusWord: 0x9000 };
}

function refusal(statusWord: number): Es10Answer {
  return { response: new Uint8Array(), refresh: false, statusWord };
}
