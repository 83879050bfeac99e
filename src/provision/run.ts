import type { ESimProfile, ProviderApi, Sim, SimTarget } from "../api/resources.js";
import type { Beside } from "../base/beside.js";
import type { Clock } from "../base/clock.js";
import type { EsimdError } from "../base/errors.js";
import type { Eid, Iccid } from "../base/identifiers.js";
import type { Log } from "../base/logging.js";
import type { Random } from "../base/random.js";
import type { DownloadSession, InstalledProfile, Lpa } from "../lpa/lpa.js";
import type { Dialect, LpaSwitch } from "../modem/dialects/dialect.js";
import type { ModemLine } from "../modem/exchange.js";
import type { ModemIdentity } from "../modem/identity.js";
import type { Registration } from "../modem/registration.js";
import type { Hints } from "./hints.js";
import type { HostClock } from "./host-clock.js";
import type { Charges } from "./ledger.js";
import type { Policy } from "./policy.js";
import type { Reach } from "./reach.js";
import type { ServiceProbe } from "./service-probe.js";
import type { StateName } from "./states.js";
import type { Store } from "./store/store.js";
import type { Service } from "./trial.js";
import type { UsualWait } from "./usual-wait.js";

/**
 * Who has a say before anything is paid for: a station, which knows its units and has a budget for a batch. Both reject with the error that
 * the run then ends with; nothing was changed by then.
 */
export interface Gate {
  /** The eUICC and its modem are known, and its ledger is read. */
  readonly admit: (found: FoundUnit, signal: AbortSignal) => Promise<void>;
  /** Right before the intent to pay is written down. */
  readonly mayReserve: (eid: Eid, signal: AbortSignal) => Promise<void>;
}

export interface FoundUnit {
  readonly eid: Eid;
  readonly imei: string | undefined;
  /** What the eUICC's ledger has as paid for; undefined where it cannot be read. */
  readonly charges: Charges | undefined;
}

/** What a run is made of; everything that leaves the process comes in here. */
export interface RunParts {
  readonly policy: Policy;
  readonly portName: string;
  /** Opens the port and wakes the modem. */
  readonly connect: (signal: AbortSignal) => Promise<ModemLine>;
  readonly detect: (line: ModemLine, identity: ModemIdentity, signal: AbortSignal) => Promise<Dialect | undefined>;
  readonly openLpa: (line: ModemLine, dialect: Dialect, identity: ModemIdentity, signal: AbortSignal) => Promise<Lpa>;
  /**
   * Frees an eUICC that the modem's own LPA holds; false when it is not held. It changes the modem for good, so this is here only with
   * the operator's consent.
   */
  readonly takeIsdR?: (line: ModemLine, lpaSwitch: LpaSwitch, signal: AbortSignal) => Promise<boolean>;
  /** Undefined for provider `none`. */
  readonly api: ProviderApi | undefined;
  /** Where the provider's servers are; empty for provider `none`. */
  readonly apiUrls: readonly string[];
  readonly reach: Reach;
  readonly hostClock: HostClock;
  /** Callbacks of the provider, where the daemon listens for them. */
  readonly hints?: Hints;
  /** What the provider took last, for who has more than one run. */
  readonly usualWait?: UsualWait;
  readonly openStore: (eid: Eid) => Promise<Store>;
  /** Left out: there is nobody to ask. */
  readonly gate?: Gate;
  /** The checks of service that are no matter of the modem's: the host's own ways to the network. */
  readonly probes: readonly ServiceProbe[];
  /** Who this process is, over its runs; undefined where that cannot be told. Monotonic times of another one mean nothing. */
  readonly process: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** A name for a new intent, unique for ever. */
  readonly newId: () => string;
  readonly observe: (observation: Observation) => void;
}

/** What a run shows of itself while it goes on. */
export type Observation =
  | {
      readonly kind: "state";
      readonly state: StateName;
      /** A state that waits tells again, with what it waits for. */
      readonly sentence: string;
      /** The longest that the state may last, with the time to leave things in order; null: a final state. */
      readonly withinMs: number | null;
    }
  | { readonly kind: "progress"; readonly stage: string; readonly doneBytes: number; readonly totalBytes: number };

/** What a run has learned so far. Only the steps write it, each what it is there to find out. */
export interface Facts {
  line: ModemLine | undefined;
  identity: ModemIdentity | undefined;
  dialect: Dialect | undefined;
  lpa: Lpa | undefined;
  eid: Eid | undefined;
  store: Store | undefined;
  /** Why one more may be paid for, as it was decided; for the ledger. */
  reserveWhy: string | undefined;
  /** The reservation this run works on, as last seen. */
  reservation: ESimProfile | undefined;
  /** The profile that the eUICC is to end with. */
  iccid: Iccid | undefined;
  /** The reservation that this run's own POST has made. */
  reservedNow: string | undefined;
  sim: Sim | undefined;
  /** What was asked of the Sim, when by the monotonic clock, and not seen carried out yet. */
  simChange: { readonly target: SimTarget; readonly sinceMs: number } | undefined;
  /** The request for it, on its way while the profile is loaded. */
  simRequest: Beside<void> | undefined;
  /** The Sim is in the wanted status. */
  simDone: boolean;
  /** The eUICC's list before the first session. */
  baseline: readonly InstalledProfile[];
  /** The eUICC's list as a step last read it, for who needs no newer one. */
  onEuicc: readonly InstalledProfile[];
  /** The eUICC was asked for its room, and no session was begun since. */
  roomChecked: boolean;
  session: DownloadSession | undefined;
  /** What the list said of the arrived profile when it was last read. */
  arrived: InstalledProfile | undefined;
  sessionsThisRun: number;
  registration: Registration | undefined;
  /** What was found of the profile's service, where it was looked for. */
  service: Service | undefined;
  /** Nobody could say yet whether the new profile works: a later run looks again. */
  unjudged: boolean;
  /** The profile of before that the device is on, in place of the one that it is to use. */
  fallback: Iccid | undefined;
  /** Why it is; the run ends with this once the device is in order. */
  setback: EsimdError | undefined;
  /** The survey was made. */
  surveyed: boolean;
  /** Notifications that the eUICC still keeps because its SM-DP+ did not take them. */
  owedNotifications: number;
  /** The SM-DP+ was asked to take them while the modem looked for a network. */
  restAsked: boolean;
  /** Something was changed in the world: a reservation, a Sim, the eUICC. */
  changed: boolean;
  /** What the run told last that it waits for. */
  waitsFor: string | undefined;
  /** The survey found the goal reached. */
  nothingToDo: boolean;
}

export function noFacts(): Facts {
  return {
    line: undefined,
    identity: undefined,
    dialect: undefined,
    lpa: undefined,
    eid: undefined,
    store: undefined,
    reserveWhy: undefined,
    reservation: undefined,
    iccid: undefined,
    reservedNow: undefined,
    sim: undefined,
    simChange: undefined,
    simRequest: undefined,
    simDone: false,
    baseline: [],
    onEuicc: [],
    roomChecked: false,
    session: undefined,
    arrived: undefined,
    sessionsThisRun: 0,
    registration: undefined,
    service: undefined,
    unjudged: false,
    fallback: undefined,
    setback: undefined,
    surveyed: false,
    owedNotifications: 0,
    restAsked: false,
    changed: false,
    waitsFor: undefined,
    nothingToDo: false,
  };
}

/** A run on its way: its parts, and its facts. */
export interface Run {
  readonly parts: RunParts;
  readonly facts: Facts;
}

/** A fact that an earlier state must have found; its absence is a defect of the table. */
export function need<Key extends keyof Facts>(run: Run, key: Key): NonNullable<Facts[Key]> {
  const value = run.facts[key];
  if (value === undefined || value === null) throw new Error(`the run has no ${key} yet`);
  return value;
}
