import type { Clock } from "../base/clock.js";
import type { Log } from "../base/logging.js";
import type { Random } from "../base/random.js";
import { createEs9PlusClient, type Es9PlusClient, type OpenEs9Exchange } from "../lpa/es9plus/client.js";
import { loadCiRoots } from "../lpa/es9plus/trust.js";
import type { Config } from "./config/config.js";

export interface LazyEs9Plus {
  readonly get: () => Promise<Es9PlusClient>;
  readonly close: () => Promise<void>;
}

/** The way to an SM-DP+. The roots are read only when it is first needed: a provisioned device needs none. */
export function lazyEs9Plus(parts: {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Over HTTPS when left out. */
  readonly openExchange?: OpenEs9Exchange | undefined;
  readonly loadRoots?: ((folder: string) => Promise<readonly string[]>) | undefined;
}): LazyEs9Plus {
  const { config, clock, random, log, openExchange, loadRoots = loadCiRoots } = parts;
  let client: Promise<Es9PlusClient> | undefined;
  const open = async (): Promise<Es9PlusClient> =>
    createEs9PlusClient({
      ciRoots: await loadRoots(config.ciRoots),
      pins: config.download.smdpPins,
      clock,
      random,
      log,
      openExchange,
    });
  return {
    get: () => {
      client ??= open();
      return client;
    },
    close: async () => {
      const opened = await client?.catch(() => undefined);
      await opened?.close();
    },
  };
}
