import { formatMs } from "../base/deadline.js";
import { maskIdentifiers } from "../base/identifiers.js";
import type { EventForm, ModemForm } from "../daemon/control/forms.js";
import type { Report } from "../report/schema.js";
import { oneLine } from "./failure.js";

/** A modem's life in words, for `esimd status`, `watch` and `ctl`: identifiers masked, one line each. */

export function activityText({ activity }: ModemForm): string {
  switch (activity.kind) {
    case "running":
      return forPeople(`${activity.state}: ${activity.sentence}`);
    case "resting":
      return forPeople(`resting: ${activity.sentence}`);
    case "paused":
      return "paused: nothing is done until it is resumed";
  }
}

/** Since when, and when something is done again. */
export function activityTimes({ activity }: ModemForm): string {
  const since = `since ${activity.since}`;
  if (activity.kind !== "resting") return since;
  return activity.until === null ? since : `${since}; next attempt by ${activity.until}`;
}

export function reportText(report: Report): string {
  const eid = report.eid === null ? "EID unknown" : `EID ${maskIdentifiers(report.eid)}`;
  return `${report.state}  ${eid}  ${report.finishedAt}`;
}

/** What can be done about it; nothing where nothing is wrong. */
export function troubleLines({ error }: Report): string {
  if (error === null) return "";
  const { message, code, actor, hint } = error;
  return `    ${forPeople(message)} (${code}; acts: ${actor})\n    ${forPeople(hint)}\n`;
}

/** Without the modem's name. */
export function eventText(event: EventForm): string {
  switch (event.kind) {
    case "served":
      return forPeople(`served on ${event.port}`);
    case "dropped":
      return "not served any more";
    case "state":
      return forPeople(`${event.state}: ${event.sentence}`);
    case "progress":
      return forPeople(`${event.stage}: ${share(event.doneBytes, event.totalBytes)}`);
    case "report": {
      const { report } = event;
      const why = report.error === null ? "" : `  ${forPeople(report.error.message)} (${report.error.code})`;
      return `a run ended: ${reportText(report)}${why}`;
    }
    case "rest":
      return forPeople(
        `resting: ${event.sentence}${event.forMs === null ? "" : ` (for ${formatMs(event.forMs)} at most)`}`,
      );
    case "daemon":
      return `the daemon is ${event.is}`;
    case "reload-refused":
      return forPeople(`the new configuration is not taken up: ${event.error.message} (${event.error.code})`);
    case "lost":
      return "some events were lost; this is how everything stands now";
  }
}

function share(done: number, total: number): string {
  return total > 0 ? `${Math.floor((100 * done) / total)} % of ${total} bytes` : `${done} bytes`;
}

function forPeople(text: string): string {
  return maskIdentifiers(oneLine(text));
}
