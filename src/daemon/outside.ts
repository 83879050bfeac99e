import { randomUUID } from "node:crypto";
import type { OpenHttpTransport } from "../api/transport.js";
import type { OpenEs9Exchange } from "../lpa/es9plus/client.js";
import type { HostClock } from "../provision/host-clock.js";
import type { Reach } from "../provision/reach.js";
import { type Disk, realDisk } from "../provision/store/disk.js";
import { type Processes, realProcesses } from "../provision/store/lock.js";
import { realHostClock } from "./host-clock.js";
import { reachByNetwork } from "./reach.js";

/**
 * What a run asks of the world besides the modem's port: disk, other processes, HTTPS. A device has the real ones; a simulation brings
 * its own, and sees by them every step that leaves the process.
 */
export interface Outside {
  readonly disk: Disk;
  readonly processes: Processes;
  /** A name for a new intent, unique for ever. */
  readonly newId: () => string;
  /** What is known of this device's clock besides the time. */
  readonly hostClock: HostClock;
  /** Whether this device's network gets to a server. */
  readonly reach: Reach;
  /** To the provider; over undici when left out. */
  readonly openTransport?: OpenHttpTransport;
  /** To an SM-DP+; over HTTPS and the GSMA roots when left out. */
  readonly openExchange?: OpenEs9Exchange;
  /** The GSMA roots of a folder, as PEM; from the disk when left out. */
  readonly loadRoots?: (folder: string) => Promise<readonly string[]>;
}

export const realOutside: Outside = {
  disk: realDisk,
  processes: realProcesses,
  newId: randomUUID,
  hostClock: realHostClock,
  reach: reachByNetwork,
};
