import { EsimdError, isEsimdError } from "../base/errors.js";
import { formatActivationCode, quote } from "../base/identifiers.js";
import type { Log } from "../base/logging.js";
import type { HostRelayDownload, OwnLpaDialect } from "../modem/dialects/dialect.js";
import { type ModemLine, runExchange } from "../modem/exchange.js";
import type { Es9PlusClient } from "./es9plus/client.js";
import type { DownloadRequest, DownloadSession, Lpa } from "./lpa.js";
import { endedWith, isSuccess } from "./modem-download-end.js";
import { createModemProfiles, listByModem } from "./modem-profiles.js";
import { cutIntoChunks, httpResponseText } from "./relay/http-text.js";
import { createLineQueue, type LineQueue } from "./relay/line-queue.js";
import { parseRelayLine, type RelayLine } from "./relay/lines.js";
import { RelaySession } from "./relay/session.js";

export interface ModemRelayOptions {
  readonly line: ModemLine;
  readonly dialect: OwnLpaDialect;
  readonly download: HostRelayDownload;
  readonly es9Plus: Es9PlusClient;
  /** Rejects when no SM-DP+ could be trusted; asked before anything is paid. */
  readonly requireRoots?: () => Promise<unknown>;
  readonly log: Log;
}

/** Five functions, each perhaps repeated once; a modem that asks for more is looping. */
const maxRounds = 20;

/** The modem's own LPA, with its HTTPS carried by us. */
export function createModemRelayLpa(options: ModemRelayOptions): Lpa {
  const { line, dialect, download } = options;
  return {
    kind: "modem-relay",
    ...createModemProfiles(line, dialect),
    // The host's own network is used, and that is asked when it is needed.
    requireReady: async () => {
      await options.requireRoots?.();
    },
    download: async (request, signal) => {
      // Listens before it asks: the first request may come before the OK.
      const queue = createLineQueue<RelayLine>(line, (text) => parseRelayLine(text, download));
      try {
        return await relay(options, request, queue, signal);
      } finally {
        queue.stop();
      }
    },
  };
}

async function relay(
  options: ModemRelayOptions,
  request: DownloadRequest,
  queue: LineQueue<RelayLine>,
  signal: AbortSignal,
): Promise<DownloadSession> {
  const { line, dialect, download, es9Plus, log } = options;
  const session = new RelaySession(request, {
    es9Plus,
    log,
    isInstalled: async (offer, abort) => {
      const wanted = offer?.iccid ?? request.expectedIccid;
      const profiles = await listByModem(line, dialect, abort);
      // Without an ICCID to look for, "not there" cannot be said.
      return wanted === undefined || profiles.some(({ iccid }) => iccid === wanted);
    },
  });
  try {
    const activationCode = formatActivationCode(request.activationCode);
    await runExchange(line, download.start, { activationCode }, signal, dialect.ownLpa.describeResultCode);
    for (let round = 0; round < maxRounds; round++) {
      // The install result was the last thing of weight: a modem that then forgets to say that it ended is not waited for long.
      const patienceMs = session.isReported ? download.endTimeoutMs : download.stepTimeoutMs;
      const next = await queue.next(patienceMs, signal);
      if (next.kind === "end") {
        if (isSuccess(next.code)) return session.end("installed", undefined);
        return session.end("failed", endedWith(next.code, dialect.ownLpa));
      }
      if (next.kind === "malformed") {
        throw new EsimdError("modem_protocol", `a request of the modem's LPA cannot be read: ${quote(next.why)}`);
      }
      const answer = await session.answer(next.name, next.json, signal);
      await sendAnswer(line, download, httpResponseText(answer.status, answer.body), request, next, signal);
    }
    throw new EsimdError("modem_protocol", `the modem's LPA asked more than ${maxRounds} times in one download`);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    // A port that is gone cannot be asked what became of it; everything else is for the eUICC's list to judge.
    if (!isEsimdError(error) || error.code === "serial_gone") throw error;
    return session.end("unknown", error);
  }
}

async function sendAnswer(
  line: ModemLine,
  download: HostRelayDownload,
  text: string,
  request: DownloadRequest,
  asked: RelayLine & { kind: "request" },
  signal: AbortSignal,
): Promise<void> {
  const loading = asked.name === "getBoundProfilePackage";
  for (const chunk of cutIntoChunks(text, download.maxChunkHex)) {
    await runExchange(line, download.chunk, { ...chunk }, signal);
    if (loading) {
      const doneHex = chunk.sequence * download.maxChunkHex + chunk.length;
      request.onProgress("loading", doneHex / 2, chunk.total / 2);
    }
  }
}
