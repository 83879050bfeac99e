import type { SlotPhase, SlotView } from "../../view.js";

/** How a slot is told in one word, an icon and a tone: the page and the terminal's wall share it, and neither tells anything by colour alone. */

export type Tone = "pass" | "fail" | "work" | "act" | "rest" | "off";
export type IconName = "check" | "cross" | "spin" | "scan" | "plug" | "dash" | "ring";

export interface Standing {
  readonly word: string;
  readonly icon: IconName;
  readonly tone: Tone;
}

export function standingOf(phase: SlotPhase): Standing {
  switch (phase.kind) {
    case "empty":
      return { word: "EMPTY", icon: "ring", tone: "rest" };
    case "needs-serial":
      return { word: "SCAN", icon: "scan", tone: "act" };
    case "needs-unit":
      return { word: "PUT IN", icon: "plug", tone: "act" };
    case "running":
      return { word: phase.progress === null ? "RUN" : `${percentOf(phase.progress)} %`, icon: "spin", tone: "work" };
    case "passed":
      return { word: "PASS", icon: "check", tone: "pass" };
    case "failed":
      return { word: "FAIL", icon: "cross", tone: "fail" };
    case "off":
      return { word: "OFF", icon: "dash", tone: "off" };
  }
}

/** What is behind the word: the run's state, the error, why it is off. */
export function sentenceOf(phase: SlotPhase): string {
  switch (phase.kind) {
    case "running":
      return phase.sentence;
    case "failed":
      return `${phase.code}: ${phase.sentence}`;
    case "passed":
      return phase.again ? "It had passed before, and was found as it was left." : "";
    case "off":
      return phase.sentence;
    default:
      return "";
  }
}

/** Whole percent, and 100 only at the end. */
export function percentOf(progress: { readonly doneBytes: number; readonly totalBytes: number }): number {
  if (progress.totalBytes <= 0) return 0;
  return Math.max(0, Math.min(100, Math.floor((100 * progress.doneBytes) / progress.totalBytes)));
}

/** `0:07`, `12:40`, `1:02:03`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** How long the slot's run took, or takes by now; empty where there is none. */
export function elapsedText(slot: SlotView, nowMs: number): string {
  if (slot.phase.kind === "running") return durationText(nowMs - slot.sinceMs);
  const isOver = slot.phase.kind === "passed" || slot.phase.kind === "failed";
  return isOver && slot.tookMs !== null ? durationText(slot.tookMs) : "";
}

/** `98.5 %`, and a dash before the first unit ended. */
export function shareText(part: number, whole: number): string {
  if (whole <= 0) return "–";
  // Rounded down: a line with one failed unit is none of 100 %.
  return `${(Math.floor((1000 * part) / whole) / 10).toFixed(1)} %`;
}
