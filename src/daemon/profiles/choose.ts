import { EsimdError } from "../../base/errors.js";
import { type Iccid, quote } from "../../base/identifiers.js";
import type { ProfileDetails } from "../../lpa/lpa.js";

/** An ICCID of which only the end was typed; fewer digits fit too easily. */
const endOfIccid = /^\d{6,}$/;

const leastDigits = 6;

/** How a profile is named in a text for people, where whole ICCIDs are masked: by as much of its end as fits no other. Pure. */
export function shortName(profiles: readonly ProfileDetails[], iccid: Iccid): string {
  for (let digits = leastDigits; digits < iccid.length; digits++) {
    const end = iccid.slice(-digits);
    if (profiles.every((one) => one.nickname !== end && (one.iccid === iccid || !one.iccid.endsWith(end)))) return end;
  }
  return iccid;
}

/**
 * The profile that a person means: by its ICCID, else by its nickname or by the end of its ICCID, if only one fits. Pure.
 * @throws EsimdError `profile_unknown`; `bad_input` when more than one fits.
 */
export function chooseProfile(profiles: readonly ProfileDetails[], wanted: string): ProfileDetails {
  const digits = wanted.trim().replace(/[Ff]$/, "");
  const exact = profiles.find(({ iccid }) => iccid === digits);
  if (exact !== undefined) return exact;
  const fitting = profiles.filter(
    ({ iccid, nickname }) => nickname === wanted || (endOfIccid.test(digits) && iccid.endsWith(digits)),
  );
  const [first, ...others] = fitting;
  if (first === undefined) throw new EsimdError("profile_unknown", `the eUICC has no profile ${quote(wanted)}`);
  if (others.length === 0) return first;
  throw new EsimdError("bad_input", `${quote(wanted)} fits ${fitting.length} profiles on the eUICC`, {
    hint: "Give the whole ICCID; `esimd profile list` shows it.",
  });
}
