import { realpath, stat } from "node:fs/promises";
import { basename } from "node:path";
import { EsimdError } from "../../base/errors.js";
import type { Accounts } from "./accounts.js";

/** Why a device may not be opened, and what to do: which group has it, and whether the user is in that group. */
export async function explainForbidden(error: EsimdError, path: string, accounts: Accounts): Promise<EsimdError> {
  const device = await stat(path).catch(() => undefined);
  if (device === undefined) return error;
  const group = await accounts.group(device.gid);
  const target = await realpath(path).catch(() => path);
  const { said, hint } = permissionAdvice({
    subsystem: [path, target].some((one) => wwanPort.test(basename(one))) ? "wwan" : "tty",
    groupName: group?.name,
    gid: device.gid,
    groupMayWrite: (device.mode & 0o060) === 0o060,
    userName: accounts.userName,
    inSession: accounts.gids.includes(device.gid),
    inFile: group?.members.includes(accounts.userName) === true,
  });
  const mode = (device.mode & 0o777).toString(8).padStart(4, "0");
  return new EsimdError("port_forbidden", `${error.message}: its mode is ${mode}, ${said}`, { cause: error, hint });
}

/** `/dev/wwan0at0`, as the kernel's WWAN class names its ports (drivers/net/wwan/wwan_core.c). */
const wwanPort = /^wwan\d+[a-z]+\d+$/;

/** udev's rules give a group to every tty of its own accord, and to no port of the WWAN class. */
const groupRules = {
  tty: 'SUBSYSTEM=="tty", …, GROUP="dialout", MODE="0660"',
  wwan: 'SUBSYSTEM=="wwan", KERNEL=="wwan*at*", GROUP="dialout", MODE="0660" (esimd\'s 77-esimd-ports.rules has it)',
} as const;

export interface PermissionFacts {
  readonly subsystem: keyof typeof groupRules;
  readonly groupName: string | undefined;
  readonly gid: number;
  /** Read and write. */
  readonly groupMayWrite: boolean;
  readonly userName: string;
  /** This process has the group. */
  readonly inSession: boolean;
  /** /etc/group has the user in it. */
  readonly inFile: boolean;
}

/** Pure. */
export function permissionAdvice(facts: PermissionFacts): { readonly said: string; readonly hint: string } {
  const { subsystem, gid, groupMayWrite, userName, inSession, inFile } = facts;
  const name = facts.groupName ?? String(gid);
  const owned = `its group ${name}`;
  if (!groupMayWrite || gid === 0) {
    return {
      said: `${owned}, and that opens it to no user but its owner`,
      hint: `Give it a group by a udev rule: ${groupRules[subsystem]}; then add the user to that group.`,
    };
  }
  if (inSession) {
    return {
      said: `${owned}, and ${userName} is in that group`,
      hint: "Something else forbids it: a unit's or a container's list of devices (DeviceAllow=, --device), or a security module.",
    };
  }
  if (inFile) {
    return {
      said: `${owned}, which ${userName} was added to after this session began`,
      hint: "Log in anew, or restart the service: a process keeps the groups that it began with.",
    };
  }
  return {
    said: `${owned}, and ${userName} is not in that group`,
    hint: `Add the user to it: usermod -aG ${name} ${userName}, then log in anew. A systemd unit has SupplementaryGroups=${name} for it.`,
  };
}
