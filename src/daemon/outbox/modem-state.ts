import type { ModemState } from "../../report/topics.js";
import type { Activity, ModemView } from "../modems.js";

/** How a modem stands, as the retained topic has it. Pure. */
export function modemState({ name, activity, report }: ModemView, device: string): ModemState {
  const error = report?.error ?? null;
  return {
    schema: "esimd.state/1",
    device,
    modem: name,
    activity: activity.kind,
    state: activity.kind === "running" ? activity.state : (report?.state ?? null),
    sentence: sentenceOf(activity),
    since: iso(activity.sinceMs),
    until: activity.kind === "resting" && activity.untilMs !== null ? iso(activity.untilMs) : null,
    error: error?.code ?? null,
    registered: report?.network?.registered ?? null,
  };
}

function sentenceOf(activity: Activity): string {
  return activity.kind === "paused" ? "Paused by a person; nothing is done until it is resumed." : activity.sentence;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
