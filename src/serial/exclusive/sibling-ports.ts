import { basename } from "node:path";
import { EsimdError } from "../../base/errors.js";
import type { HostRoots } from "../host-roots.js";
import { anchorOf } from "../ports/anchor.js";
import { discoverPorts } from "../ports/discover.js";
import { modemsOf } from "../ports/found-port.js";
import { esimdName, portHolders } from "./holders.js";

/**
 * A modem's card is one, whichever of its AT ports it is reached by: whoever looks for a free channel there closes those of another, in the
 * middle of an installation. The lock of the eUICC's journal comes too late for that, since the EID is read from the card.
 * @throws EsimdError `port_busy` while another esimd works with the modem by another of its ports.
 */
export async function refuseBesideEsimd(path: string, host: HostRoots): Promise<void> {
  const { port } = await anchorOf(path, host);
  const sysPath = port?.usb?.sysPath ?? port?.wwan?.sysPath;
  if (port === undefined || sysPath === undefined) return;
  const modem = modemsOf(await discoverPorts(host)).find((one) => one.sysPath === sysPath);
  for (const sibling of modem?.atPorts ?? []) {
    if (sibling.path === port.path) continue;
    const { holders } = await portHolders(sibling.path, host);
    const other = holders.find(({ name, pid }) => name === esimdName && pid !== process.pid);
    if (other === undefined) continue;
    throw new EsimdError(
      "port_busy",
      `the modem on ${path} is held by esimd (pid ${other.pid}), which works with it on ${basename(sibling.path)}`,
      { hint: `Another esimd works on this modem: wait until it is done, or end that one (pid ${other.pid}).` },
    );
  }
}
