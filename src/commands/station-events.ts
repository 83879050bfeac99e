import type { StationControl, StationEvent } from "../station/control.js";
import type { CommandContext } from "./command.js";

/** What happens on the line, a line each: for a log, or as JSON for a program. Returns how to end it. */
export function showEvents(
  context: CommandContext,
  control: StationControl,
  options: { readonly json: boolean; readonly quiet: boolean },
): () => void {
  if (options.quiet) return () => undefined;
  if (options.json) {
    return control.onEvent((event) => {
      const at = new Date(context.clock.nowMs()).toISOString();
      context.stdout(`${JSON.stringify({ schema: "esimd.station-event/1", ...event, at })}\n`);
    });
  }
  return control.onEvent((event) => {
    const text = textOf(event);
    if (text !== undefined) context.stderr(`${text}\n`);
  });
}

function textOf(event: StationEvent): string | undefined {
  switch (event.kind) {
    case "begun":
      return `slot ${event.slot}: ${event.serial ?? "a unit"} begins`;
    case "ended":
      return event.verdict === "PASS"
        ? `slot ${event.slot}: PASS ${event.serial ?? ""} in ${event.seconds.toFixed(1)} s`
        : `slot ${event.slot}: FAIL ${event.serial ?? ""} ${event.code ?? ""}`;
    case "phase":
      return `the station is ${event.phase}`;
    default:
      return undefined;
  }
}
