import type { GateSetting } from "./gate.js";

export interface FleetSetting {
  readonly devices: number;
  /** Requests. */
  readonly api: GateSetting;
  /** Sessions: what gets initiateAuthentication through is let through to its end. */
  readonly smdp: GateSetting;
  readonly times: OwnTimes;
}

/** What a device and its provider take by themselves, in milliseconds; a modem's own vary by a fifth. */
export interface OwnTimes {
  /** From power to the first run: between this and twice this. */
  readonly bootMs: number;
  /** From the start of a run to its first request. */
  readonly connectMs: number;
  /** From the session that was let in to the install result. */
  readonly downloadMs: number;
  /** From the activated Sim to a modem that uses the profile. */
  readonly enableMs: number;
  /** From the POST until the reservation is available, and from a Sim's update until it is carried out. */
  readonly availableMs: number;
  readonly scheduledMs: number;
}

/** A modem that takes 300 ms an exchange, and a provider that is quick. */
export const usualTimes: OwnTimes = {
  bootMs: 20_000,
  connectMs: 6_000,
  downloadMs: 26_000,
  enableMs: 15_000,
  availableMs: 10_000,
  scheduledMs: 400,
};

/** What a device asks; in the order of a provision. */
export const asks = {
  list: 1,
  simByIccid: 2,
  post: 3,
  settle: 4,
  available: 5,
  session: 6,
  sim: 7,
  simUpdate: 8,
  simSettled: 9,
  confirm: 10,
} as const;

/** The least that a provision asks of the API: the list, the POST, a look for `available`, the Sim's change and that it is done, and one to confirm. */
export const necessaryRequests = 6;

/** How long a state may last (src/provision/states.ts, and the waits of the configuration as they are by default). */
export const stateLimits = {
  surveying: 600_000,
  reserving: 300_000,
  settling: 1_260_000,
  awaiting: 660_000,
  downloading: 660_000,
  activating: 900_000,
  settlingSim: 180_000,
  confirming: 75_000,
} as const;

/** The configuration's defaults: `deadline`, `reserve_settle`, `available_wait`, `confirm.wait`, `download.attempts`. */
export const defaults = {
  runMs: 3_600_000,
  settleMs: 900_000,
  availableWaitMs: 300_000,
  confirmWaitMs: 60_000,
  downloadAttempts: 2,
} as const;
