import { EsimdError } from "../../base/errors.js";
import { type Iccid, maskIdentifiers } from "../../base/identifiers.js";
import type { Es10Channel } from "../apdu/es10-channel.js";
import { decodeProfileInfoList, encodeGetProfilesInfo, profileField } from "../es10/profile-info.js";
import {
  decodeOperationResult,
  encodeDeleteProfile,
  encodeDisableProfile,
  encodeEnableProfile,
  encodeSetNickname,
} from "../es10/profile-operations.js";
import { becauseOf } from "../es10/result-sentences.js";
import { tags } from "../es10/tags.js";
import type { InstalledProfile, ProfileDetails } from "../lpa.js";

/** Profiles on the eUICC by ES10c: the list, and what can be done to one of them (SGP.22 5.7.15 to 5.7.21). */

export async function listProfiles(isdR: Es10Channel, signal: AbortSignal): Promise<readonly InstalledProfile[]> {
  const answer = await isdR.command(encodeGetProfilesInfo([tags.iccid, profileField.state]), signal);
  return decodeProfileInfoList(answer).map(({ iccid, state }) => ({ iccid, enabled: state === "enabled" }));
}

const describedFields = [
  tags.iccid,
  profileField.state,
  profileField.nickname,
  profileField.serviceProvider,
  profileField.name,
  profileField.profileClass,
];

export async function describeProfiles(isdR: Es10Channel, signal: AbortSignal): Promise<readonly ProfileDetails[]> {
  const answer = await isdR.command(encodeGetProfilesInfo(describedFields), signal);
  return decodeProfileInfoList(answer).map(({ iccid, state, nickname, serviceProvider, name, profileClass }) => ({
    iccid,
    enabled: state === "enabled",
    nickname,
    provider: serviceProvider,
    name,
    profileClass,
  }));
}

/** What the switch did: `switched` is followed by a REFRESH that restarts the card, and with it goes every channel. */
export type SwitchEnd = "switched" | "was-so";

/** @throws EsimdError `modem_busy`, `profile_unknown`, `enable_failed`. */
export async function enableProfile(isdR: Es10Channel, iccid: Iccid, signal: AbortSignal): Promise<SwitchEnd> {
  const command = encodeEnableProfile({ id: { by: "iccid", iccid }, refresh: true });
  const result = decodeOperationResult(tags.enableProfile, await isdR.command(command, signal));
  if (result === "ok") return "switched";
  if (result === "profileNotInDisabledState") return "was-so";
  if (result === "catBusy") throw busy("switch");
  throw new EsimdError("enable_failed", `the eUICC does not enable the profile, because ${becauseOf(result)}`);
}

/** @throws EsimdError `modem_busy`, `profile_unknown`, `profile_refused`. */
export async function disableProfile(isdR: Es10Channel, iccid: Iccid, signal: AbortSignal): Promise<SwitchEnd> {
  const command = encodeDisableProfile({ id: { by: "iccid", iccid }, refresh: true });
  const result = decodeOperationResult(tags.disableProfile, await isdR.command(command, signal));
  if (result === "ok") return "switched";
  if (result === "profileNotInEnabledState") return "was-so";
  throw refusal("disable", iccid, result);
}

/** @throws EsimdError `profile_unknown`, `profile_state` while it is enabled, `profile_refused`. */
export async function deleteProfile(isdR: Es10Channel, iccid: Iccid, signal: AbortSignal): Promise<void> {
  const answer = await isdR.command(encodeDeleteProfile({ by: "iccid", iccid }), signal);
  const result = decodeOperationResult(tags.deleteProfile, answer);
  if (result !== "ok") throw refusal("delete", iccid, result);
}

/** @throws EsimdError `profile_unknown`, `profile_refused`. */
export async function setNickname(
  isdR: Es10Channel,
  iccid: Iccid,
  nickname: string,
  signal: AbortSignal,
): Promise<void> {
  const result = decodeOperationResult(
    tags.setNickname,
    await isdR.command(encodeSetNickname(iccid, nickname), signal),
  );
  if (result !== "ok") throw refusal("rename", iccid, result);
}

function busy(what: string): EsimdError {
  return new EsimdError("modem_busy", `the eUICC cannot ${what} now: its card application toolkit is busy`);
}

function refusal(operation: string, iccid: Iccid, result: string): EsimdError {
  if (result === "catBusy") return busy(operation);
  const sentence = `the eUICC does not ${operation} the profile ${maskIdentifiers(iccid)}, because ${becauseOf(result)}`;
  if (result === "iccidOrAidNotFound" || result === "iccidNotFound") return new EsimdError("profile_unknown", sentence);
  if (result === "profileNotInDisabledState") return new EsimdError("profile_state", sentence);
  return new EsimdError("profile_refused", sentence);
}
