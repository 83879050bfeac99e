import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Sockets of a process that wait for others: TCP and UDP that are bound, and Unix ones that listen (proc_pid_fd(5), proc_net(5)). */
export function listeningSockets(pid: number): readonly string[] {
  const inodes = new Set(
    namesIn(`/proc/${pid}/fd`).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1] ?? []),
  );
  const net = (name: string): readonly string[][] =>
    textOf(`/proc/${pid}/net/${name}`)
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/));
  const tcp = ["tcp", "tcp6"].flatMap((name) =>
    net(name).flatMap(([, local, , state, , , , , , inode = ""]) =>
      state === "0A" && inodes.has(inode) ? [`${name} ${local}`] : [],
    ),
  );
  // Not connected (07) is how a UDP socket is that takes what anybody sends.
  const udp = ["udp", "udp6"].flatMap((name) =>
    net(name).flatMap(([, local, , state, , , , , , inode = ""]) =>
      state === "07" && inodes.has(inode) ? [`${name} ${local}`] : [],
    ),
  );
  const accepts = 0x10000;
  const unix = net("unix").flatMap(([, , , flags = "0", , , inode = "", path = ""]) =>
    (Number.parseInt(flags, 16) & accepts) !== 0 && inodes.has(inode) ? [`unix ${path}`] : [],
  );
  return [...tcp, ...udp, ...unix];
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
