import type { ESimProfile } from "../../api/resources.js";
import { type ActivationCode, formatActivationCode } from "../../base/identifiers.js";

/** The activation code of a reservation, as the provider shows it. Pure. */

/** From the code, or from the two parts of it that are fields of their own. */
export function codeOf({ activationCode, smdpAddress, matchingId }: ESimProfile): ActivationCode | undefined {
  if (activationCode !== undefined) return activationCode;
  if (smdpAddress === undefined || matchingId === undefined) return undefined;
  return { smdpAddress, matchingId, smdpOid: undefined, confirmationCodeRequired: false };
}

/** Without a matching id it would be the default SM-DP+'s way, by an EID that there is none of. */
export function hasCode(profile: ESimProfile): boolean {
  return codeOf(profile)?.matchingId !== undefined;
}

/** One that somebody can still download, or has. */
export function isUsable({ status }: ESimProfile): boolean {
  return status === "available" || status === "downloaded" || status === "installed";
}

/** As a QR code has it, with `LPA:` in front. */
export function codeText(profile: ESimProfile): string | undefined {
  const code = codeOf(profile);
  return code === undefined ? undefined : formatActivationCode(code);
}

/** Enough to tell two apart, and too little to download. */
export function maskedCode(profile: ESimProfile): string | undefined {
  const code = codeOf(profile);
  return code === undefined ? undefined : `LPA:1$${code.smdpAddress}$…`;
}
