/**
 * The journey of a device from nothing to a provisioned profile, as a table: each state with one sentence for people, how long it may
 * take, and where each event leads. docs/states.md is generated from here. Whatever goes wrong in a state leads to `failed` or, where a
 * person must decide, to `held`. Every run starts at the top: the world is looked at first, and the journal only tells what to expect.
 */

export type StateName =
  | "connecting"
  | "identifying"
  | "addressing"
  | "clocking"
  | "reaching"
  | "surveying"
  | "reserving"
  | "settling"
  | "awaiting"
  | "downloading"
  | "verifying"
  | "delivering"
  | "activating"
  | "enabling"
  | "refreshing"
  | "registering"
  | "checking"
  | "reverting"
  | "recovering"
  | "notifying"
  | "confirming"
  | "provisioned"
  | "failed"
  | "held";

export type FinalState = "provisioned" | "failed" | "held";

export type EventName =
  | "connected"
  | "identified"
  | "to-address"
  | "addressed"
  | "clock-known"
  | "network-unneeded"
  | "reached"
  | "nothing-to-do"
  | "installed"
  | "adopted"
  | "to-reserve"
  | "doubt"
  | "to-download"
  | "reserved"
  | "available"
  | "session-ended"
  | "absent"
  | "delivered"
  | "activated"
  | "enabled"
  | "taken-up"
  | "registration-read"
  | "on-trial"
  | "stranded"
  | "judged"
  | "to-survey"
  | "no-service"
  | "reverted"
  | "recovered"
  | "notified"
  | "confirmed";

export interface StateEntry {
  readonly sentence: string;
  /** Longest stay in milliseconds, or the policy's key that gives it; final states have none. */
  readonly deadline:
    | number
    | "wakeWaitMs"
    | "clockWaitMs"
    | "networkWaitMs"
    | "reserveSettleMs"
    | "availableWaitMs"
    | "downloadTimeoutMs"
    | "registrationWaitMs"
    | "connectivityWaitMs"
    | "confirmWaitMs"
    | "none";
  readonly on: Readonly<Partial<Record<EventName, StateName>>>;
}

export const states = {
  connecting: {
    sentence: "Opening the port and waking the modem.",
    deadline: "wakeWaitMs",
    on: { connected: "identifying" },
  },
  identifying: {
    sentence: "Asking the modem who it is, and reading the eUICC's EID.",
    deadline: 480_000,
    on: { identified: "clocking", "to-address": "addressing", "on-trial": "refreshing", stranded: "reverting" },
  },
  addressing: {
    sentence: "Writing the default SM-DP+ into the eUICC, as the configuration allows.",
    deadline: 120_000,
    on: { addressed: "clocking" },
  },
  clocking: {
    sentence: "Looking whether the host's clock can be trusted; without one no certificate can be judged.",
    deadline: "clockWaitMs",
    on: { "clock-known": "reaching", "network-unneeded": "surveying" },
  },
  reaching: {
    sentence: "Looking whether the host's network reaches the provider.",
    deadline: "networkWaitMs",
    on: { reached: "surveying" },
  },
  surveying: {
    sentence: "Looking at what is on the eUICC, at the provider and in the journal.",
    deadline: 600_000,
    on: {
      "nothing-to-do": "refreshing",
      installed: "delivering",
      adopted: "awaiting",
      "to-reserve": "reserving",
      doubt: "settling",
      "to-download": "downloading",
    },
  },
  reserving: {
    sentence: "Reserving a profile at the provider; this costs money, and the intent is in the ledger.",
    deadline: 300_000,
    on: { reserved: "awaiting", doubt: "settling" },
  },
  settling: {
    sentence: "A reservation may or may not have been made; asking the provider until that is clear.",
    deadline: "reserveSettleMs",
    on: { reserved: "awaiting", "to-reserve": "reserving" },
  },
  awaiting: {
    sentence: "Waiting until the provider has the profile ready for download.",
    deadline: "availableWaitMs",
    on: { available: "downloading" },
  },
  downloading: {
    sentence: "Downloading the profile from the SM-DP+ into the eUICC.",
    deadline: "downloadTimeoutMs",
    on: { "session-ended": "verifying" },
  },
  verifying: {
    sentence: "Reading the eUICC's list to see whether the profile is there.",
    deadline: 180_000,
    on: { installed: "delivering", absent: "downloading" },
  },
  delivering: {
    sentence: "Telling the SM-DP+ of the installation, before enabling the profile may change the link.",
    deadline: 120_000,
    on: { delivered: "activating" },
  },
  activating: {
    sentence: "Bringing the Sim into the wanted status and Fleet.",
    deadline: 900_000,
    on: { activated: "enabling" },
  },
  enabling: {
    sentence: "Enabling the profile and reading the list until it is.",
    deadline: 300_000,
    on: { enabled: "refreshing", "no-service": "reverting" },
  },
  refreshing: {
    sentence: "Looking whether the modem uses the enabled profile, and restarting what does not.",
    deadline: 600_000,
    on: { "taken-up": "registering", "no-service": "reverting" },
  },
  registering: {
    sentence: "Waiting for the modem to register on a network, once the Sim may.",
    deadline: "registrationWaitMs",
    on: { "registration-read": "checking" },
  },
  checking: {
    sentence: "Looking whether the profile has service, where that is asked or another one worked before it.",
    deadline: "connectivityWaitMs",
    on: { judged: "notifying", "to-survey": "clocking", "no-service": "reverting" },
  },
  reverting: {
    sentence: "Going back to the profile that the device had, since the new one does not bring it onto a network.",
    deadline: 300_000,
    on: { reverted: "recovering" },
  },
  recovering: {
    sentence: "Waiting until the modem uses the profile of before again, and is registered with it.",
    deadline: 900_000,
    on: { recovered: "notifying" },
  },
  notifying: {
    sentence: "Telling the SM-DP+ what the eUICC still has to tell it.",
    deadline: 120_000,
    on: { notified: "confirming" },
  },
  confirming: {
    sentence: "Asking the provider whether it has heard of the installation.",
    deadline: "confirmWaitMs",
    on: { confirmed: "provisioned" },
  },
  provisioned: {
    sentence: "The profile is installed and enabled.",
    deadline: "none",
    on: {},
  },
  failed: {
    sentence: "The run ended before its goal; the error says who can change that.",
    deadline: "none",
    on: {},
  },
  held: {
    sentence: "Nothing more is done until a person decides; the error says about what.",
    deadline: "none",
    on: {},
  },
} as const satisfies Readonly<Record<StateName, StateEntry>>;

export const stateNames = Object.keys(states) as readonly StateName[];

export function isFinal(state: StateName): state is FinalState {
  return state === "provisioned" || state === "failed" || state === "held";
}

/** Where an event leads; undefined when the state does not know it, which is a defect of the program. Pure. */
export function nextState(state: StateName, event: EventName): StateName | undefined {
  const entry: StateEntry = states[state];
  return entry.on[event];
}
