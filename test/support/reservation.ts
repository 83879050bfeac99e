import type { ESimProfile, ESimProfileStatus } from "../../src/api/resources.js";

/** A reservation as the provider shows it, with what a test wants to say of it and nothing else. */
export function reservation(
  sid: string,
  status: ESimProfileStatus,
  more: Partial<Omit<ESimProfile, "sid" | "status">> = {},
): ESimProfile {
  return {
    sid,
    status,
    iccid: undefined,
    simSid: undefined,
    eid: undefined,
    smdpAddress: undefined,
    matchingId: undefined,
    activationCode: undefined,
    errorCode: undefined,
    errorMessage: undefined,
    dateCreatedMs: undefined,
    dateUpdatedMs: undefined,
    ...more,
  };
}
