import { userInfo } from "node:os";
import { readBounded } from "../../base/bounded-read.js";

const maxGroupFileBytes = 1024 * 1024;

/** Who this process is, and who is in which group, as far as permissions of a device need it. */
export interface Accounts {
  readonly uid: number;
  /** Every group of this process. */
  readonly gids: readonly number[];
  readonly userName: string;
  /** Undefined for a group that /etc/group does not have. */
  group(gid: number): Promise<Group | undefined>;
}

export interface Group {
  readonly name: string;
  readonly members: readonly string[];
}

export function realAccounts(): Accounts {
  const uid = process.getuid?.() ?? 0;
  return {
    uid,
    gids: [...(process.getgroups?.() ?? []), process.getegid?.() ?? 0],
    userName: nameOf(uid),
    group: async (gid) => groupIn(String(await readBounded("/etc/group", maxGroupFileBytes).catch(() => "")), gid),
  };
}

/** A user of a container or a unit with DynamicUser may have no name. */
function nameOf(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${uid}`;
  }
}

/** `dialout:x:20:alice,bob` (group(5)). Pure. */
export function groupIn(text: string, gid: number): Group | undefined {
  for (const line of text.split("\n")) {
    const [name = "", , number = "", members = ""] = line.split(":");
    if (name !== "" && number === String(gid)) return { name, members: members.split(",").filter((one) => one !== "") };
  }
  return undefined;
}
