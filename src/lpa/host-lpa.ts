import type { Clock } from "../base/clock.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import type { Iccid, Imei, SmdpAddress } from "../base/identifiers.js";
import type { Log } from "../base/logging.js";
import type { ModemLine } from "../modem/exchange.js";
import { type Es10Channel, isTransportRefusal } from "./apdu/es10-channel.js";
import { largestSegment, nextSmallerSegment, type SegmentMemory } from "./apdu/segment-size.js";
import { defaultSmdpOf, freeMemoryOf, openIsdR, setDefaultSmdpOf, throughRestart } from "./card.js";
import type { Es9PlusClient } from "./es9plus/client.js";
import { becauseOf } from "./es10/result-sentences.js";
import { type DiscoveredEvent, discoverEvents, rootSmdsOf } from "./host/discovery.js";
import { compileAnswers } from "./host/es9.js";
import { createNotificationDesk } from "./host/notification-desk.js";
import { deliverFor, handOver } from "./host/notifications.js";
import {
  deleteProfile,
  describeProfiles,
  disableProfile,
  enableProfile,
  listProfiles,
  type SwitchEnd,
  setNickname,
} from "./host/profiles.js";
import { type HostSessionEnd, runHostSession, type SessionTrace } from "./host/session.js";
import type {
  Delivered,
  DownloadRequest,
  DownloadSession,
  InstalledProfile,
  KeptNotification,
  Lpa,
  LpaNotifications,
  ProfileDetails,
  ResultDelivery,
} from "./lpa.js";

export interface HostLpaOptions {
  readonly line: ModemLine;
  /** A channel that is open already. */
  readonly isdR?: Es10Channel;
  readonly es9Plus: Es9PlusClient;
  /** Rejects when no SM-DP+ could be trusted; asked before anything is paid. */
  readonly requireRoots?: () => Promise<unknown>;
  readonly imei: Imei | undefined;
  readonly segments: SegmentMemory;
  readonly clock: Clock;
  readonly log: Log;
}

/** Our own LPA: SGP.22 over raw APDUs through the modem's AT+CGLA or AT+CSIM. */
export class HostLpa implements Lpa {
  readonly kind = "host";
  readonly notifications: LpaNotifications;
  readonly #options: HostLpaOptions;
  /** One channel serves a whole run; a restart of the card takes it away. */
  #isdR: Es10Channel | undefined;

  constructor(options: HostLpaOptions) {
    this.#options = options;
    this.#isdR = options.isdR;
    const { es9Plus, log } = options;
    this.notifications = createNotificationDesk((signal, work) => this.#onChannel(signal, work), es9Plus, log);
  }

  async requireReady(): Promise<void> {
    await this.#options.requireRoots?.();
  }

  expectDownload(smdp: SmdpAddress): void {
    this.#options.es9Plus.prepare?.(smdp);
    // Behind the command that the caller sends next.
    setImmediate(compileAnswers);
  }

  listProfiles(signal: AbortSignal): Promise<readonly InstalledProfile[]> {
    return this.#repeatably(signal, (isdR) => listProfiles(isdR, signal));
  }

  describeProfiles(signal: AbortSignal): Promise<readonly ProfileDetails[]> {
    return this.#repeatably(signal, (isdR) => describeProfiles(isdR, signal));
  }

  async enableProfile(iccid: Iccid, signal: AbortSignal): Promise<void> {
    this.#noteSwitch(await this.#onChannel(signal, (isdR) => enableProfile(isdR, iccid, signal)));
  }

  async disableProfile(iccid: Iccid, signal: AbortSignal): Promise<void> {
    this.#noteSwitch(await this.#onChannel(signal, (isdR) => disableProfile(isdR, iccid, signal)));
  }

  deleteProfile(iccid: Iccid, signal: AbortSignal): Promise<void> {
    return this.#onChannel(signal, (isdR) => deleteProfile(isdR, iccid, signal));
  }

  setNickname(iccid: Iccid, nickname: string, signal: AbortSignal): Promise<void> {
    return this.#onChannel(signal, (isdR) => setNickname(isdR, iccid, nickname, signal));
  }

  async download(request: DownloadRequest, signal: AbortSignal): Promise<DownloadSession> {
    this.expectDownload(request.activationCode.smdpAddress);
    let segmentBytes = (await this.#options.segments.recall()) ?? largestSegment;
    for (let refusals = 0; ; ) {
      const trace: SessionTrace = { offer: undefined, segments: "untried", loading: false };
      try {
        const isdR = await this.#channel(signal);
        isdR.segmentBytes = segmentBytes;
        const end = await this.#session(isdR, request, trace, segmentBytes, signal);
        if (end.installResult.outcome.kind !== "error") await this.#options.segments.installed(segmentBytes);
        return await this.#finish(end, isdR, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (!isEsimdError(error) || error.code === "serial_gone") throw error;
        await this.#drop(signal);
        const smaller = nextSmallerSegment(segmentBytes);
        // A modem that loses the end of a long line waits for it, and says nothing (lpac issue 167, on Quectel modems).
        const isSilent = error.code === "modem_silent";
        if (trace.segments === "trying" && (isSilent || isTransportRefusal(error)) && smaller !== undefined) {
          // Once may be an accident; what is found out here is remembered for the modem's model. Silence takes too long to ask for twice.
          refusals++;
          const next = isSilent || refusals % 2 === 0 ? smaller : segmentBytes;
          this.#options.log.info({ refused: segmentBytes, next }, "the modem refuses segments of this size");
          segmentBytes = next;
          continue;
        }
        if (trace.loading && isTransportRefusal(error) && smaller !== undefined) {
          // A try costs the order one of the few that the SM-DP+ grants, so the next one is made with less (lpac issues 173 and 186).
          this.#options.log.info(
            { refused: segmentBytes, next: smaller },
            "the modem refused a segment of the package",
          );
          await this.#options.segments.doubt(smaller);
        }
        return {
          reported: trace.loading ? "unknown" : "failed",
          offer: trace.offer,
          installResult: undefined,
          resultDelivery: "none",
          error,
        };
      }
    }
  }

  deliverNotifications(iccid: Iccid, outbox: readonly KeptNotification[], signal: AbortSignal): Promise<Delivered> {
    const { es9Plus, log } = this.#options;
    return this.#repeatably(signal, (isdR) => deliverFor(iccid, outbox, { isdR, es9Plus, log }, signal));
  }

  freeMemoryBytes(signal: AbortSignal): Promise<number | undefined> {
    return this.#repeatably(signal, (isdR) => freeMemoryOf(isdR, signal));
  }

  defaultSmdp(signal: AbortSignal): Promise<SmdpAddress | undefined> {
    return this.#repeatably(signal, (isdR) => defaultSmdpOf(isdR, signal));
  }

  setDefaultSmdp(address: SmdpAddress, signal: AbortSignal): Promise<void> {
    // The same address written twice is written once.
    return this.#repeatably(signal, (isdR) => setDefaultSmdpOf(isdR, address, signal));
  }

  async discover(signal: AbortSignal): Promise<readonly DiscoveredEvent[] | undefined> {
    const { es9Plus, imei, clock, log, segments, line } = this.#options;
    const smds = await this.#repeatably(signal, (isdR) => rootSmdsOf(isdR, signal));
    if (smds === undefined) return undefined;
    let segmentBytes = (await segments.recall()) ?? largestSegment;
    for (;;) {
      try {
        return await this.#onChannel(signal, (isdR) => {
          isdR.segmentBytes = segmentBytes;
          return discoverEvents(smds, { isdR, es9Plus, imei, clock, random: line.random, log }, signal);
        });
      } catch (error) {
        const smaller = nextSmallerSegment(segmentBytes);
        if (signal.aborted || !isTransportRefusal(error) || smaller === undefined) throw error;
        segmentBytes = smaller;
      }
    }
  }

  async close(signal: AbortSignal): Promise<void> {
    await this.#drop(signal);
  }

  /** The REFRESH that follows a switch restarts the card, and with it goes every channel. */
  #noteSwitch(end: SwitchEnd): void {
    if (end === "switched") this.#isdR = undefined;
  }

  async #session(
    isdR: Es10Channel,
    request: DownloadRequest,
    trace: SessionTrace,
    segmentBytes: number,
    signal: AbortSignal,
  ): Promise<HostSessionEnd> {
    const { es9Plus, imei, clock, log, segments, line } = this.#options;
    const { smdpAddress, matchingId } = request.activationCode;
    const call = { es9Plus, smdp: smdpAddress, byEid: matchingId === undefined };
    try {
      return await runHostSession({ isdR, call, request, imei, clock, random: line.random, log }, trace, signal);
    } finally {
      if (trace.segments === "accepted" && (await segments.recall()) !== segmentBytes)
        await segments.remember(segmentBytes);
      log.info({ exchanges: isdR.exchanges, way: isdR.way, segmentBytes }, "the session's exchanges with the card");
    }
  }

  /** A success is told to the SM-DP+ at once; an error result only after the list was read, which is not ours to do. */
  async #finish(end: HostSessionEnd, isdR: Es10Channel, signal: AbortSignal): Promise<DownloadSession> {
    const { offer, installResult, notification } = end;
    const { outcome, seqNumber, smdpAddress } = installResult;
    if (outcome.kind === "error") {
      const isFull = /memory/i.test(outcome.reason);
      const error = new EsimdError(
        isFull ? "euicc_full" : "install_failed",
        `the eUICC did not install the profile at ${outcome.bppCommand}, because ${becauseOf(outcome.reason)}`,
      );
      return { reported: "failed", offer, installResult, resultDelivery: "undelivered", error };
    }
    const resultDelivery = await this.#tell(seqNumber, smdpAddress, notification, isdR, signal);
    return { reported: "installed", offer, installResult, resultDelivery, error: undefined };
  }

  async #tell(
    seqNumber: number,
    address: string,
    notification: Uint8Array,
    isdR: Es10Channel,
    signal: AbortSignal,
  ): Promise<ResultDelivery> {
    const { es9Plus, log } = this.#options;
    try {
      return (await handOver(seqNumber, address, notification, { isdR, es9Plus, log }, signal))
        ? "delivered"
        : "undelivered";
    } catch (error) {
      if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
      log.warn({ error }, "the install result could not be delivered; it stays on the eUICC");
      return "undelivered";
    }
  }

  async #onChannel<Value>(signal: AbortSignal, work: (isdR: Es10Channel) => Promise<Value>): Promise<Value> {
    const isdR = await this.#channel(signal);
    try {
      return await work(isdR);
    } catch (error) {
      // Whatever went wrong, the channel's state is not known any more; the next command opens another.
      if (!signal.aborted) await this.#drop(signal);
      throw error;
    }
  }

  /** For questions, and for notifications, of which an SM-DP+ takes a second one for the first. */
  #repeatably<Value>(signal: AbortSignal, work: (isdR: Es10Channel) => Promise<Value>): Promise<Value> {
    return throughRestart(this.#options.clock, () => this.#onChannel(signal, work), signal);
  }

  async #channel(signal: AbortSignal): Promise<Es10Channel> {
    this.#isdR ??= await openIsdR(this.#options.line, signal);
    if (this.#isdR !== undefined) return this.#isdR;
    throw new EsimdError(
      "modem_refused",
      `the modem on ${this.#options.line.channel.portName} opens no channel to the eUICC now`,
    );
  }

  async #drop(signal: AbortSignal): Promise<void> {
    const isdR = this.#isdR;
    this.#isdR = undefined;
    try {
      await isdR?.close(signal);
    } catch (error) {
      if (!isEsimdError(error)) throw error;
      this.#options.log.debug({ error }, "the channel to the eUICC could not be closed");
    }
  }
}
