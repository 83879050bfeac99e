import { EsimdError, isEsimdError } from "../../base/errors.js";
import type { SmdpAddress } from "../../base/identifiers.js";
import { need, type Run } from "../run.js";
import type { EventName } from "../states.js";

/**
 * Writes the configured default SM-DP+ into the eUICC (SGP.22 3.5.2, ES10a.SetDefaultDpAddress) where it is missing or, with that consent,
 * another. Only with consent is this state entered. What the eUICC does not take is told and ends nothing: the run downloads from the
 * configured address all the same.
 */
export async function writeDefaultSmdp(run: Run, signal: AbortSignal): Promise<EventName> {
  const { parts, facts } = run;
  const { address, set } = parts.policy.defaultSmdp;
  if (address === undefined) throw new Error("there is no default SM-DP+ to write");
  try {
    const before = await need(run, "lpa").defaultSmdp(signal);
    if (before === address) return "addressed";
    if (before !== undefined && set === "missing") throw leftAlone(before, address);
    await need(run, "lpa").setDefaultSmdp(address, signal);
    const after = await need(run, "lpa").defaultSmdp(signal);
    if (after !== before) facts.changed = true;
    if (after !== address) throw notTaken(after, address);
    parts.log.info({ before, address }, "the eUICC has the configured default SM-DP+ now");
  } catch (error) {
    if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
    parts.log.warn({ error, next: error.hint }, "the eUICC does not have the configured default SM-DP+");
  }
  return "addressed";
}

export function leftAlone(before: SmdpAddress, address: SmdpAddress): EsimdError {
  return new EsimdError(
    "default_smdp_wrong",
    `the eUICC's default SM-DP+ is ${before}, and ${address} is configured; default_smdp.set does not let it be replaced`,
  );
}

function notTaken(after: SmdpAddress | undefined, address: SmdpAddress): EsimdError {
  return new EsimdError(
    "default_smdp_wrong",
    `the eUICC took ${address} as its default SM-DP+ and reads back ${after ?? "none"}`,
    { hint: "Look whether the eUICC's maker has locked the address; the run uses the configured one all the same." },
  );
}
