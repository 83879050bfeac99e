import { createHash } from "node:crypto";
import type { Iccid } from "../../base/identifiers.js";
import type { ProfileOperation } from "../../lpa/es10/common.js";
import type { ProfileMetadata } from "../../lpa/es10/metadata.js";
import type { NotificationMetadata } from "../../lpa/es10/notifications.js";
import { encodeNotificationMetadata } from "../../lpa/es10/notifications.js";
import { encodeOtherNotification } from "../../lpa/es10/pending-notification.js";
import type { ProfileId } from "../../lpa/es10/profile-operations.js";
import {
  deleteResults,
  disableResults,
  enableResults,
  memoryResetResults,
  type ResultTable,
  resultCode,
} from "../../lpa/es10/result-codes.js";
import { signPlain } from "../pki/curves.js";
import type { EuiccIdentity } from "../pki/pki.js";
import type { EuiccState, StoredNotification, StoredProfile } from "./state.js";

/** The part of a profile's room that its data does not fill. */
const overheadBytes = 512;

/**
 * The profiles and pending notifications of one eUICC, and the rules of their life (SGP.22, 3.2 and 5.7.16 to 5.7.19). Changes its
 * state in place; results are the codes that go over the wire.
 */
export class EuiccMemory {
  readonly #state: EuiccState;
  readonly #identity: EuiccIdentity;

  constructor(state: EuiccState, identity: EuiccIdentity) {
    this.#state = state;
    this.#identity = identity;
  }

  get profiles(): readonly StoredProfile[] {
    return this.#state.profiles;
  }

  get freeBytes(): number {
    const used = this.#state.profiles.reduce((sum, profile) => sum + profile.sizeBytes + overheadBytes, 0);
    return Math.max(0, this.#state.memoryBytes - used);
  }

  find(id: ProfileId): StoredProfile | undefined {
    return this.#state.profiles.find((profile) =>
      id.by === "iccid" ? profile.iccid === id.iccid : profile.isdpAid.toUpperCase() === id.isdpAid,
    );
  }

  /** True when a profile of this size fits. */
  hasRoomFor(sizeBytes: number): boolean {
    return sizeBytes + overheadBytes <= this.freeBytes;
  }

  /** Adds a disabled profile; the caller has checked ICCID, rules and room. */
  install(metadata: ProfileMetadata, data: Uint8Array): StoredProfile {
    const isdp = this.#state.nextIsdp++;
    const profile: StoredProfile = {
      iccid: metadata.iccid,
      isdpAid: `A0000005591010FFFFFFFF8900${isdp.toString(16).toUpperCase().padStart(4, "0")}00`,
      state: "disabled",
      profileClass: metadata.profileClass,
      serviceProvider: metadata.serviceProvider,
      name: metadata.name,
      notifications: metadata.notifications.map((target) => ({ ...target })),
      policyRules: [...metadata.policyRules],
      sizeBytes: data.length,
      sha256: createHash("sha256").update(data).digest("hex"),
    };
    this.#state.profiles.push(profile);
    return profile;
  }

  enable(id: ProfileId): number {
    const profile = this.find(id);
    if (profile === undefined) return resultCode(enableResults, "iccidOrAidNotFound");
    if (profile.state === "enabled") return resultCode(enableResults, "profileNotInDisabledState");
    const other = this.#state.profiles.find(({ state }) => state === "enabled");
    if (other?.policyRules.includes("ppr1")) return resultCode(enableResults, "disallowedByPolicy");
    if (other !== undefined) {
      other.state = "disabled";
      this.notify(other, "disable");
    }
    profile.state = "enabled";
    this.notify(profile, "enable");
    return 0;
  }

  disable(id: ProfileId): number {
    const profile = this.find(id);
    if (profile === undefined) return resultCode(disableResults, "iccidOrAidNotFound");
    if (profile.state !== "enabled") return resultCode(disableResults, "profileNotInEnabledState");
    if (profile.policyRules.includes("ppr1")) return resultCode(disableResults, "disallowedByPolicy");
    profile.state = "disabled";
    this.notify(profile, "disable");
    return 0;
  }

  delete(id: ProfileId): number {
    const profile = this.find(id);
    if (profile === undefined) return resultCode(deleteResults, "iccidOrAidNotFound");
    if (profile.state !== "disabled") return resultCode(deleteResults, "profileNotInDisabledState");
    if (profile.policyRules.includes("ppr2")) return resultCode(deleteResults, "disallowedByPolicy");
    this.#remove([profile]);
    return 0;
  }

  /** Removes all profiles that `takes` accepts, enabled ones as well (SGP.22, 5.7.19). */
  reset(takes: (profile: StoredProfile) => boolean): number {
    const gone = this.#state.profiles.filter(takes);
    if (gone.length === 0) return resultCode(memoryResetResults, "nothingToDelete");
    this.#remove(gone);
    return 0;
  }

  setNickname(iccid: Iccid, nickname: string, table: ResultTable): number {
    const profile = this.find({ by: "iccid", iccid });
    if (profile === undefined) return resultCode(table, "iccidNotFound");
    if (nickname === "") delete profile.nickname;
    else profile.nickname = nickname;
    return 0;
  }

  #remove(gone: readonly StoredProfile[]): void {
    this.#state.profiles = this.#state.profiles.filter((profile) => !gone.includes(profile));
    for (const profile of gone) this.notify(profile, "delete");
  }

  // --- notifications ---

  get notifications(): readonly StoredNotification[] {
    return this.#state.notifications;
  }

  /** Counts up for ever, over resets and removals. */
  takeSeqNumber(): number {
    return this.#state.nextSeqNumber++;
  }

  /** Keeps a notification until the LPA removes it. */
  keep(metadata: NotificationMetadata, der: Uint8Array): void {
    const { seqNumber, operation, address, iccid } = metadata;
    const entry = { seqNumber, operation, address, der: Buffer.from(der).toString("hex") };
    this.#state.notifications.push(iccid === undefined ? entry : { ...entry, iccid });
  }

  /** One signed notification for each address that the profile's metadata names for the operation. */
  notify(profile: StoredProfile, operation: ProfileOperation): void {
    for (const target of profile.notifications) {
      if (target.operation !== operation) continue;
      const metadata = { seqNumber: this.takeSeqNumber(), operation, address: target.address, iccid: profile.iccid };
      const { privateKey, certificate, eum } = this.#identity;
      const signature = signPlain(privateKey, encodeNotificationMetadata(metadata));
      const proof = { signature, euiccCertificate: certificate.der, eumCertificate: eum.der };
      this.keep(metadata, encodeOtherNotification(metadata, proof));
    }
  }

  /** False when there is no such notification. */
  removeNotification(seqNumber: number): boolean {
    const before = this.#state.notifications.length;
    this.#state.notifications = this.#state.notifications.filter((entry) => entry.seqNumber !== seqNumber);
    return this.#state.notifications.length < before;
  }
}
