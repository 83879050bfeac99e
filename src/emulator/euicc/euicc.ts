import { EsimdError } from "../../base/errors.js";
import type { Eid } from "../../base/identifiers.js";
import { readHeaderAt } from "../../lpa/asn1/tlv.js";
import { hexOf } from "../../lpa/es10/common.js";
import {
  decodeSetDefaultAddress,
  encodeConfiguredAddresses,
  encodeSetDefaultAddressResult,
} from "../../lpa/es10/configured-addresses.js";
import { checkGetEid, encodeEid } from "../../lpa/es10/eid.js";
import { type EuiccInfo2, encodeEuiccInfo1, encodeEuiccInfo2 } from "../../lpa/es10/euicc-info.js";
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
import type { Pki } from "../pki/pki.js";
import { answer, type Es10Answer, refusal } from "./answer.js";
import { DownloadDesk } from "./download-desk.js";
import { EuiccMemory } from "./memory.js";
import { type EuiccState, type NewEuicc, newEuiccState, type StoredProfile } from "./state.js";

export interface EmulatedEuiccOptions {
  readonly pki: Pki;
  /** A state that was kept, or the data of a new eUICC. */
  readonly state: EuiccState | NewEuicc;
  /** Whether its rules authorisation table lets any operator set PPR1 and PPR2; else such a profile is refused. */
  readonly allowsPolicyRules?: boolean;
}

/** Any operator, PPR1 and PPR2, no consent needed. */
const permissiveRat = Buffer.from("301580020560a10b30098003eeeeee8100820082020780", "hex");

/**
 * The ISD-R of an eUICC (SGP.22 2.2): one ES10 command in, one answer out. It checks what a real one checks, with real cryptography,
 * and refuses with the standard's result codes. It has no clock, so it judges no dates.
 */
export class EmulatedEuicc {
  readonly #state: EuiccState;
  readonly #ci: Certificate;
  readonly #memory: EuiccMemory;
  readonly #allowsPolicyRules: boolean;
  readonly #desk: DownloadDesk;

  constructor(options: EmulatedEuiccOptions) {
    const { pki, state, allowsPolicyRules = false } = options;
    this.#state = "schema" in state ? structuredClone(state) : newEuiccState(state);
    const identity = pki.euicc(this.#state.eid);
    this.#ci = pki.ci;
    this.#memory = new EuiccMemory(this.#state, identity);
    this.#allowsPolicyRules = allowsPolicyRules;
    this.#desk = new DownloadDesk({
      state: this.#state,
      memory: this.#memory,
      identity,
      ci: this.#ci,
      euiccInfo2: () => encodeEuiccInfo2(this.#info()),
      allowsPolicyRules,
    });
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
    this.#desk.reset();
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
        return this.#desk.take(tag, command) ?? refusal(0x6a88); // "referenced data not found": a function that it does not have
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
}
