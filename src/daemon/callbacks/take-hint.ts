import type { Hint } from "../../provision/hints.js";
import type { Daemon } from "../companions.js";

/**
 * What a hint leads to: a run that waits asks now, and a modem that rests after a failure that passes is tried now. One that is done, held
 * or paused stays so: nothing that comes over the network decides that.
 */
export function takeHint({ hints, modems }: Pick<Daemon, "hints" | "modems">, hint: Hint): "asked" | "run" | "nothing" {
  if (hints.give(hint)) return "asked";
  const resting = modems
    .list()
    .find(
      ({ activity, report }) =>
        activity.kind === "resting" &&
        report?.state === "failed" &&
        report.error?.retry !== "never" &&
        concerns(hint, report.eid, report.esimProfile?.sid),
    );
  if (resting === undefined) return "nothing";
  modems.provision(resting.name);
  return "run";
}

function concerns(hint: Hint, eid: string | null, sid: string | undefined): boolean {
  return (hint.eid !== undefined && hint.eid === eid) || (hint.sid !== undefined && hint.sid === sid);
}
