import { EsimdError } from "../base/errors.js";
import { maskIdentifiers, parseIccid } from "../base/identifiers.js";
import { deleteProfile, disableProfile, enableProfile, type SwitchEnd } from "../daemon/profiles/change.js";
import { chooseProfile, shortName } from "../daemon/profiles/choose.js";
import { deliverOf, type Told } from "../daemon/profiles/deliver.js";
import { renameProfile, requireNickname } from "../daemon/profiles/nickname.js";
import type { LockedEuicc } from "../daemon/profiles/session.js";
import type { ProfileDetails } from "../lpa/lpa.js";
import { notTakenUp } from "../modem/refresh.js";
import { type Payment, paymentOf } from "../provision/paid.js";
import { type EuiccCall, showResult, warn, wordsOf } from "./euicc-call.js";
import { failureText, oneLine } from "./failure.js";
import { ask, canAsk } from "./prompt.js";

/** `esimd profile enable|disable|delete|nickname`. */

export async function changeState(call: EuiccCall, action: "enable" | "disable"): Promise<number> {
  const [wanted = ""] = wordsOf("profile", call.args, ["ICCID"]);
  const { progress, signal } = call;
  return call.change(async (euicc) => {
    const profiles = await euicc.lpa.describeProfiles(signal);
    const profile = chooseProfile(profiles, wanted);
    const enabled = profiles.find((one) => one.enabled);
    warnOfLink(call, action, profile, enabled);
    progress.state(action === "enable" ? "enabling" : "disabling", `${verb(action)} the profile ${named(profile)}.`);
    const { iccid } = profile;
    const end =
      action === "enable" ? await enableProfile(euicc, iccid, signal) : await disableProfile(euicc, iccid, signal);
    const told = end.changed ? await tellBoth(euicc, profile, enabled, signal) : undefined;
    progress.done();
    return showSwitch(call, euicc, action, profile, end, told);
  });
}

/** Who is reached over this very modem is cut off with the profile, and cannot take it back. */
function warnOfLink(
  call: EuiccCall,
  action: "enable" | "disable",
  profile: ProfileDetails,
  enabled: ProfileDetails | undefined,
): void {
  if (enabled === undefined) return;
  if (action === "disable" && profile.enabled) {
    warn(call, `No profile is enabled after this: a host that is reached over this modem is cut off.`);
  } else if (action === "enable" && !profile.enabled) {
    warn(call, `${named(enabled)} is switched off by this: a connection over it ends.`);
  }
}

/** A switch is told of both profiles, each to its own SM-DP+; the link may be a new one, so that this may have to wait. */
async function tellBoth(
  euicc: LockedEuicc,
  profile: ProfileDetails,
  enabled: ProfileDetails | undefined,
  signal: AbortSignal,
): Promise<Told> {
  if (enabled !== undefined && enabled.iccid !== profile.iccid) await deliverOf(euicc, enabled.iccid, signal);
  return deliverOf(euicc, profile.iccid, signal);
}

function showSwitch(
  call: EuiccCall,
  { port, eid }: LockedEuicc,
  action: "enable" | "disable",
  profile: ProfileDetails,
  end: SwitchEnd,
  told: Told | undefined,
): number {
  const { changed, uses, takeUp } = end;
  const error = takeUp?.kind === "not-taken-up" ? notTakenUp(takeUp, profile.iccid) : undefined;
  const state = `${action}d`;
  const result = {
    schema: "esimd.profile-change/1",
    port,
    eid,
    iccid: profile.iccid,
    state,
    changed,
    uses: uses ?? null,
    notifications: told?.kind ?? null,
    error: error === undefined ? null : { code: error.code, message: error.message, hint: error.hint },
  };
  const modem = uses === undefined ? "" : `; the modem uses ${uses}`;
  const text = `${profile.iccid} ${changed ? "is" : "was"} ${state}${changed ? "" : " already"}${modem}\n`;
  showResult(call, result, text);
  if (error === undefined) return 0;
  call.context.stderr(failureText(error));
  return error.exitStatus;
}

export async function nameOne(call: EuiccCall): Promise<number> {
  const [wanted = "", nickname = ""] = wordsOf("profile", call.args, ["ICCID", "NAME"]);
  requireNickname(nickname);
  const { signal } = call;
  return call.change(async (euicc) => {
    const { lpa, port, eid } = euicc;
    const { iccid } = chooseProfile(await lpa.describeProfiles(signal), wanted);
    call.progress.state("naming", "Giving the profile its nickname.");
    await renameProfile(euicc, iccid, nickname, signal);
    call.progress.done();
    const text = nickname === "" ? `${iccid} has no nickname now\n` : `${iccid} is called ${oneLine(nickname)} now\n`;
    const result = { schema: "esimd.profile-change/1", port, eid, iccid, nickname, changed: true, error: null };
    showResult(call, result, text);
    return 0;
  });
}

export async function deleteOne(call: EuiccCall): Promise<number> {
  const [wanted = ""] = wordsOf("profile", call.args, ["ICCID"]);
  const { signal, progress } = call;
  return call.change(async (euicc) => {
    const { lpa, port, eid } = euicc;
    const profiles = await lpa.describeProfiles(signal);
    const profile = chooseProfile(profiles, wanted);
    requireDisabled(profile, profiles);
    const payment = paymentOf(profile, await euicc.view());
    requireIrrevocable(call, profile, payment);
    await requireTyped(call, profile);
    progress.state("deleting", `Deleting the profile ${named(profile)}.`);
    const { iccid } = profile;
    await deleteProfile(euicc, iccid, signal);
    const told = await deliverOf(euicc, iccid, signal);
    progress.done();
    if (told.kind === "kept") warn(call, "Its SM-DP+ was not told yet: `esimd notification process` does that later.");
    const result = {
      schema: "esimd.profile-change/1",
      port,
      eid,
      iccid,
      state: "deleted",
      changed: true,
      notifications: told.kind,
      error: null,
    };
    showResult(call, result, `${iccid} is deleted\n`);
    return 0;
  });
}

function requireDisabled(profile: ProfileDetails, profiles: readonly ProfileDetails[]): void {
  if (!profile.enabled) return;
  throw new EsimdError(
    "profile_state",
    `the profile ${named(profile)} is enabled, and an eUICC deletes only what is disabled`,
    { hint: `Disable it first: esimd profile disable ${shortName(profiles, profile.iccid)}` },
  );
}

/** Rule 2 of the contract: a paid profile installs only once, so that one more word is asked for. */
function requireIrrevocable(call: EuiccCall, profile: ProfileDetails, payment: Payment): void {
  if (payment === "not-paid" || call.args.has("irrevocable")) return;
  const why =
    payment === "paid"
      ? "was paid for and can never be installed again"
      : "may have been paid for (esimd's own files do not say), and then it could never be installed again";
  throw new EsimdError("not_confirmed", `the profile ${named(profile)} ${why}; nothing was deleted`, {
    hint: "Give --irrevocable as well, if that is what you want.",
  });
}

async function requireTyped(call: EuiccCall, profile: ProfileDetails): Promise<void> {
  const { context, args, progress, signal } = call;
  const given = args.text("confirm");
  if (given === undefined && !canAsk(context)) {
    throw new EsimdError(
      "not_confirmed",
      `deleting the profile ${named(profile)} cannot be undone, and it was not confirmed`,
      { hint: "Give --confirm with the whole ICCID (--yes is not enough)." },
    );
  }
  progress.done();
  const typed =
    given ?? (await ask(context, `Deleting ${named(profile)} cannot be undone. Type its whole ICCID: `, signal));
  if (isSame(typed, profile)) return;
  throw new EsimdError(
    "not_confirmed",
    `what was ${given === undefined ? "typed" : "given with --confirm"} is not the ICCID of the profile ${named(profile)}; nothing was deleted`,
  );
}

function isSame(typed: string, { iccid }: ProfileDetails): boolean {
  try {
    return parseIccid(typed, "the confirmation") === iccid;
  } catch {
    // Not an ICCID at all, so not this one.
    return false;
  }
}

function verb(action: "enable" | "disable"): string {
  return action === "enable" ? "Enabling" : "Disabling";
}

/** A profile for people: its name where it has one, and enough of its ICCID. */
function named({ iccid, nickname, name }: ProfileDetails): string {
  const known = nickname ?? name;
  return known === undefined ? maskIdentifiers(iccid) : `"${oneLine(known)}" (${maskIdentifiers(iccid)})`;
}
