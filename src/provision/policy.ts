import type { Eid, SmdpAddress } from "../base/identifiers.js";
import type { ClockTrust } from "./host-clock.js";

/** What a run may do and how long it may take: the part of the configuration that provisioning obeys. */
export interface Policy {
  readonly provider: "twilio" | "kore" | "none";
  readonly expectedEid: Eid | undefined;
  readonly method: "eid" | "activation-code";
  /** Charges and unclear POSTs for each EID over its life. */
  readonly maxReservations: number;
  readonly reserveSettleMs: number;
  readonly onUnclear: "retry" | "hold";
  readonly availableWaitMs: number;
  readonly sim: {
    readonly activate: "ready" | "active" | "none";
    /**
     * Once the profile is installed; or as soon as the SM-DP+'s offer shows that the ICCID is the reservation's, and then with the download
     * waiting for it, or beside the download, which it cannot harm.
     */
    readonly when: "before-download" | "during-download" | "after-download";
    readonly fleet: string | undefined;
    readonly uniqueName: string | undefined;
    readonly reactivate: boolean;
  };
  readonly smdpAddress: SmdpAddress | undefined;
  /** The address that the eUICC is to have as its default SM-DP+, and the consent to write it. */
  readonly defaultSmdp: DefaultSmdpPolicy;
  readonly confirmationCode: string | undefined;
  /** Download sessions in one run; an SM-DP+ counts sessions and gives an order up after a few. */
  readonly downloadAttempts: number;
  readonly downloadTimeoutMs: number;
  /** The slot of the eUICC, and the consent to switch to it. */
  readonly simSlot: number | undefined;
  /** Written into the modem's first packet context once the profile is enabled; undefined: the context is left alone. */
  readonly apn: string | undefined;
  /** How long the modem may be silent after a restart. */
  readonly wakeWaitMs: number;
  /** How long a run waits for a clock that can be trusted, and what vouches for one. */
  readonly clockWaitMs: number;
  readonly clockTrust: ClockTrust;
  /** How long a run waits for the host's network to reach the provider. */
  readonly networkWaitMs: number;
  readonly registrationWaitMs: number;
  readonly connectivity: {
    /** What a new profile must show: nothing, a network, or a packet service there. */
    readonly check: "none" | "registration" | "data";
    /** Without service the device goes back to the profile that it had, if that one worked. */
    readonly rollback: boolean;
    /** How often in 24 hours the new profile is enabled where another one works. */
    readonly switchesPerDay: number;
  };
  /** How long a new profile may take until it has service, once it was given its time to register. */
  readonly connectivityWaitMs: number;
  readonly confirmWaitMs: number;
}

export interface DefaultSmdpPolicy {
  readonly address: SmdpAddress | undefined;
  /** `missing`: where the eUICC has none; `always`: also in another one's place. */
  readonly set: "never" | "missing" | "always";
}
