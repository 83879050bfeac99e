import type { ProfileDetails } from "../lpa/lpa.js";
import type { StoreView } from "./store/view.js";

/** What esimd's own files say of a profile: whoever deletes one that was paid for loses what was paid. */
export type Payment = "paid" | "not-paid" | "unknown";

/**
 * A profile counts as paid for when the journal names it, or when it came from a download whose end was not judged yet. That an operational
 * one was not paid for, no file of ours can show: the journal may be in another state folder or lost with it, an earlier esimd may have
 * had none, and a code that a person downloaded by hand may have been reserved at the API. Only a profile of the factory's own classes
 * (ProfileClass of SGP.22) was never for sale. Pure. `view` is undefined when the files cannot be read.
 */
export function paymentOf(
  profile: Pick<ProfileDetails, "iccid" | "profileClass">,
  view: StoreView | undefined,
): Payment {
  if (view === undefined) return "unknown";
  const { iccid, installedIccid, baseline } = view.journal;
  if (profile.iccid === iccid || profile.iccid === installedIccid) return "paid";
  if (baseline !== null && !baseline.includes(profile.iccid)) return "paid";
  return profile.profileClass === "test" || profile.profileClass === "provisioning" ? "not-paid" : "unknown";
}
