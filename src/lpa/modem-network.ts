import { sleep } from "../base/clock.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { formatActivationCode } from "../base/identifiers.js";
import type { Log } from "../base/logging.js";
import type { ModemNetworkDownload, OwnLpaDialect } from "../modem/dialects/dialect.js";
import { type ModemLine, runExchange } from "../modem/exchange.js";
import { readRegistration } from "../modem/registration.js";
import type { DownloadRequest, DownloadSession, InstalledProfile, Lpa } from "./lpa.js";
import { byResultCode, endedWith, isSuccess } from "./modem-download-end.js";
import { createModemProfiles, listByModem } from "./modem-profiles.js";

export interface ModemNetworkOptions {
  readonly line: ModemLine;
  readonly dialect: OwnLpaDialect;
  readonly download: ModemNetworkDownload;
  readonly log: Log;
}

/** After the modem said that it is done, the list may lag a little; then the list's word counts. */
const graceMs = 15_000;
const firstPollMs = 1_000;

/** The modem's own LPA over the modem's own network: all we can do is start it and watch the list. */
export function createModemNetworkLpa(options: ModemNetworkOptions): Lpa {
  const { line, dialect } = options;
  return {
    kind: "modem-network",
    ...createModemProfiles(line, dialect),
    requireReady: (signal) => requireRegistered(line, signal),
    download: async (request, signal) => {
      await requireRegistered(line, signal);
      return run(options, request, signal);
    },
  };
}

/** A modem that has just restarted, as one does that was put back, searches for a while. */
const searchPatienceMs = 20_000;
const searchPollMs = 1_000;

async function requireRegistered(line: ModemLine, signal: AbortSignal): Promise<void> {
  const startMs = line.clock.monotonicMs();
  let { registered, state } = await readRegistration(line, signal);
  while (state === "searching" && line.clock.monotonicMs() - startMs < searchPatienceMs) {
    await sleep(line.clock, searchPollMs, signal);
    ({ registered, state } = await readRegistration(line, signal));
  }
  if (registered) return;
  throw new EsimdError("not_registered", `the modem must download by its own network and is not registered (${state})`);
}

async function run(
  options: ModemNetworkOptions,
  request: DownloadRequest,
  signal: AbortSignal,
): Promise<DownloadSession> {
  const { line, dialect, download, log } = options;
  const before = await listByModem(line, dialect, signal);
  let endCode: string | undefined;
  let wake: AbortController | undefined;
  const stop = line.channel.onUrc((text) => {
    const code = download.end.line.exec(text)?.[1];
    if (code === undefined) return;
    endCode = code;
    log.info({ code }, "the modem says that the download ended");
    wake?.abort();
  });
  try {
    request.onProgress("authenticating", 0, 0);
    const { confirmationCode } = request;
    const withCode = confirmationCode === undefined ? undefined : download.startWithCode;
    await runExchange(
      line,
      withCode ?? download.start,
      {
        activationCode: formatActivationCode(request.activationCode),
        ...(withCode && { confirmationCode: confirmationCode ?? "" }),
      },
      signal,
      dialect.ownLpa.describeResultCode,
    );
    request.onProgress("loading", 0, 0);
    const startMs = line.clock.monotonicMs();
    let pauseMs = firstPollMs;
    let endSeenMs: number | undefined;
    for (;;) {
      const profiles = await listTolerantly(options, signal);
      if (profiles !== undefined && arrived(profiles, before, request)) return session("installed", undefined);
      const nowMs = line.clock.monotonicMs();
      if (endCode !== undefined) endSeenMs ??= nowMs;
      const over = nowMs - startMs >= download.windowMs || (endSeenMs !== undefined && nowMs - endSeenMs >= graceMs);
      if (over) return ended(options, endCode);
      wake = new AbortController();
      await pause(line, pauseMs, wake.signal, signal, endCode !== undefined);
      pauseMs = Math.min(download.pollEveryMs, pauseMs * 2);
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!isEsimdError(error) || error.code === "serial_gone") throw error;
    return session("failed", byResultCode(error));
  } finally {
    stop();
  }
}

/** Waits for the next look at the list; the modem's word that it ended makes it at once, the first time. */
async function pause(
  line: ModemLine,
  ms: number,
  wake: AbortSignal,
  signal: AbortSignal,
  endKnown: boolean,
): Promise<void> {
  try {
    await sleep(line.clock, ms, endKnown ? signal : AbortSignal.any([wake, signal]));
  } catch (error) {
    if (signal.aborted || !wake.aborted) throw error;
  }
}

/** A modem that downloads refuses its list now and then; the next look is as good. */
async function listTolerantly(
  options: ModemNetworkOptions,
  signal: AbortSignal,
): Promise<readonly InstalledProfile[] | undefined> {
  try {
    return await listByModem(options.line, options.dialect, signal);
  } catch (error) {
    if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
    options.log.info({ error }, "the list cannot be read while the modem downloads");
    return undefined;
  }
}

function arrived(
  profiles: readonly InstalledProfile[],
  before: readonly InstalledProfile[],
  request: DownloadRequest,
): boolean {
  if (request.expectedIccid !== undefined) return profiles.some(({ iccid }) => iccid === request.expectedIccid);
  return profiles.some(({ iccid }) => !before.some((old) => old.iccid === iccid));
}

function ended(options: ModemNetworkOptions, endCode: string | undefined): DownloadSession {
  if (endCode === undefined) {
    return session(
      "unknown",
      new EsimdError("download_failed", "the modem did not say how its download ended, and the profile did not appear"),
    );
  }
  if (isSuccess(endCode)) return session("installed", undefined);
  return session("failed", endedWith(endCode, options.dialect.ownLpa));
}

function session(reported: DownloadSession["reported"], error: EsimdError | undefined): DownloadSession {
  return { reported, offer: undefined, installResult: undefined, resultDelivery: "left-to-modem", error };
}
