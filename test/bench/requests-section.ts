import { requestCeilings } from "./ceilings.js";
import { measureRequests, type RequestFigures, type RequestSetting, statesOf } from "./requests.js";
import { table } from "./table.js";

/** `--only requests`: what a whole provision asks of the provider, and where its time goes. */

export interface RequestsSection {
  readonly ceilings: typeof requestCeilings;
  /** Both providers, both methods, both speeds of the provider. */
  readonly plain: readonly RequestFigures[];
  /** What is otherwise asked for, one thing at a time. */
  readonly variants: readonly RequestFigures[];
}

export const plainSettings: readonly RequestSetting[] = (["fast", "minute"] as const).flatMap((api) =>
  (["twilio", "kore"] as const).flatMap((provider) =>
    (["eid", "activation-code"] as const).map((method) => ({ provider, method, api })),
  ),
);

/** A change of a Sim that takes longer than the card and the modem. */
const slowSimMs = 10_000;

const plain = { provider: "twilio", method: "eid", api: "fast" } as const;
export const variantSettings: readonly RequestSetting[] = [
  { ...plain, simScheduledMs: 0 },
  { ...plain, sim: { activate: "none" } },
  { ...plain, sim: { activate: "active" } },
  { ...plain, sim: { fleet: "none" } },
  { ...plain, sim: { when: "before-download" } },
  { ...plain, sim: { when: "during-download" } },
  { ...plain, simScheduledMs: slowSimMs },
  { ...plain, simScheduledMs: slowSimMs, sim: { when: "during-download" } },
  { ...plain, bootstrap: true },
  { ...plain, modemDelayMs: 300 },
];

export async function measureRequestsSection(): Promise<RequestsSection> {
  const measured: RequestFigures[] = [];
  for (const setting of [...plainSettings, ...variantSettings]) measured.push(await measureRequests(setting));
  return {
    ceilings: requestCeilings,
    plain: measured.slice(0, plainSettings.length),
    variants: measured.slice(plainSettings.length),
  };
}

export function showRequestsSection({ plain: plainRuns, variants }: RequestsSection): string {
  const all = [...plainRuns, ...variants];
  const states = statesOf(all);
  return [
    "Whole provision of a new device: requests to the provider",
    table(
      ["setting", "API requests", "ceiling", "for a token", "by state"],
      all.map(({ setting, requests, tokenRequests, sent }) => [
        nameOf(setting),
        requests,
        ceilingOf(setting),
        tokenRequests,
        byState(sent),
      ]),
    ),
    "The same runs: seconds of the clock, by state",
    table(
      ["setting", "whole", ...states],
      all.map(({ setting, wholeMs, timings }) => [
        nameOf(setting),
        seconds(wholeMs),
        ...states.map((state) => seconds(timings[state] ?? 0)),
      ]),
    ),
  ].join("\n\n");
}

/** What one setting may send to the API at most; what it needs beyond the plain one is in its name. A slow change of a Sim has none. */
export function ceilingOf({ api, bootstrap, sim, simScheduledMs }: RequestSetting): number | "none" {
  if (simScheduledMs === slowSimMs) return "none";
  const more = [bootstrap === true, sim?.fleet === "none", sim?.activate === "active"];
  return requestCeilings[api] + more.filter(Boolean).length;
}

function nameOf({ provider, method, api, sim = {}, bootstrap, simScheduledMs, modemDelayMs }: RequestSetting): string {
  return [
    provider,
    method,
    api === "minute" ? "a minute" : "fast",
    ...(simScheduledMs === 0 ? ["Sim done at once"] : []),
    ...(simScheduledMs === slowSimMs ? ["Sim takes 10 s"] : []),
    ...(sim.activate === undefined ? [] : [`sim.activate ${sim.activate}`]),
    ...(sim.fleet === "none" ? ["no sim.fleet"] : []),
    ...(sim.when === undefined ? [] : [`sim.when ${sim.when}`]),
    ...(bootstrap === true ? ["another profile is there"] : []),
    ...(modemDelayMs === undefined ? [] : [`${modemDelayMs} ms an exchange`]),
  ].join(", ");
}

/** "surveying 1, awaiting 2". */
function byState(sent: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of sent) {
    const [state = ""] = name.split(":");
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts].map(([state, count]) => `${state} ${count}`).join(", ");
}

function seconds(ms: number): number {
  return Number((ms / 1000).toFixed(1));
}
