import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { EsimdError } from "../../base/errors.js";
import { realProcesses } from "../../provision/store/lock.js";
import { parsePortAddress } from "../../serial/address.js";
import {
  modemManagerName,
  type PortHolders,
  portHeld,
  portHolders,
  udevRuleHint,
} from "../../serial/exclusive/holders.js";
import { managementOfPort } from "../../serial/modem-manager.js";
import { type Check, type Examination, found, type Outcome, skipped, well } from "./check.js";
import type { Surroundings } from "./surroundings.js";

/** Who else is at the port. */

export const holder: Check = {
  name: "holder",
  asks: "Does another program hold the port, and which?",
  knows:
    "Lock files, flock, and who has the device open, as far as this user may look into other processes. An esimd that works on the port is no fault: the modem is left to it. ModemManager is the next check's.",
  codes: ["port_busy"],
  needs: ["port"],
  after: [],
  timeoutMs: 60_000,
  run: async (examination): Promise<Outcome> => {
    const device = ttyOf(examination);
    if (device === undefined) return well("the port is a socket");
    const { host } = examination.surroundings;
    const seen = await portHolders(device, host);
    const working = await workingEsimd(examination.surroundings);
    const own = seen.holders.find(({ pid }) => working.has(pid));
    if (own !== undefined) {
      const why = `esimd works on ${device} at the moment (pid ${own.pid}); the modem and the eUICC are left to it`;
      return skipped(why, { notable: true });
    }
    const others: PortHolders = { ...seen, holders: seen.holders.filter(({ name }) => name !== modemManagerName) };
    const [first] = others.holders;
    if (first === undefined) return well();
    if (first.evidence !== "open") return found(portHeld(device, others));
    // Whoever plays a pseudo-terminal has both its ends open, as an emulated modem's process does.
    if (await isPseudoTerminal(device, host.dev)) return well();
    const held = portHeld(device, others);
    const message = `${held.message} without a lock: what the modem says may go there`;
    return found(new EsimdError("port_busy", message, { hint: held.hint }), "warning");
  },
};

export const modemManager: Check = {
  name: "modem-manager",
  asks: "Does ModemManager work with this modem?",
  knows:
    "What udev and sysfs say, by ModemManager's own rules. While it does not have this port open, that is a warning. Where modem.inhibit_modem_manager is `auto`, a run asks it to let go; whether it agrees shows in a run only, since the doctor asks it for nothing and takes no port from it.",
  codes: ["port_managed"],
  needs: ["port"],
  after: [],
  timeoutMs: 60_000,
  run: async (examination): Promise<Outcome> => {
    const device = ttyOf(examination);
    if (device === undefined) return well("the port is a socket");
    const { host, config } = examination.surroundings;
    const management = await managementOfPort(device, host);
    if (management.kind === "left-alone") return well(`ModemManager leaves it alone because of ${management.why}`);
    const holds = (await portHolders(device, host)).holders.find(({ name }) => name === modemManagerName);
    if (management.kind === "not-running" && holds === undefined) return well("ModemManager does not run");
    const pid = management.kind === "managed" ? management.pid : holds?.pid;
    const does = holds === undefined ? "works with the modem on" : "works with the modem and has open";
    const asks = config.modem.inhibitModemManager === "auto";
    const then = asks
      ? "a run asks it to let go, and links over the modem end with that"
      : "modem.inhibit_modem_manager is never, so that it may take the port at any moment";
    const message = `ModemManager${pid === undefined ? "" : ` (pid ${pid})`} ${does} ${device}; ${then}`;
    const error = new EsimdError("port_managed", message, { hint: udevRuleHint });
    return found(error, holds === undefined ? "warning" : "error");
  },
};

export function ttyOf({ facts }: Examination): string | undefined {
  const address = parsePortAddress(facts.port ?? "");
  return address.kind === "tty" ? address.path : undefined;
}

async function isPseudoTerminal(path: string, dev: string): Promise<boolean> {
  const device = await realpath(path).catch(() => path);
  return device.startsWith("/dev/pts/") || device.startsWith(`${dev}/pts/`);
}

/** The processes that hold the lock of an eUICC's journal: esimd at work (provision/store/lock.ts). */
async function workingEsimd({ config, disk }: Surroundings): Promise<ReadonlySet<number>> {
  const folder = join(config.stateDir, "euicc");
  const names = await disk.names(folder).catch(() => []);
  const locks = await Promise.all(names.map((name) => disk.read(join(folder, name, "lock")).catch(() => undefined)));
  const pids = locks.flatMap((text) => {
    const [pid = "", birth = ""] = (text ?? "").trim().split(" ");
    return /^\d+$/.test(pid) && birth !== "" && realProcesses.birthOf(Number(pid)) === birth ? [Number(pid)] : [];
  });
  return new Set(pids);
}
