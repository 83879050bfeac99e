import { isEsimdError } from "../../base/errors.js";
import type { Companion, Daemon, OpenCompanion } from "../companions.js";
import type { SocketWish } from "../config/config.js";
import { whoAnswers } from "./client.js";
import { addEndpoints } from "./endpoints.js";
import { EventHistory } from "./event-history.js";
import type { DaemonPhaseForm } from "./forms.js";
import { Lateness } from "./lateness.js";
import { listenAt } from "./listen.js";
import { type ControlServer, createControlServer } from "./server.js";

/** The control socket: HTTP and JSON for whoever may open it, by which a person or a program on this machine looks and acts. */
export const openControlSocket: OpenCompanion = async (daemon) => {
  const { clock, outside, routes, log } = daemon;
  const wish = daemon.config().daemon.socket;
  if (wish.kind === "none") return { close: async () => undefined };

  const life = outside.newId().replaceAll("-", "").slice(0, 8);
  const events = new EventHistory(/^[0-9a-f]{1,16}$/.test(life) ? life : Math.trunc(clock.nowMs()).toString(16));
  const lateness = new Lateness(clock);
  let phase: DaemonPhaseForm = "starting";
  const unsubscribe = daemon.events.subscribe((event) => {
    if (event.kind === "daemon") phase = event.is;
    lateness.note(event);
    events.add(event);
  });
  const removeRoutes = addEndpoints({
    daemon,
    events,
    lateness,
    phase: () => phase,
    sinceMs: clock.nowMs(),
    pid: outside.processes.ownPid,
  });
  const leave = (): void => {
    removeRoutes();
    unsubscribe();
  };
  const server = createControlServer({ routes, clock, log });
  try {
    const giveUpName = await listen(daemon, wish, server);
    return { ...closing(server, leave, giveUpName), reload: async () => noteMove(daemon, wish) };
  } catch (error) {
    leave();
    // Where nobody asked for one, as by hand without root: what a daemon is for goes on without.
    if (wish.kind !== "default" || !isEsimdError(error, "socket_unusable")) throw error;
    log.warn({ error }, "there is no control socket; daemon.socket names a place for one, or none");
    return { close: async () => undefined };
  }
};

async function listen(
  { outside, clock, log }: Daemon,
  wish: Exclude<SocketWish, { kind: "none" }>,
  server: ControlServer,
): Promise<() => Promise<void>> {
  const { path } = wish;
  const { disk, processes } = outside;
  const whoIs = (at: string): Promise<string | undefined> => whoAnswers(at, clock);
  const giveUp = await listenAt(server.http, {
    path,
    makesFolder: wish.kind === "default",
    disk,
    processes,
    clock,
    whoIs,
  });
  server.http.on("error", (error) => log.error({ error, path }, "the control socket failed"));
  log.info({ path }, "the control socket is open");
  return giveUp;
}

function closing(server: ControlServer, leave: () => void, giveUpName: () => Promise<void>): Companion {
  return {
    close: async () => {
      await server.close();
      leave();
      await giveUpName();
    },
  };
}

/** Its clients are connected where it is: it moves with the next start. */
function noteMove({ config, log }: Daemon, had: SocketWish): void {
  const wish = config().daemon.socket;
  if (pathOf(wish) !== pathOf(had))
    log.warn({ had: pathOf(had), wanted: pathOf(wish) }, "daemon.socket was changed: restart esimd to move the socket");
}

function pathOf(wish: SocketWish): string {
  return wish.kind === "none" ? "none" : wish.path;
}
