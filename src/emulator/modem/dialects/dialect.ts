/** What a family of modems is, to the emulator: who it says it is, and the eSIM commands of its own. */

import type { Clock } from "../../../base/clock.js";
import type { CommandTable } from "../command-set.js";
import type { ModemIdentity } from "../commands/basic.js";
import type { Registration } from "../registration.js";
import type { Sim } from "../sim.js";
import type { World, WorldInput } from "../world-options.js";
import type { DownloadRunner } from "./download.js";
import type { LpaOperations } from "./lpa-operations.js";
import type { Es9Post } from "./own-network.js";
import type { ModemStyle } from "./style.js";

/** The parts of the modem that a dialect works with. */
export interface DialectParts {
  readonly clock: Clock;
  readonly sim: Sim;
  readonly registration: Registration;
  readonly operations: LpaOperations;
  readonly downloads: DownloadRunner;
  /** ES9+ by the modem's own network. */
  readonly ownNetwork: (smdpAddress: string, signal: AbortSignal) => Es9Post;
  readonly world: () => World;
  readonly emit: (urc: string) => void;
}

/** A dialect at work in one modem. */
export interface DialectSession {
  readonly commands: CommandTable;
  readonly isDownloading: () => boolean;
  /** The modem's LPA keeps the ISD-R to itself, so that no host selects it. */
  readonly holdsIsdR?: () => boolean;
  /** Power is gone: a running download is given up. */
  readonly powerOff: () => void;
  /** The modem starts again. */
  readonly powerOn?: () => void;
}

export interface FakeDialect {
  readonly name: string;
  readonly summary: string;
  readonly identity: ModemIdentity;
  /** Where it differs from the plain style. */
  readonly style?: Partial<ModemStyle>;
  /** What of the world is otherwise around this family when neither a scenario nor the caller says so. */
  readonly world?: WorldInput;
  readonly start: (parts: DialectParts) => DialectSession;
}
