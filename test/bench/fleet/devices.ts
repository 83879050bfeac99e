import { type Crowd, noCrowd } from "../../../src/api/retries.js";
import type { Refusal } from "./gate.js";

const never = Number.POSITIVE_INFINITY;

/** What is known of each device of a fleet, in arrays by its number. */
export class Devices {
  /** When each was provisioned; infinity: not yet, or never, as one that is held. */
  readonly doneMs: Float64Array;
  /** To the API; those to it and to the SM-DP+ that were not let in; and runs. */
  readonly requests: Uint32Array;
  readonly refusals: Uint32Array;
  readonly runs: Uint32Array;
  /** Its modem's pace: times are multiplied with it. */
  readonly pace: Float64Array;
  /** What it asks, and what its next event is. */
  readonly ask: Uint8Array;
  readonly event: Uint8Array;
  /** How the request that is on its way ends. */
  readonly refusal: (Refusal | undefined)[];
  /** Of one request: its tries, and when the first was sent. */
  readonly tries: Uint32Array;
  readonly sentMs: Float64Array;
  /** Of one run: its sessions, its end at the latest, and what it saw of the crowd. */
  readonly sessions: Uint32Array;
  readonly runEndMs: Float64Array;
  readonly crowd: Crowd[];
  /** The number of the run whose POST reserved, and when the Sim's change was asked for. */
  readonly reservedInRun: Uint32Array;
  readonly simAskedMs: Float64Array;
  /** Of one state: its questions, its beginning, and its end at the latest. */
  readonly round: Uint32Array;
  readonly stateMs: Float64Array;
  readonly stateEndMs: Float64Array;
  /** Runs that failed but for a crowd, when the last run began, and when the first one did that a crowd turned away. */
  readonly failures: Uint32Array;
  readonly beganMs: Float64Array;
  readonly crowdedSinceMs: Float64Array;
  /** At the provider: when its reservation was made, and its Sim updated. */
  readonly madeMs: Float64Array;
  readonly simChangedMs: Float64Array;
  /** POSTs that got no answer, and whether one is unsettled. */
  readonly doubts: Uint8Array;
  readonly isInDoubt: Uint8Array;
  /** On the eUICC. */
  readonly isInstalled: Uint8Array;
  readonly isEnabled: Uint8Array;

  constructor(count: number) {
    this.doneMs = new Float64Array(count).fill(never);
    this.requests = new Uint32Array(count);
    this.refusals = new Uint32Array(count);
    this.runs = new Uint32Array(count);
    this.pace = new Float64Array(count);
    this.ask = new Uint8Array(count);
    this.event = new Uint8Array(count);
    this.refusal = new Array<Refusal | undefined>(count).fill(undefined);
    this.tries = new Uint32Array(count);
    this.sentMs = new Float64Array(count);
    this.sessions = new Uint32Array(count);
    this.runEndMs = new Float64Array(count);
    this.crowd = new Array<Crowd>(count).fill(noCrowd);
    this.reservedInRun = new Uint32Array(count);
    this.simAskedMs = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
    this.round = new Uint32Array(count);
    this.stateMs = new Float64Array(count);
    this.stateEndMs = new Float64Array(count);
    this.failures = new Uint32Array(count);
    this.beganMs = new Float64Array(count);
    this.crowdedSinceMs = new Float64Array(count).fill(never);
    this.madeMs = new Float64Array(count).fill(never);
    this.simChangedMs = new Float64Array(count).fill(never);
    this.doubts = new Uint8Array(count);
    this.isInDoubt = new Uint8Array(count);
    this.isInstalled = new Uint8Array(count);
    this.isEnabled = new Uint8Array(count);
  }
}
