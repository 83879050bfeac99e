import { createRedactor } from "../base/logging.js";
import { type DaemonConfig, loadDaemonConfig, requireModems } from "../daemon/config/daemon-config.js";
import { runDaemon } from "../daemon/daemon.js";
import { logEvents } from "../daemon/event-log.js";
import { DaemonEvents } from "../daemon/events.js";
import { realHost } from "../serial/host-roots.js";
import type { Command } from "./command.js";
import { commonFlags, loadRequestOf, openLog, runFlags, teachSecrets, warnOfCredentials } from "./common-flags.js";

/** `esimd run`: the daemon, for every configured modem. It logs; each report goes to the status file and, with `--json`, to stdout. */
export const runCommand: Command = {
  name: "run",
  summary: "the daemon: keep the configured modems provisioned until stopped",
  positionals: "",
  flags: commonFlags(...runFlags),
  run: async (context, args) => {
    const redactor = createRedactor();
    const load = (): DaemonConfig => {
      const config = requireModems(loadDaemonConfig(loadRequestOf(context, args)));
      for (const one of [config.shared, ...config.modems]) teachSecrets(redactor, one.config);
      return config;
    };
    const config = load();
    const { shared } = config;
    const log = openLog(context, shared.config, redactor);
    warnOfCredentials(log, shared.config);
    const { env, clock, random, signal, onSignal, host = realHost } = context;
    const events = new DaemonEvents(clock, log);
    events.subscribe(logEvents(log));
    if (args.has("json")) {
      events.subscribe((event) => {
        if (event.kind === "report") context.stdout(`${JSON.stringify(event.report)}\n`);
      });
    }
    await runDaemon({ config, load, env, host, clock, random, log, events, ...(onSignal && { onSignal }) }, signal);
    return 0;
  },
};
