import { systemClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { loadConfig } from "../../src/daemon/config/load.js";
import { provisionOnce } from "../../src/daemon/provisioner.js";
import { openPort } from "../../src/serial/open.js";
import { countTurns, type Tally, tally } from "./exchanges.js";
import { inSetting, type Setting } from "./setting.js";
import { WireTap } from "./wire-tap.js";

/** A whole run of the daemon's code on a new device, from opening the port to the report, counted at the byte port. */

export interface ProvisionFigures extends Tally {
  readonly setting: Setting;
}

/** @throws when the device does not end provisioned: then there is nothing to count. */
export function measureProvision(setting: Omit<Setting, "segmentBytes">): Promise<ProvisionFigures> {
  // The state folder is new, so that the daemon knows nothing of the modem either.
  const whole = { ...setting, segmentBytes: undefined };
  return inSetting(whole, async (world) => {
    const { config } = loadConfig({ env: world.env, overrides: [{ key: "modem.lpa", value: "host", flag: "--lpa" }] });
    const taps: WireTap[] = [];
    const { outcome } = await provisionOnce(
      {
        config,
        port: world.port,
        clock: systemClock,
        random: seededRandom(3),
        log: silentLog,
        observe: () => undefined,
        openPort: async (address, signal) => {
          const tap = new WireTap(await openPort(address, signal));
          taps.push(tap);
          return tap;
        },
      },
      new AbortController().signal,
    );
    if (outcome.state !== "provisioned") throw outcome.error ?? new Error(`the run ended ${outcome.state}`);
    return { setting: whole, ...tally(countTurns(taps.flatMap(({ turns }) => turns))) };
  });
}
