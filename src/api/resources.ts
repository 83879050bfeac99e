import type { EsimdError } from "../base/errors.js";
import type { ActivationCode, Eid, Iccid, MatchingId, SmdpAddress } from "../base/identifiers.js";

/** The statuses the vendor documents; anything else is kept as `unknown:<word>` and never acted upon. */
export type ESimProfileStatus =
  | "new"
  | "reserving"
  | "available"
  | "downloaded"
  | "installed"
  | "failed"
  | `unknown:${string}`;

export type SimStatus = "new" | "ready" | "active" | "inactive" | "scheduled" | `unknown:${string}`;

/** What a person or esimd may move a Sim to (the update's enum; `new` and `scheduled` are the vendor's own). */
export type SimTarget = "ready" | "active" | "inactive";

/** One reservation. Every field but the sid and the status may be missing, whatever the status says. */
export interface ESimProfile {
  readonly sid: string;
  readonly status: ESimProfileStatus;
  readonly iccid: Iccid | undefined;
  readonly simSid: string | undefined;
  /** Echo of the request in EID mode; in activation-code mode the EID that claimed the profile. Kept as text: documentation EIDs are not valid. */
  readonly eid: string | undefined;
  readonly smdpAddress: SmdpAddress | undefined;
  readonly matchingId: MatchingId | undefined;
  readonly activationCode: ActivationCode | undefined;
  readonly errorCode: string | undefined;
  readonly errorMessage: string | undefined;
  readonly dateCreatedMs: number | undefined;
  readonly dateUpdatedMs: number | undefined;
}

export interface Sim {
  readonly sid: string;
  readonly iccid: Iccid | undefined;
  readonly status: SimStatus;
  readonly fleetSid: string | undefined;
  readonly uniqueName: string | undefined;
}

export interface Fleet {
  readonly sid: string;
  readonly uniqueName: string | undefined;
}

export type ESimProfileRequest = { readonly eid: Eid } | { readonly generateMatchingId: true };

/**
 * What is known after the one call that costs money.
 * - `created`: the API answered with the new resource.
 * - `not-processed`: provably nothing happened (DNS, connect or TLS failed, nothing was written, a 4xx or a 429): it may be tried again.
 * - `unclear`: it may have happened (5xx, cut or late answer, an answer that cannot be read): only the list can tell.
 */
export type CreateOutcome =
  | { readonly kind: "created"; readonly profile: ESimProfile }
  | { readonly kind: "not-processed"; readonly error: EsimdError }
  | { readonly kind: "unclear"; readonly error: EsimdError };

export interface SimUpdate {
  readonly status?: SimTarget;
  readonly fleet?: string;
  readonly uniqueName?: string;
}

/** The vendor's code in a refusal (83011, 20001, …), kept as the cause of its error for those who decide by it. */
export class VendorCode extends Error {
  override readonly name = "VendorCode";
  readonly code: number;

  constructor(code: number) {
    super(`vendor code ${code}`);
    this.code = code;
  }
}

/**
 * The provider's API as the provisioning sees it; both vendors offer it alike. Reads retry by class inside their deadline and reject
 * with an `api_*` error; the write that costs money never retries by itself.
 */
export interface ProviderApi {
  createESimProfile(request: ESimProfileRequest, signal: AbortSignal): Promise<CreateOutcome>;
  getESimProfile(sid: string, signal: AbortSignal): Promise<ESimProfile>;
  /** Whole or not at all: a list that cannot be read to its end rejects, and what was read of it is thrown away. */
  listESimProfiles(
    filter: { readonly eid?: Eid; readonly simSid?: string },
    signal: AbortSignal,
  ): Promise<readonly ESimProfile[]>;
  /** Undefined only when the API says, in a complete list, that there is none. */
  findSimByIccid(iccid: Iccid, signal: AbortSignal): Promise<Sim | undefined>;
  getSim(sid: string, signal: AbortSignal): Promise<Sim>;
  /** Resolves with the Sim as the answer shows it; `scheduled` means that the update is still under way. */
  updateSim(sid: string, update: SimUpdate, signal: AbortSignal): Promise<Sim>;
  listFleets(signal: AbortSignal): Promise<readonly Fleet[]>;
  close(): Promise<void>;
}
