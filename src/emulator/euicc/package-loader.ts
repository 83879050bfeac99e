import { EsimdError } from "../../base/errors.js";
import type { Eid } from "../../base/identifiers.js";
import { concatBytes, readTlvs } from "../../lpa/asn1/tlv.js";
import { bppTags, readBppPart } from "../../lpa/es10/bound-profile-package.js";
import {
  checkConfigureIsdp,
  decodeInitialiseSecureChannel,
  decodeReplaceSessionKeys,
  initialiseSecureChannelTbs,
} from "../../lpa/es10/bpp-payloads.js";
import { eidToBytes } from "../../lpa/es10/eid.js";
import { decodeStoreMetadata, type ProfileMetadata } from "../../lpa/es10/metadata.js";
import { bppCommands, installErrors, resultCode } from "../../lpa/es10/result-codes.js";
import { tags } from "../../lpa/es10/tags.js";
import { agree, verifyPlain } from "../pki/curves.js";
import { Scp03t } from "../rsp/scp03t.js";
import { controlReference, deriveSessionKeys } from "../rsp/session-keys.js";
import { type PreparedSession, sameBytes } from "./session.js";

/** What the rest of the eUICC says about a profile that is being loaded. */
export interface LoaderRules {
  readonly eid: Eid;
  /** The name of the install error, or undefined when the profile may come. */
  checkMetadata(metadata: ProfileMetadata): string | undefined;
  hasRoomFor(sizeBytes: number): boolean;
  /** The name of the install error for the whole, decrypted profile. */
  checkProfile(metadata: ProfileMetadata, profile: Uint8Array): string | undefined;
}

export type LoadStep =
  | { readonly kind: "more" }
  | { readonly kind: "loaded"; readonly metadata: ProfileMetadata; readonly profile: Uint8Array }
  | {
      readonly kind: "failed";
      readonly bppCommand: number;
      readonly reason: number;
      readonly metadata: ProfileMetadata | undefined;
    };

type Phase =
  | "channel"
  | "configure"
  | "metadata-header"
  | "metadata"
  | "keys-or-elements"
  | "elements-header"
  | "elements";

/** The command of the package that a phase belongs to, for the error result. */
const commandOf: Readonly<Record<Phase, string>> = {
  channel: "initialiseSecureChannel",
  configure: "configureISDP",
  "metadata-header": "storeMetadata",
  metadata: "storeMetadata",
  "keys-or-elements": "replaceSessionKeys",
  "elements-header": "loadProfileElements",
  elements: "loadProfileElements",
};

class LoadError extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * Takes a bound profile package part by part (SGP.22, 5.7.6, cut as in 2.5.5) and checks order, lengths, signature and every MAC.
 * A part is one STORE DATA chain. After the first failure it takes nothing more.
 */
export class PackageLoader {
  readonly #session: PreparedSession;
  readonly #rules: LoaderRules;
  #phase: Phase = "channel";
  #channel: Scp03t | undefined;
  /** Bytes of the sequence that is being received which are still to come. */
  #left = 0;
  /** Bytes of the whole package still to come; they must end together with the profile elements. */
  #packageLeft = 0;
  #parts: Uint8Array[] = [];
  #loadedBytes = 0;
  #metadata: ProfileMetadata | undefined;

  constructor(session: PreparedSession, rules: LoaderRules) {
    this.#session = session;
    this.#rules = rules;
  }

  take(part: Uint8Array): LoadStep {
    try {
      return this.#take(part);
    } catch (error) {
      const reason =
        error instanceof LoadError ? error.reason : error instanceof EsimdError ? "incorrectInputValues" : undefined;
      if (reason === undefined) throw error;
      return {
        kind: "failed",
        bppCommand: resultCode(bppCommands, commandOf[this.#phase]),
        reason: resultCode(installErrors, reason),
        metadata: this.#metadata,
      };
    }
  }

  #take(part: Uint8Array): LoadStep {
    const header = readBppPart(part);
    if (this.#phase !== "channel") {
      if (part.length > this.#packageLeft) throw new LoadError("scp03tStructureError");
      this.#packageLeft -= part.length;
    }
    switch (this.#phase) {
      case "channel":
        this.#openChannel(header);
        this.#phase = "configure";
        return { kind: "more" };
      case "configure":
        this.#requireWhole(header, bppTags.configureIsdp);
        for (const { tag, raw } of readTlvs(header.content))
          checkConfigureIsdp(this.#open(tag, bppTags.encrypted, raw));
        this.#phase = "metadata-header";
        return { kind: "more" };
      case "metadata-header":
        this.#begin(header, bppTags.storeMetadata);
        this.#phase = "metadata";
        return { kind: "more" };
      case "metadata":
        this.#collect(part, header, bppTags.macOnly);
        if (this.#left === 0) this.#storeMetadata();
        return { kind: "more" };
      case "keys-or-elements":
        if (header.tag === bppTags.replaceSessionKeys) {
          this.#replaceKeys(header);
          this.#phase = "elements-header";
          return { kind: "more" };
        }
        this.#phase = "elements-header";
        return this.#beginElements(header);
      case "elements-header":
        return this.#beginElements(header);
      case "elements":
        this.#collect(part, header, bppTags.profileSegment);
        return this.#left === 0 ? this.#finish() : { kind: "more" };
    }
  }

  /** The header of BF36 with BF23 whole behind it. */
  #openChannel(header: ReturnType<typeof readBppPart>): void {
    if (header.tag !== tags.boundProfilePackage) throw new LoadError("scp03tStructureError");
    this.#packageLeft = header.length - header.content.length;
    if (this.#packageLeft < 0) throw new LoadError("scp03tStructureError");
    const command = decodeInitialiseSecureChannel(header.content);
    const { dpPb, oneTimeKey, transactionId } = this.#session;
    const tbs = initialiseSecureChannelTbs(command, Buffer.from(oneTimeKey.publicHex, "hex"));
    if (!verifyPlain(dpPb.publicKey, tbs, command.signature)) throw new LoadError("invalidSignature");
    if (!sameBytes(command.transactionId, transactionId)) throw new LoadError("invalidTransactionId");
    if (command.remoteOperation !== 1) throw new LoadError("unsupportedRemoteOperationType");
    if (command.keyType !== controlReference.keyType || command.keyLength !== controlReference.keyLength) {
      throw new LoadError("unsupportedCrtValues");
    }
    const secret = agree(oneTimeKey, command.smdpOtpk);
    this.#channel = new Scp03t(deriveSessionKeys(secret, command.hostId, eidToBytes(this.#rules.eid)));
  }

  #storeMetadata(): void {
    const metadata = decodeStoreMetadata(concatBytes(...this.#parts));
    const problem = this.#rules.checkMetadata(metadata);
    this.#metadata = metadata;
    if (problem !== undefined) throw new LoadError(problem);
    this.#parts = [];
    this.#phase = "keys-or-elements";
  }

  #replaceKeys(header: ReturnType<typeof readBppPart>): void {
    this.#requireWhole(header, bppTags.replaceSessionKeys);
    const [element, ...more] = readTlvs(header.content);
    if (element === undefined || more.length > 0) throw new LoadError("scp03tStructureError");
    this.#channel = new Scp03t(decodeReplaceSessionKeys(this.#open(element.tag, bppTags.encrypted, element.raw)));
  }

  #beginElements(header: ReturnType<typeof readBppPart>): LoadStep {
    this.#begin(header, bppTags.profileElements);
    if (this.#left !== this.#packageLeft) throw new LoadError("scp03tStructureError");
    this.#phase = "elements";
    return { kind: "more" };
  }

  #finish(): LoadStep {
    const metadata = this.#metadata;
    if (metadata === undefined) throw new LoadError("scp03tStructureError");
    const profile = concatBytes(...this.#parts);
    const problem = this.#rules.checkProfile(metadata, profile);
    if (problem !== undefined) throw new LoadError(problem);
    return { kind: "loaded", metadata, profile };
  }

  /** A sequence that comes as header first, its elements in parts of their own. */
  #begin(header: ReturnType<typeof readBppPart>, tag: number): void {
    if (header.tag !== tag || header.content.length > 0 || header.length === 0)
      throw new LoadError("scp03tStructureError");
    this.#left = header.length;
  }

  #requireWhole(header: ReturnType<typeof readBppPart>, tag: number): void {
    if (header.tag !== tag || header.content.length !== header.length) throw new LoadError("scp03tStructureError");
  }

  #collect(part: Uint8Array, header: ReturnType<typeof readBppPart>, tag: number): void {
    this.#requireWhole(header, tag);
    if (part.length > this.#left) throw new LoadError("scp03tStructureError");
    this.#left -= part.length;
    const plain = this.#open(header.tag, tag, part);
    this.#loadedBytes += plain.length;
    if (tag === bppTags.profileSegment && !this.#rules.hasRoomFor(this.#loadedBytes)) {
      throw new LoadError("installFailedDueToInsufficientMemoryForProfile");
    }
    this.#parts.push(plain.slice());
  }

  #open(tag: number, expectedTag: number, element: Uint8Array): Uint8Array {
    if (tag !== expectedTag || this.#channel === undefined) throw new LoadError("scp03tStructureError");
    const plain = tag === bppTags.macOnly ? this.#channel.verify(element) : this.#channel.open(element);
    if (plain === undefined) throw new LoadError("scp03tSecurityError");
    return plain;
  }
}
