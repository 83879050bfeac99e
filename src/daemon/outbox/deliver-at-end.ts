import type { Clock } from "../../base/clock.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import type { Config } from "../config/config.js";
import { type Outside, realOutside } from "../outside.js";
import { configuredSinks } from "./put-report.js";

/** Nobody waits longer than this for a command that is done. */
const longestMs = 10_000;

/** Of a command that ran once: the report that lies in the outbox goes out now if it can, else by the daemon or the next call. */
export async function deliverAtEnd(
  parts: {
    readonly config: Config;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
    readonly outside?: Outside;
  },
  signal: AbortSignal,
): Promise<void> {
  const { config, clock, random, log, outside = realOutside } = parts;
  if (configuredSinks(config).length === 0 || signal.aborted) return;
  // Most commands that run once have nobody to deliver to.
  const [{ createSinks }, { deliverOnce }, { outboxOf }] = await Promise.all([
    import("./create-sinks.js"),
    import("./delivery.js"),
    import("./outbox-of.js"),
  ]);
  const { disk, processes, openTransport } = outside;
  const { sinks } = await createSinks({ ...parts, openTransport, as: { kind: "command" } });
  const outbox = outboxOf({ config, outside, clock, log });
  await deliverOnce(
    { outbox, sinks, disk, processes, clock, random, log, stateDir: config.stateDir },
    longestMs,
    signal,
  );
}
