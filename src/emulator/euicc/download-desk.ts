import { EsimdError } from "../../base/errors.js";
import { bppTags } from "../../lpa/es10/bound-profile-package.js";
import {
  decodeCancelSession,
  encodeCancelSessionError,
  encodeCancelSessionOk,
  encodeCancelSigned,
} from "../../lpa/es10/cancel-session.js";
import { encodeEuiccChallenge } from "../../lpa/es10/challenge.js";
import {
  encodeInstallResult,
  encodeInstallResultData,
  type InstallOutcomeCodes,
} from "../../lpa/es10/install-result.js";
import type { ProfileMetadata } from "../../lpa/es10/metadata.js";
import { tags } from "../../lpa/es10/tags.js";
import type { Certificate } from "../pki/certificate-reader.js";
import { newNonce, signPlain } from "../pki/curves.js";
import type { EuiccIdentity } from "../pki/pki.js";
import { profileHeaderIccid } from "../rsp/profile-element.js";
import { answer, type Es10Answer, refusal } from "./answer.js";
import { authenticateServer, prepareDownload } from "./authentication.js";
import type { EuiccMemory } from "./memory.js";
import { type LoaderRules, type LoadStep, PackageLoader } from "./package-loader.js";
import { type PreparedSession, type Session, sameBytes } from "./session.js";
import type { EuiccState } from "./state.js";

/** What the SIM Alliance processor says of a profile it took: "all well". */
const simaResponseOk = Buffer.from("3007a0053003800100", "hex");
export interface DownloadDeskOptions {
  readonly state: EuiccState;
  readonly memory: EuiccMemory;
  readonly identity: EuiccIdentity;
  readonly ci: Certificate;
  /** DER of EUICCInfo2 at this moment. */
  readonly euiccInfo2: () => Uint8Array;
  readonly allowsPolicyRules: boolean;
}

/** The one RSP session of an eUICC, from the challenge to the install result: its commands are open only in their order. */
export class DownloadDesk {
  readonly #options: DownloadDeskOptions;
  #session: Session = { stage: "none" };

  constructor(options: DownloadDeskOptions) {
    this.#options = options;
  }

  /** A power cycle: the challenge, the session and a half-loaded profile are gone. */
  reset(): void {
    this.#session = { stage: "none" };
  }

  /** @returns undefined for a command that has no part in a download. @throws EsimdError when it is malformed. */
  take(tag: number, command: Uint8Array): Es10Answer | undefined {
    switch (tag) {
      case tags.getEuiccChallenge: {
        const challenge = newNonce(16);
        this.#session = { stage: "challenged", challenge };
        return answer(encodeEuiccChallenge(challenge));
      }
      case tags.authenticateServer: {
        const context = {
          identity: this.#options.identity,
          ci: this.#options.ci,
          euiccInfo2: this.#options.euiccInfo2(),
        };
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
        return undefined;
    }
  }

  #prepareDownload(command: Uint8Array): Es10Answer {
    const kept = this.#options.state.keptOneTimeKey;
    const smdpOid = this.#session.stage === "authenticated" ? this.#session.smdpOid : undefined;
    const usable = kept?.smdpOid === smdpOid ? kept : undefined;
    const { response, session } = prepareDownload(
      command,
      this.#session,
      this.#options.identity,
      this.#options.ci,
      usable,
    );
    this.#session = session ?? { stage: "none" };
    if (session !== undefined) {
      const { curve, privateHex, publicHex } = session.oneTimeKey;
      this.#options.state.keptOneTimeKey = { smdpOid: session.smdpOid, curve, privateHex, publicHex };
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
    return answer(encodeCancelSessionOk(signed, signPlain(this.#options.identity.privateKey, signed)));
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
      eid: this.#options.state.eid,
      checkMetadata: (metadata) => {
        if (this.#options.memory.find({ by: "iccid", iccid: metadata.iccid }) !== undefined) {
          return "installFailedDueToIccidAlreadyExistsOnEuicc";
        }
        if (metadata.policyRules.length > 0 && !this.#options.allowsPolicyRules) return "pprNotAllowed";
        // A profile that cannot be disabled may only be the first (SGP.22, 2.9.2.4).
        const others = this.#options.state.profiles.some(({ profileClass }) => profileClass === "operational");
        return metadata.policyRules.includes("ppr1") && others ? "pprNotAllowed" : undefined;
      },
      hasRoomFor: (sizeBytes) => this.#options.memory.hasRoomFor(sizeBytes),
      checkProfile: (metadata, profile) => checkProfile(metadata, profile),
    };
  }

  /** Installs or not, signs the result, and keeps it as a notification until the LPA removes it. */
  #endDownload(session: PreparedSession, step: Exclude<LoadStep, { kind: "more" }>): Uint8Array {
    this.#session = { stage: "none" };
    // Used up by success and failure alike: a package that broke must not come again under the same keys.
    delete this.#options.state.keptOneTimeKey;
    const installed = step.kind === "loaded" ? this.#options.memory.install(step.metadata, step.profile) : undefined;
    const outcome: InstallOutcomeCodes =
      step.kind === "loaded"
        ? {
            kind: "success",
            isdpAid: Buffer.from(installed?.isdpAid ?? "", "hex"),
            simaResponse: simaResponseOk,
          }
        : { kind: "error", bppCommand: step.bppCommand, reason: step.reason };
    const notification = {
      seqNumber: this.#options.memory.takeSeqNumber(),
      operation: "install",
      address: session.serverAddress,
      iccid: step.metadata?.iccid,
    } as const;
    const { transactionId, smdpOid } = session;
    const data = encodeInstallResultData({ transactionId, notification, smdpOid, outcome });
    const der = encodeInstallResult(data, signPlain(this.#options.identity.privateKey, data));
    this.#options.memory.keep(notification, der);
    if (installed !== undefined) this.#options.memory.notify(installed, "install");
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
