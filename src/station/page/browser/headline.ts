import type { SlotPhaseKind, StationView } from "../../view.js";

/** The one sentence that a person has to read who reads nothing else of the line. */

export interface Headline {
  readonly tone: "alarm" | "act" | "work" | "rest";
  readonly sentence: string;
}

export function headlineOf(view: StationView): Headline {
  const slotsOf = (kind: SlotPhaseKind): readonly number[] =>
    view.slots.filter(({ phase }) => phase.kind === kind).map(({ number }) => number);
  if (view.notice !== null) return { tone: "alarm", sentence: view.notice };
  const running = slotsOf("running");
  switch (view.phase) {
    case "stopped":
      return { tone: "alarm", sentence: "The station has stopped." };
    case "stopping":
      return { tone: "alarm", sentence: "The station stops. Leave every unit where it is." };
    case "draining":
      return running.length === 0
        ? { tone: "alarm", sentence: "Nothing runs any more, and nothing new begins." }
        : { tone: "alarm", sentence: `Nothing new begins. ${units(running.length)} still running: leave them in.` };
    case "working":
  }
  const unread = slotsOf("needs-serial");
  if (unread.length > 0)
    return { tone: "act", sentence: `Scan the ${unread.length === 1 ? "unit" : "units"} in ${slotWords(unread)}.` };
  const failed = slotsOf("failed");
  if (failed.length > 0) return { tone: "act", sentence: `Take the failed out of ${slotWords(failed)}.` };
  const absent = slotsOf("needs-unit");
  if (absent.length > 0) return { tone: "act", sentence: `Put the scanned in: ${slotWords(absent)}.` };
  const passed = slotsOf("passed");
  if (passed.length > 0) return { tone: "act", sentence: `Take the good out of ${slotWords(passed)}.` };
  const empty = slotsOf("empty");
  if (running.length > 0 && empty.length === 0) return { tone: "work", sentence: `${units(running.length)} running.` };
  if (empty.length > 0) {
    const rest = running.length === 0 ? "" : ` ${units(running.length)} running.`;
    return { tone: "rest", sentence: `Put the next into ${slotWords(empty)}.${rest}` };
  }
  return { tone: "rest", sentence: "No slot is worked with." };
}

function units(count: number): string {
  return count === 1 ? "1 unit is" : `${count} units are`;
}

/** `slot 7`; `slots 1, 2 and 9`; `slots 1, 2, 3 and 9 more`: an eye takes in no more of them. */
export function slotWords(numbers: readonly number[]): string {
  const [first, ...others] = numbers;
  if (first === undefined) return "no slot";
  if (others.length === 0) return `slot ${first}`;
  if (numbers.length > 4) return `slots ${numbers.slice(0, 3).join(", ")} and ${numbers.length - 3} more`;
  return `slots ${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}`;
}
