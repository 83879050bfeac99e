import { deadlineSignal } from "../base/deadline.js";
import { EsimdError } from "../base/errors.js";
import { createRedactor } from "../base/logging.js";
import { connectFound } from "../daemon/connect-found.js";
import { realHostClock, setSystemClock } from "../daemon/host-clock.js";
import { planClock } from "../daemon/set-clock.js";
import { Whereabouts } from "../daemon/whereabouts.js";
import type { HostClock } from "../provision/host-clock.js";
import { realHost } from "../serial/host-roots.js";
import type { Command } from "./command.js";
import { commonFlags, configFor, everyFlag, oneShotDefaults, openLog } from "./common-flags.js";
import { recordFlag, recordingOf } from "./recording.js";

/** What a test puts in the place of the host's own. */
export interface ClockSeams {
  readonly hostClock?: HostClock;
  readonly set?: (epochMs: number, signal: AbortSignal) => Promise<void>;
}

/** The unit's own start timeout is longer. */
const budgetMs = 150_000;

/** `esimd clock`: what is to be done about the host's clock, and with `--set-from-modem` does it. The only command that sets it. */
export function createClockCommand(seams: ClockSeams = {}): Command {
  return {
    name: "clock",
    summary: "whether the host's clock can be trusted; as root, set it by the modem's",
    positionals: "",
    flags: {
      ...commonFlags(...everyFlag),
      ...recordFlag,
      "set-from-modem": {
        type: "boolean",
        help: "Set the host's clock by the modem's, if it is not synchronised and not within a day of it.",
      },
    },
    run: async (context, args) => {
      const { config } = configFor(context, args, { ...oneShotDefaults, "api.provider": "none" });
      const { port: named, wakeWaitMs } = config.modem;
      if (named === undefined) throw new EsimdError("usage", "no port is given", { hint: "Give --port." });
      const log = openLog(context, config, createRedactor());
      const { clock, random, host = realHost } = context;
      const timeoutMs = Math.min(config.deadlineMs, budgetMs);
      const recording = await recordingOf(context, args, named, log);
      const modemManager = { inhibit: config.modem.inhibitModemManager };
      const own = { host, clock, random, log, wakeMs: wakeWaitMs, modemManager };
      const session = { ...own, ...(recording.open && { open: recording.open }) };
      const bound = deadlineSignal({ clock, timeoutMs, signal: context.signal, what: "esimd clock" });
      try {
        const line = await connectFound(new Whereabouts(named, host), session, bound.signal);
        try {
          const parts = { clock, hostClock: seams.hostClock ?? realHostClock, line };
          const { setToMs, why } = await planClock(parts, bound.signal);
          const sets = args.has("set-from-modem") && setToMs !== undefined;
          if (sets) await (seams.set ?? setSystemClock)(setToMs, bound.signal);
          const wanted = setToMs === undefined ? null : new Date(setToMs).toISOString();
          if (args.has("json"))
            context.stdout(`${JSON.stringify({ schema: "esimd.clock/1", wanted, set: sets, why })}\n`);
          else context.stdout(`${sentence(wanted, sets)}: ${why}\n`);
          return 0;
        } finally {
          await line.channel.close();
        }
      } finally {
        bound.release();
        recording.finish();
      }
    },
  };
}

function sentence(wanted: string | null, sets: boolean): string {
  if (wanted === null) return "the clock is left alone";
  return sets ? `the clock was set to ${wanted}` : `with --set-from-modem the clock would be set to ${wanted}`;
}

export const clockCommand: Command = createClockCommand();
