import type { Clock } from "../../base/clock.js";
import type { EsimdError } from "../../base/errors.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import type { HostClock } from "../../provision/host-clock.js";
import type { HostRoots } from "../../serial/host-roots.js";
import type { OpenPort } from "../../serial/port.js";
import type { Config } from "../config/config.js";
import type { Accounts } from "./accounts.js";
import type { StateDisk } from "./state-disk.js";

/** All that the doctor sees of the world; a test plants its faults here. */
export interface Surroundings {
  /** Where `problems` has any: the defaults and the flags alone. */
  readonly config: Config;
  /** What is wrong with the configuration. */
  readonly problems: readonly EsimdError[];
  readonly clock: Clock;
  readonly hostClock: HostClock;
  readonly random: Random;
  readonly log: Log;
  readonly host: HostRoots;
  readonly open: OpenPort;
  readonly disk: StateDisk;
  readonly accounts: Accounts;
}
