import { request } from "node:http";
import { backoffMs } from "../../base/backoff.js";
import { type Clock, sleep } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { EsimdError } from "../../base/errors.js";
import type { Eid } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import type { Refusal } from "./failures.js";
import type { Order } from "./orders.js";

/** What happened to an order: point 3 is the delivery of the package, point 4 its installation (SGP.22, 5.3.5). */
export interface ProgressEvent {
  readonly point: 3 | 4;
  readonly eid: Eid | undefined;
  /** Set when the point was reached badly. */
  readonly refusal?: Refusal;
}

export interface ProgressReporterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** How a report travels, resolving with the HTTP status; over plain HTTP when left out. */
  readonly post?: PostProgress;
}

export type PostProgress = (url: string, body: string, signal: AbortSignal) => Promise<number>;

const attempts = 6;
const pause = { firstMs: 200, maxMs: 5_000 };
const postTimeoutMs = 10_000;

/** Tells operators by ES2+.HandleDownloadProgressInfo what became of their orders, in order for each, with patience. */
export class ProgressReporter {
  readonly #options: ProgressReporterOptions;
  readonly #queues = new Map<string, Promise<void>>();
  #calls = 0;

  constructor(options: ProgressReporterOptions) {
    this.#options = options;
  }

  /** Does not wait; what cannot be delivered after some tries is logged and given up. */
  report(order: Order, event: ProgressEvent): void {
    const { progressUrl, iccid, profileType } = order;
    if (progressUrl === undefined) return;
    const { clock, log } = this.#options;
    const { point, eid, refusal } = event;
    const body = JSON.stringify({
      header: {
        functionRequesterIdentifier: "esimd-fake-smdp",
        functionCallIdentifier: `handleDownloadProgressInfo-${++this.#calls}`,
      },
      ...(eid === undefined ? {} : { eid }),
      iccid,
      profileType,
      timestamp: new Date(clock.nowMs()).toISOString().replace(/\.\d+Z$/, "Z"),
      notificationPointId: point,
      notificationPointStatus:
        refusal === undefined ? { status: "Executed-Success" } : { status: "Failed", statusCodeData: refusal },
    });
    const before = this.#queues.get(iccid) ?? Promise.resolve();
    const delivered = before
      .then(() => this.#deliver(progressUrl, body))
      .catch((error: unknown) => log.warn({ error, point }, "progress of an order could not be reported"));
    this.#queues.set(iccid, delivered);
  }

  /** Resolves when nothing is on its way any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#queues.values());
  }

  async #deliver(url: string, body: string): Promise<void> {
    const { clock, random, signal, post = postOverHttp } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        const what = `the progress report to ${url}`;
        const status = await withDeadline({ clock, timeoutMs: postTimeoutMs, signal, what }, (own) =>
          post(url, body, own),
        );
        if (status >= 200 && status <= 299) return;
        throw new EsimdError("api_unreachable", `${what} is answered with HTTP ${status}`);
      } catch (error) {
        if (signal.aborted || attempt === attempts) throw error;
        await sleep(clock, backoffMs(pause, attempt, random), signal);
      }
    }
  }
}

/** Undefined when the URL is not plain HTTP to this machine: an emulator that anyone may reach sends nothing elsewhere. */
export function readProgressUrl(text: string): string | undefined {
  if (text.length > 500 || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isLoopback =
    url.hostname === "localhost" || url.hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(url.hostname);
  return url.protocol === "http:" && isLoopback && url.username === "" ? url.href : undefined;
}

function postOverHttp(url: string, body: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "x-admin-protocol": "gsma/rsp/v2.2.0" };
    const outgoing = request(url, { method: "POST", headers, signal, agent: false }, (response) => {
      response.resume();
      response.on("error", reject);
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
