import { type Random, seededRandom } from "../../../src/base/random.js";
import { Fleet } from "./fleet.js";
import type { GateSetting } from "./gate.js";
import { daemonPolicy, type FleetPolicy } from "./policy.js";
import { type FleetSetting, necessaryRequests, usualTimes } from "./setting.js";

/** What is asked of the simulation. */
export interface FleetOrder {
  readonly devices: number;
  readonly api: GateSetting;
  readonly smdp: GateSetting;
  readonly seed: number;
}

export interface FleetFigures {
  readonly policy: string;
  readonly devices: number;
  /** Seconds from power to the end of the last run; of a device in the middle, and of the first and last hundredth. Null: not within the time that was simulated. */
  readonly lastSeconds: number | null;
  readonly medianSeconds: number | null;
  readonly p1Seconds: number | null;
  readonly p99Seconds: number | null;
  /** What the admitted rates force: see {@link forcedSeconds}. */
  readonly forcedSeconds: number;
  /** The last one's time beside what is forced, and beside the median. */
  readonly toForced: number | null;
  readonly toMedian: number | null;
  readonly provisioned: number;
  /** Devices that wait for a person. */
  readonly held: number;
  /** Each device's, on average. */
  readonly admittedEach: number;
  readonly refusedEach: number;
  readonly runsEach: number;
  /** Requests in the fullest second. */
  readonly peakPerSecond: number;
  /** For plots: from one sample to the next `sampleSeconds` pass. */
  readonly sampleSeconds: number;
  readonly provisionedBySample: readonly number[];
  readonly offeredPerSecondBySample: readonly number[];
}

/** So many times what is forced are simulated at the most. */
const patience = 4;
const samples = 200;
const unlimited: GateSetting = { perSecond: 1, kind: "script" };

/** The median of devices that have the servers for themselves, in seconds. */
export function loneSeconds(seed: number): number {
  const devices = 201;
  const setting: FleetSetting = { devices, api: unlimited, smdp: unlimited, times: usualTimes };
  const fleet = new Fleet(setting, daemonPolicy(seededRandom(seed)), seededRandom(seed + 1));
  fleet.run(Number.MAX_SAFE_INTEGER);
  return (fleet.devices.doneMs.toSorted()[(devices - 1) / 2] ?? 0) / 1000;
}

/** No policy is faster: the necessary requests at the API's rate, or the sessions at the SM-DP+'s, and a lone device's own time on top. */
export function forcedSeconds({ devices, api, smdp, seed }: FleetOrder): number {
  const served = Math.max((devices * necessaryRequests) / api.perSecond, devices / smdp.perSecond);
  return served + loneSeconds(seed);
}

/** The same order and the same policy give the same figures. */
export function simulate(order: FleetOrder, policyWith: (random: Random) => FleetPolicy): FleetFigures {
  const { devices, api, smdp, seed } = order;
  const policy = policyWith(seededRandom(seed + 2));
  const forced = forcedSeconds(order);
  const fleet = new Fleet({ devices, api, smdp, times: usualTimes }, policy, seededRandom(seed + 3));
  fleet.run(patience * forced * 1000);
  const done = fleet.devices.doneMs.toSorted();
  const atShare = (share: number): number | null => {
    const ms = done[Math.min(devices - 1, Math.floor(share * devices))] ?? Number.POSITIVE_INFINITY;
    return Number.isFinite(ms) ? ms / 1000 : null;
  };
  const lastSeconds = atShare(1);
  const medianSeconds = atShare(0.5);
  const endSeconds = lastSeconds ?? patience * forced;
  const sampleSeconds = Math.max(1, Math.ceil(endSeconds / samples));
  const offered = fleet.api.offeredBySecond;
  return {
    policy: policy.name,
    devices,
    lastSeconds,
    medianSeconds,
    p1Seconds: atShare(0.01),
    p99Seconds: atShare(0.99),
    forcedSeconds: forced,
    toForced: lastSeconds === null ? null : lastSeconds / forced,
    toMedian: lastSeconds === null || medianSeconds === null ? null : lastSeconds / medianSeconds,
    provisioned: done.filter((ms) => Number.isFinite(ms)).length,
    held: fleet.held,
    admittedEach: fleet.api.admitted / devices,
    refusedEach: (fleet.api.refused + fleet.smdp.refused) / devices,
    runsEach: sum(fleet.devices.runs) / devices,
    peakPerSecond: offered.reduce((most, count) => Math.max(most, count), 0),
    sampleSeconds,
    provisionedBySample: provisionedBySample(done, sampleSeconds, endSeconds),
    offeredPerSecondBySample: offeredBySample(offered, sampleSeconds, endSeconds),
  };
}

/** How many were done at the end of each sample; `done` is sorted. */
function provisionedBySample(done: Float64Array, sampleSeconds: number, endSeconds: number): readonly number[] {
  const counts: number[] = [];
  let count = 0;
  for (let second = 0; second <= endSeconds + sampleSeconds; second += sampleSeconds) {
    while (count < done.length && (done[count] ?? 0) <= second * 1000) count++;
    counts.push(count);
  }
  return counts;
}

function offeredBySample(offered: readonly number[], sampleSeconds: number, endSeconds: number): readonly number[] {
  const rates: number[] = [];
  for (let second = 0; second <= endSeconds; second += sampleSeconds)
    rates.push(sum(offered.slice(second, second + sampleSeconds)) / sampleSeconds);
  return rates;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
