import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type FleetFigures, type FleetOrder, simulate } from "./fleet/figures.js";
import type { GateSetting } from "./fleet/gate.js";
import { daemonPolicy, fixedPause, withoutJitter } from "./fleet/policy.js";
import { type Plot, type Point, renderPlot, type Series } from "./plot/svg.js";
import { table } from "./table.js";

/** `--only fleet`: a fleet whose power returns at once, simulated with the daemon's own policy and with two simpler ones (docs/fleet.md). */

export interface FleetAsked {
  readonly devices: number;
  /** Requests, and sessions, a second. */
  readonly apiRate: number;
  readonly smdpRate: number;
  readonly seed: number;
}

export interface FleetSection {
  readonly asked: FleetAsked;
  readonly policies: readonly FleetFigures[];
  readonly others: readonly { readonly what: string; readonly figures: FleetFigures }[];
}

/** A fifth of the fleet at a fifth of the rates meets the same crowd, and is simulated in a fifth of the time. */
const smaller = 5;

export function measureFleetSection(asked: FleetAsked): FleetSection {
  const few = fewOf(asked);
  // Fixed pauses ask a thousand times for each device: the fifth says as much, and earlier.
  const policies = [
    simulate(orderOf(asked), daemonPolicy),
    ...[fixedPause, withoutJitter].map((policy) => simulate(orderOf(few), policy)),
  ];
  const inWorld = (what: string, changed: Partial<FleetAsked>, api: Partial<GateSetting> = {}) => {
    const other = orderOf({ ...few, ...changed });
    return { what, figures: simulate({ ...other, api: { ...other.api, ...api } }, daemonPolicy) };
  };
  const others = [
    inWorld("a fifth of the fleet and of the rates", {}),
    inWorld("429 without Retry-After", {}, { retryAfterSeconds: undefined }),
    inWorld("Retry-After of 30 s", {}, { retryAfterSeconds: 30 }),
    inWorld("ten times the API's rate", { apiRate: few.apiRate * 10 }),
    inWorld("a tenth of the API's rate", { apiRate: few.apiRate / 10 }),
    inWorld("a tenth of the SM-DP+'s rate", { smdpRate: few.smdpRate / 10 }),
    inWorld("the API queues 10 s of requests, then 503", {}, { kind: "queue", queueSeconds: 10 }),
  ];
  return { asked, policies, others };
}

function fewOf(asked: FleetAsked): FleetAsked {
  const { devices, apiRate, smdpRate } = asked;
  return {
    ...asked,
    devices: Math.ceil(devices / smaller),
    apiRate: apiRate / smaller,
    smdpRate: smdpRate / smaller,
  };
}

function orderOf({ devices, apiRate, smdpRate, seed }: FleetAsked): FleetOrder {
  return {
    devices,
    api: { perSecond: apiRate, kind: "bucket", retryAfterSeconds: 1 },
    smdp: { perSecond: smdpRate, kind: "bucket" },
    seed,
  };
}

const columns = [
  "devices",
  "forced, s",
  "last, s",
  "to forced",
  "median, s",
  "last to median",
  "provisioned",
  "held",
  "requests let in, each",
  "refusals, each",
  "runs, each",
  "most in a second",
] as const;

function row(what: string, figures: FleetFigures): readonly (string | number)[] {
  const seconds = (value: number | null): string | number => (value === null ? "never" : Math.round(value));
  const ratio = (value: number | null): string => (value === null ? "" : value.toFixed(2));
  return [
    what,
    figures.devices,
    Math.round(figures.forcedSeconds),
    seconds(figures.lastSeconds),
    ratio(figures.toForced),
    seconds(figures.medianSeconds),
    ratio(figures.toMedian),
    figures.provisioned,
    figures.held,
    figures.admittedEach.toFixed(1),
    figures.refusedEach.toFixed(1),
    figures.runsEach.toFixed(1),
    figures.peakPerSecond,
  ];
}

export function showFleetSection({ asked, policies, others }: FleetSection): string {
  const { devices, apiRate, smdpRate, seed } = asked;
  return [
    `${devices} devices at once, ${apiRate} requests a second at the API, ${smdpRate} sessions a second at the SM-DP+, seed ${seed}; the simpler policies with a fifth of all three`,
    table(
      ["policy", ...columns],
      policies.map((figures) => row(figures.policy, figures)),
    ),
    "",
    `esimd elsewhere, with ${fewOf(asked).devices} devices and, if nothing else is said, a fifth of the rates`,
    table(
      ["world", ...columns],
      others.map(({ what, figures }) => row(what, figures)),
    ),
    "",
  ].join("\n");
}

/** Two plots, into a folder that is there. */
export async function writeFleetPlots(folder: string, { asked, policies }: FleetSection): Promise<void> {
  for (const [name, plot] of plotsOf(asked, policies)) await writeFile(join(folder, name), renderPlot(plot));
}

function plotsOf(asked: FleetAsked, policies: readonly FleetFigures[]): readonly (readonly [string, Plot])[] {
  const forced = policies[0]?.forcedSeconds ?? 0;
  const shownSeconds = 3 * forced;
  const courses = (samplesOf: (figures: FleetFigures) => readonly number[]): readonly Series[] =>
    policies.map((figures) => ({
      name: figures.policy,
      kind: "course",
      points: samplesOf(figures)
        .map((y, sample) => ({ x: (sample * figures.sampleSeconds) / 60, y }))
        .filter(({ x }) => x * 60 <= shownSeconds),
    }));
  const limit = (name: string, from: Point, to: Point): Series => ({ name, kind: "limit", points: [from, to] });
  const rateOf = ({ devices }: FleetFigures): number => (asked.apiRate * devices) / asked.devices;
  const x = { label: "minutes since the power returned" };
  return [
    [
      "fleet-provisioned.svg",
      {
        title: "How much of the fleet is provisioned",
        x,
        y: { label: "per cent of the devices" },
        series: [
          ...courses(({ provisionedBySample, devices }) => provisionedBySample.map((count) => (100 * count) / devices)),
          limit("forced by the rates", { x: forced / 60, y: 0 }, { x: forced / 60, y: 100 }),
        ],
      },
    ],
    [
      "fleet-offered.svg",
      {
        title: "What comes to the API, in times of what it lets in",
        x,
        y: { label: "times the admitted rate", decadesFrom: 0.1 },
        series: [
          ...courses((one) => one.offeredPerSecondBySample.map((rate) => rate / rateOf(one))),
          limit("let in", { x: 0, y: 1 }, { x: shownSeconds / 60, y: 1 }),
        ],
      },
    ],
  ];
}
