import type { ProfileDetails } from "../lpa/lpa.js";
import type { StoreView } from "./store/view.js";

/** What esimd's own files say of a profile: whoever deletes one that was paid for loses what was paid. */
export type Payment = "paid" | "not-paid" | "unknown";

/**
 * A profile counts as paid for when the journal names it, or when it came from a download whose end was not judged yet. The ledger counts
 * reservations and knows no ICCIDs: where it has more of them than the journal accounts for, any operational profile may be one. Pure.
 * `view` is undefined when the files cannot be read.
 */
export function paymentOf(
  profile: Pick<ProfileDetails, "iccid" | "profileClass">,
  view: StoreView | undefined,
): Payment {
  if (view?.money === undefined) return "unknown";
  const { journal, money } = view;
  const { iccid, installedIccid, baseline } = journal;
  if (profile.iccid === iccid || profile.iccid === installedIccid) return "paid";
  if (baseline !== null && !baseline.includes(profile.iccid)) return "paid";
  if (profile.profileClass === "test" || profile.profileClass === "provisioning") return "not-paid";
  const reservations = money.reserved.size + money.unclear + (money.pending === undefined ? 0 : 1);
  const accountedFor = iccid === null && installedIccid === null ? 0 : 1;
  return reservations > accountedFor ? "unknown" : "not-paid";
}
