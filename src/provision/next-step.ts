import type { ErrorCode } from "../base/errors.js";

/** What a run is held over: a reservation, or a POST whose outcome nobody knows. */
export interface HeldOver {
  readonly sid?: string;
  readonly postId?: string;
  /** The profile that it paid for was never seen on this eUICC by this device. */
  readonly neverHere?: true;
}

/**
 * The command that a person runs next, by what the run is held for; undefined where the registry's own sentence says all there is. `port`
 * is the modem's, for the decision that only the eUICC itself can support. Pure.
 */
export function nextStep(code: ErrorCode, over: HeldOver, port: string): string | undefined {
  const { sid, postId, neverHere } = over;
  if (postId !== undefined) {
    return `\`esimd reservation list\` shows what nobody claimed: \`esimd reservation adopt SID\` takes one of them, and \`esimd reservation release ${postId}\` allows another one.`;
  }
  if (sid === undefined) return undefined;
  const release = `\`esimd reservation release ${sid}\` gives it up and allows another one`;
  switch (code) {
    case "reservation_installed":
      if (neverHere)
        return `Another device may have this EID (a cloned or mislabelled eUICC): look for it first. If it was this one, its profile deleted and its state folder lost, \`esimd reservation release ${sid} --port ${port}\` gives it up and allows another one. esimd will not pay for another one by itself.`;
      return `The profile was probably deleted; \`esimd reservation release ${sid} --port ${port}\` gives it up and allows another one. esimd will not pay for another one by itself.`;
    case "install_failed":
      return `Ask the provider to release the order again, then \`esimd reservation adopt ${sid}\`; or ${release}. esimd will not pay for another one by itself.`;
    case "reservation_lost":
      return `Ask the provider for a replacement; ${release}.`;
    case "budget_spent":
      return `\`esimd reservation list\` says what became of it: \`esimd reservation adopt ${sid}\` works on it again, ${release}.`;
    case "reservation_unclear":
      return `Ask the provider what became of it; ${release}.`;
    default:
      return undefined;
  }
}
