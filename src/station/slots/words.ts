import type { SlotPhase } from "../view.js";

/** What a person does next at a slot, in one sentence. */
export function nextSentence(phase: SlotPhase, serial: string | null): string {
  switch (phase.kind) {
    case "empty":
      return "Put a unit in.";
    case "needs-serial":
      return serial === null ? "Scan the unit's serial number." : "Wait: its run is about to begin.";
    case "needs-unit":
      return `Put ${serial ?? "the unit"} in.`;
    case "running":
      return "Leave the unit in.";
    case "passed":
      return phase.again ? "Take the unit out: it had passed before." : "Take the unit out.";
    case "failed":
      return "Take the unit out, and put it with those that failed.";
    case "off":
      return "Not in use.";
  }
}
