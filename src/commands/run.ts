import { createRedactor } from "../base/logging.js";
import { provisionOnce } from "../daemon/provisioner.js";
import { requirePort, serve } from "../daemon/service.js";
import { Whereabouts } from "../daemon/whereabouts.js";
import { realHost } from "../serial/host-roots.js";
import type { Command } from "./command.js";
import { commonFlags, configFor, openLog, runFlags, warnOfCredentials } from "./common-flags.js";

/** `esimd run`: the daemon, for the configured modem. It logs; each report goes to the status file and, with `--json`, to stdout. */
export const runCommand: Command = {
  name: "run",
  summary: "the daemon: keep the configured modem provisioned until stopped",
  positionals: "",
  flags: commonFlags(...runFlags),
  run: async (context, args) => {
    const { config } = configFor(context, args);
    const port = requirePort(config.modem.port);
    const log = openLog(context, config, createRedactor());
    warnOfCredentials(log, config);
    const { clock, random, signal, host = realHost } = context;
    const whereabouts = new Whereabouts(port, host);
    log.info({ port }, "esimd serves this port");
    await serve(
      {
        port,
        clock,
        random,
        log,
        pollLongestMs: config.defaultSmdp.pollLongestMs,
        isPresent: () => whereabouts.isAny(),
        presence: () => whereabouts.presence(),
        provision: (bounded) =>
          provisionOnce(
            {
              config,
              port,
              whereabouts,
              host,
              clock,
              random,
              log,
              observe: (seen) => {
                if (seen.kind === "state") log.info({ port, state: seen.state }, seen.sentence);
                else
                  log.debug(
                    { port, stage: seen.stage, doneBytes: seen.doneBytes, totalBytes: seen.totalBytes },
                    "downloading",
                  );
              },
            },
            bounded,
          ),
        onResult: ({ report }) => {
          const { state, changed, eid, iccid, error } = report;
          log.info({ port, state, changed, eid, iccid, ...(error === null ? {} : { error }) }, "a run ended");
          if (args.has("json")) context.stdout(`${JSON.stringify(report)}\n`);
        },
      },
      signal,
    );
    log.info({ port }, "esimd stops");
    return 0;
  },
};
