import { AtChannel } from "../../src/at/channel.js";
import { systemClock } from "../../src/base/clock.js";
import { parseSmdpAddress } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import type { Served } from "../../src/emulator/smdp/fake-smdp.js";
import type { FakeWorld } from "../../src/emulator/world.js";
import { noSegmentMemory } from "../../src/lpa/apdu/segment-size.js";
import { createEs9PlusClient } from "../../src/lpa/es9plus/client.js";
import { HostLpa } from "../../src/lpa/host-lpa.js";
import type { DownloadRequest } from "../../src/lpa/lpa.js";
import { bringUp } from "../../src/modem/bring-up.js";
import { openPort } from "../../src/serial/open.js";
import { countTurns, downloadStep, type Tally, tally } from "./exchanges.js";
import { inSetting, type Setting } from "./setting.js";
import { es10ExchangesOf, forcedExchanges, modemSegmentBytes, sessionOf } from "./time/session.js";
import { WireTap } from "./wire-tap.js";

/** The download step of our own LPA, counted at the byte port: from opening the channel to the install result. */

export interface DownloadFigures extends Tally {
  readonly setting: Setting;
  /** Those that the package's own structure forces, with segments of this size (time/session.ts). */
  readonly forcedExchanges: number;
  /** ES9+ requests, from the first to the one that carries the install result. */
  readonly requests: number;
  /** What the SM-DP+ itself took for them. */
  readonly smdpMs: number;
}

const never = new AbortController().signal;
const clock = systemClock;
const log = silentLog;

/** @throws the session's error when the profile was not installed: then there is nothing to count. */
export function measureDownload(setting: Setting): Promise<DownloadFigures> {
  const served: Served[] = [];
  const figures = async (world: FakeWorld): Promise<DownloadFigures> => {
    world.smdp.placeOrder(world.modem.euicc.eid);
    const tap = new WireTap(await openPort(world.port, never));
    const line = { channel: new AtChannel(tap, clock, log), clock, random: seededRandom(3) };
    const es9Plus = await createEs9PlusClient({ ...line, ciRoots: [world.smdp.ciRootPem], log });
    try {
      await bringUp(line, 5_000, never);
      const before = tap.turns.length;
      const segments = { ...noSegmentMemory, recall: () => Promise.resolve(setting.segmentBytes) };
      const lpa = new HostLpa({ line, es9Plus, imei: undefined, segments, clock, log });
      const session = await lpa.download(orderOf(world), never);
      if (session.reported !== "installed") throw session.error ?? new Error("the download did not end");
      const turns = tap.turns.slice(before);
      const exchanges = es10ExchangesOf(sessionOf(turns));
      const hostFetches = turns.some(({ received }) => /\+C(?:GLA|SIM): ?\d+,"(?:\w\w)*61\w\w"/.test(received));
      const segmentBytes = setting.segmentBytes ?? modemSegmentBytes;
      return {
        setting,
        ...tally(downloadStep(countTurns(turns))),
        forcedExchanges: forcedExchanges(exchanges, { segmentBytes, hostFetches }),
        requests: served.length,
        smdpMs: Number(served.reduce((sum, { tookMs }) => sum + tookMs, 0).toFixed(1)),
      };
    } finally {
      await line.channel.close();
      await es9Plus.close();
    }
  };
  return inSetting(setting, figures, (one) => served.push(one));
}

function orderOf(world: FakeWorld): DownloadRequest {
  return {
    activationCode: {
      smdpAddress: parseSmdpAddress(world.smdpAddress, "the bench"),
      matchingId: undefined,
      smdpOid: undefined,
      confirmationCodeRequired: false,
    },
    confirmationCode: undefined,
    expectedIccid: undefined,
    timeoutMs: 60_000,
    onOffer: () => Promise.resolve(),
    onProgress: () => undefined,
  };
}
