import { randomUUID } from "node:crypto";
import type { OpenHttpTransport } from "../api/transport.js";
import type { OpenEs9Exchange } from "../lpa/es9plus/client.js";
import { type Disk, realDisk } from "../provision/store/disk.js";
import { type Processes, realProcesses } from "../provision/store/lock.js";

/**
 * What a run asks of the world besides the modem's port: disk, other processes, HTTPS. A device has the real ones; a simulation brings
 * its own, and sees by them every step that leaves the process.
 */
export interface Outside {
  readonly disk: Disk;
  readonly processes: Processes;
  /** A name for a new intent, unique for ever. */
  readonly newId: () => string;
  /** To the provider; over undici when left out. */
  readonly openTransport?: OpenHttpTransport;
  /** To an SM-DP+; over undici and the GSMA roots when left out. */
  readonly openExchange?: OpenEs9Exchange;
  /** The GSMA roots of a folder, as PEM; from the disk when left out. */
  readonly loadRoots?: (folder: string) => Promise<readonly string[]>;
}

export const realOutside: Outside = { disk: realDisk, processes: realProcesses, newId: randomUUID };
