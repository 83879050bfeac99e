import type { ESimProfile } from "../../api/resources.js";
import { formatMs } from "../../base/deadline.js";
import { EsimdError } from "../../base/errors.js";
import { isUsable } from "./code.js";
import type { Batch, BatchItem } from "./fold.js";

/** The errors that a batch ends with, and what to do about each. Pure. */

/** Why it waits for a person, with the commands that decide it. */
export function heldItems(batch: Batch, undecided: readonly BatchItem[], cause: EsimdError | undefined): EsimdError {
  const { name } = batch;
  const inDoubt = undecided.filter(({ state }) => state.kind === "held");
  const lost = undecided.filter(({ state }) => state.kind === "lost");
  const numbers = (items: readonly BatchItem[]): string =>
    `${items.length === 1 ? "item" : "items"} ${items.map(({ number }) => number).join(", ")}`;
  const parts = [
    inDoubt.length === 0
      ? undefined
      : `of ${numbers(inDoubt)} no whole answer came, and each may have been charged${cause === undefined ? "" : ` (${cause.message})`}`,
    lost.length === 0 ? undefined : `${numbers(lost)} failed after the charge`,
  ].filter((part) => part !== undefined);
  const [first] = undecided;
  const release = `\`esimd reserve --batch ${name} --release ${first?.number ?? "ITEM"}\``;
  const look = `Look with \`esimd reserve list --batch ${name}\``;
  const hint =
    inDoubt.length === 0
      ? `${look}; ask the provider for a replacement; ${release} allows another one.`
      : `${look}, then decide: \`esimd reserve --batch ${name} --adopt SID\` for what it shows, or ${release} to allow another one.`;
  const code = inDoubt.length === 0 ? "reservation_lost" : "reservation_unclear";
  return new EsimdError(code, `the batch ${name} waits for a person: ${parts.join("; ")}`, {
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** It is paid for and not there yet. */
export function stillWaiting(
  number: number,
  sid: string,
  profile: ESimProfile | undefined,
  waitedMs: number,
): EsimdError {
  const how =
    profile !== undefined && isUsable(profile)
      ? "has no activation code"
      : `is not available but ${profile?.status.replace(/^unknown:/, "") ?? "unknown"}`;
  return new EsimdError("deadline", `item ${number}: the reservation ${sid} ${how} after ${formatMs(waitedMs)}`, {
    hint: "Run again: esimd takes it up again, and pays for no other one in its place.",
  });
}

/** It was made, and the disk did not take it. */
export function unrecorded(name: string, number: number, sid: string, cause: EsimdError): EsimdError {
  return new EsimdError(
    cause.code,
    `the reservation ${sid} was made for item ${number}, and could not be recorded: ${cause.message}`,
    {
      cause,
      hint: `When the disk takes something again: \`esimd reserve --batch ${name} --adopt ${sid} --item ${number}\`.`,
    },
  );
}
