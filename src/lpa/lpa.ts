import type { EsimdError } from "../base/errors.js";
import type { ActivationCode, Iccid, SmdpAddress } from "../base/identifiers.js";
import type { ProfileOperation } from "./es10/common.js";
import type { InstallResult } from "./es10/install-result.js";
import type { DiscoveredEvent } from "./host/discovery.js";

/** A profile as every kind of LPA can tell it. */
export interface InstalledProfile {
  readonly iccid: Iccid;
  readonly enabled: boolean;
}

/** A profile as people want to see it; what its LPA does not tell is undefined. */
export interface ProfileDetails extends InstalledProfile {
  readonly nickname: string | undefined;
  readonly provider: string | undefined;
  readonly name: string | undefined;
  readonly profileClass: "test" | "provisioning" | "operational" | undefined;
}

/** What the SM-DP+ says of the profile before it is loaded; only an LPA whose traffic we carry shows it. */
export interface OfferedProfile {
  readonly iccid: Iccid;
  readonly serviceProvider: string;
  readonly name: string;
}

export type DownloadStage = "authenticating" | "authorising" | "loading" | "reporting";

export interface DownloadRequest {
  readonly activationCode: ActivationCode;
  readonly confirmationCode: string | undefined;
  /** The reservation's ICCID, if known: what to look for in the list. */
  readonly expectedIccid: Iccid | undefined;
  readonly timeoutMs: number;
  /** Called before loading begins, where the LPA shows the offer. A rejection stops the session without burning the order. */
  readonly onOffer: (offer: OfferedProfile, signal: AbortSignal) => Promise<void>;
  readonly onProgress: (stage: DownloadStage, doneBytes: number, totalBytes: number) => void;
}

/** What became of the install result, the notification that the SM-DP+ waits for. */
export type ResultDelivery = "delivered" | "undelivered" | "left-to-modem" | "none";

/**
 * How a download session ended. None of it is a verdict: modems say OK and have no profile, or fail and have it; only the eUICC's list
 * decides (rule 2).
 */
export interface DownloadSession {
  readonly reported: "installed" | "failed" | "unknown";
  readonly offer: OfferedProfile | undefined;
  /** The eUICC's own signed word, where it passed through our hands. */
  readonly installResult: InstallResult | undefined;
  readonly resultDelivery: ResultDelivery;
  /** The best known reason, when it did not report success. */
  readonly error: EsimdError | undefined;
}

/** A Local Profile Assistant, whoever does the work. */
export interface Lpa {
  readonly kind: "modem-relay" | "modem-network" | "modem-only" | "host";
  /** Whether a download could begin now; asked before anything is paid. @throws EsimdError `not_registered` */
  requireReady(signal: AbortSignal): Promise<void>;
  /** A download from there is about to come: what can be done for it while the modem answers is begun. Never fails, and changes nothing. */
  expectDownload?(smdp: SmdpAddress): void;
  /** The eUICC's list, the truth about it. @throws EsimdError */
  listProfiles(signal: AbortSignal): Promise<readonly InstalledProfile[]>;
  /** The same with names. @throws EsimdError */
  describeProfiles(signal: AbortSignal): Promise<readonly ProfileDetails[]>;
  /** Resolves for every end of a session; rejects only when the port is gone, the signal aborted, or nothing was begun. */
  download(request: DownloadRequest, signal: AbortSignal): Promise<DownloadSession>;
  /** Hands over what the eUICC still has to tell the SM-DP+ of this profile; a modem's own LPA sees to that by itself. */
  deliverNotifications(iccid: Iccid, outbox: readonly KeptNotification[], signal: AbortSignal): Promise<Delivered>;
  /** Resolves when the modem accepted it; whether it took effect is for the list to say. */
  enableProfile(iccid: Iccid, signal: AbortSignal): Promise<void>;
  /** @throws EsimdError `profile_refused`, `profile_state`, `profile_operation_unsupported` and others, as the two below. */
  disableProfile(iccid: Iccid, signal: AbortSignal): Promise<void>;
  /** Gone for good: a paid profile installs only once. Nothing that runs by itself may call this (rule 2). */
  deleteProfile(iccid: Iccid, signal: AbortSignal): Promise<void>;
  /** At most 64 bytes of UTF-8; empty takes the nickname away. */
  setNickname(iccid: Iccid, nickname: string, signal: AbortSignal): Promise<void>;
  /** Free non-volatile memory of the eUICC in bytes; undefined when it does not tell, or the modem gives no way to ask it. */
  freeMemoryBytes(signal: AbortSignal): Promise<number | undefined>;
  /** The default SM-DP+ that is stored on the eUICC; undefined when there is none, or the modem gives no way to ask. */
  defaultSmdp(signal: AbortSignal): Promise<SmdpAddress | undefined>;
  /** Writes it; what stands there afterwards, {@link defaultSmdp} says. @throws EsimdError `default_smdp_wrong`, and of the card. */
  setDefaultSmdp(address: SmdpAddress, signal: AbortSignal): Promise<void>;
  /**
   * Asks the root SM-DS that is stored on the eUICC what waits for it; undefined when none is stored. Absent where we do not carry the
   * LPA's traffic. @throws EsimdError `no_profile_waiting`, and of the SM-DS.
   */
  discover?(signal: AbortSignal): Promise<readonly DiscoveredEvent[] | undefined>;
  /** The eUICC's notifications one by one; absent where the modem's own LPA sees to them and gives no way to look. */
  readonly notifications?: LpaNotifications;
  /** Gives back what it holds of the card; what is asked of it afterwards takes hold anew. */
  close(signal: AbortSignal): Promise<void>;
}

/** A notification as the eUICC lists it, without what is signed. */
export interface ListedNotification {
  readonly seqNumber: number;
  readonly operation: ProfileOperation;
  /** The server that it is for. */
  readonly address: string;
  readonly iccid: Iccid | undefined;
}

/** What the eUICC still has to tell its SM-DP+s (SGP.22 3.5), for who looks at it by hand. */
export interface LpaNotifications {
  /** In ascending order. @throws EsimdError */
  list(signal: AbortSignal): Promise<readonly ListedNotification[]>;
  /**
   * Hands one over; the eUICC forgets it when its SM-DP+ has accepted it, and not before.
   * @throws EsimdError `bad_input` when the eUICC has it no more, and those of the SM-DP+.
   */
  deliver(notification: Pick<ListedNotification, "seqNumber" | "address">, signal: AbortSignal): Promise<void>;
  /** Hands over one that only an outbox has. @throws EsimdError of the SM-DP+. */
  deliverKept(notification: KeptNotification, signal: AbortSignal): Promise<void>;
  /** The eUICC forgets it, told or not; false when it had no such notification. */
  remove(seqNumber: number, signal: AbortSignal): Promise<boolean>;
}

/** A notification that its SM-DP+ did not take yet, whole and signed: whoever has it can deliver it. */
export interface KeptNotification {
  readonly seqNumber: number;
  readonly address: string;
  readonly iccid: Iccid;
  readonly der: Uint8Array;
}

/** What became of a profile's notifications. */
export interface Delivered {
  readonly delivered: number;
  /** Not taken yet, in the order in which they are to be told. */
  readonly kept: readonly KeptNotification[];
  /** Why the first of them is. */
  readonly error: EsimdError | undefined;
}

/** Nothing to do: the modem's own LPA delivers by itself, and gives no account of it. */
export const nothingDelivered: Delivered = { delivered: 0, kept: [], error: undefined };
