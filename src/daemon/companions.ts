import type { Clock } from "../base/clock.js";
import type { Log } from "../base/logging.js";
import type { Random } from "../base/random.js";
import type { Hints } from "../provision/hints.js";
import type { HostRoots } from "../serial/host-roots.js";
import { listenForCallbacks } from "./callbacks/listener.js";
import type { Config } from "./config/config.js";
import { openControlSocket } from "./control/companion.js";
import type { ControlRoutes } from "./control/routes.js";
import type { DaemonEvents } from "./events.js";
import type { Modems } from "./modems.js";
import { openReports } from "./outbox/companion.js";
import type { Outside } from "./outside.js";
import { openNotifier } from "./systemd/notifier.js";

/** What the daemon is to those that live beside its modems. */
export interface Daemon {
  /** As it was loaded last: a reload changes it. */
  readonly config: () => Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly host: HostRoots;
  readonly outside: Outside;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly events: DaemonEvents;
  readonly modems: Modems;
  /** The one modem that this process is for (`--modem`), beside the processes of others. */
  readonly only?: string;
  /** What the control socket serves; a companion adds what it has to show. */
  readonly routes: ControlRoutes;
  /** Loads the configuration anew, as SIGHUP does. @throws EsimdError when it cannot be taken up; then the daemon goes on with the one it has. */
  readonly reload: () => Promise<void>;
  /** Lets the runs that are on their way end, begins none, and then ends the daemon, as SIGUSR2 does. Returns at once. */
  readonly drain: () => void;
  /** What the provider's callbacks say has changed; runs that wait for it listen. */
  readonly hints: Hints;
}

/** Something that lives beside the modems for as long as the daemon runs: the control socket, the sinks of reports, systemd's notifier. */
export interface Companion {
  /** Ends it within its own deadline; what it still has to say by then is said, or kept for the next start. */
  readonly close: () => Promise<void>;
  /** Takes up a configuration that was loaded anew; left out by what has nothing to take up. */
  readonly reload?: () => Promise<void>;
}

/** @throws EsimdError when it cannot work as it is configured: then the daemon does not start. */
export type OpenCompanion = (daemon: Daemon, signal: AbortSignal) => Promise<Companion>;

/** systemd hears of it first and last. Opened in this order before the first modem is served, and closed in the other. */
export const companions: readonly OpenCompanion[] = [openNotifier, openControlSocket, openReports, listenForCallbacks];
