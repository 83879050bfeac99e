import { parseRetryAfter } from "../../api/answer-errors.js";
import {
  createHttpTransport,
  type HttpAnswer,
  type HttpTransport,
  type OpenHttpTransport,
  type TlsMaterial,
} from "../../api/transport.js";
import type { Clock } from "../../base/clock.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { signedHeaders } from "../../report/signature.js";
import type { Delivery, Sink } from "./sink.js";

export interface WebhookParts {
  readonly url: string;
  readonly secret: string | undefined;
  /** Read when a connection is made. @throws EsimdError */
  readonly tls: () => TlsMaterial;
  readonly timeoutMs: number;
  readonly version: string;
  readonly clock: Clock;
  /** Over undici when left out. */
  readonly openTransport?: OpenHttpTransport | undefined;
}

const connectTimeoutMs = 15_000;
/** Those of 4xx that pass by themselves: a timeout, a request that came too early, too many of them. */
const passing4xx: ReadonlySet<number> = new Set([408, 425, 429]);

/** Each event as one POST, signed; any 2xx says that the receiver has it. Redirects are not followed: the report would go to who knows whom. */
export function createWebhook(parts: WebhookParts): Sink {
  const { secret, clock, timeoutMs, openTransport = createHttpTransport } = parts;
  const url = new URL(parts.url);
  let transport: HttpTransport | undefined;
  const close = async (): Promise<void> => {
    const open = transport;
    transport = undefined;
    await open?.close();
  };
  return {
    name: "webhook",
    // The transport has the deadline of a request; this one is for what comes around it.
    timeoutMs: timeoutMs + 5000,
    idle: close,
    close,
    deliver: async (event, signal) => {
      try {
        transport ??= openTransport({ clock, connectTimeoutMs, requestTimeoutMs: timeoutMs, tls: parts.tls() });
      } catch (error) {
        if (!isEsimdError(error)) throw error;
        return refused(error.message, error);
      }
      const body = JSON.stringify(event);
      const answer = await transport.exchange(
        {
          method: "POST",
          url,
          headers: {
            "content-type": "application/json",
            "user-agent": `esimd/${parts.version}`,
            ...signedHeaders(event.id, clock.nowMs(), body, secret),
          },
          body,
        },
        signal,
      );
      if (answer.kind === "answer") return judge(answer, url, clock.nowMs());
      // A connection that broke is not used again.
      await close();
      return failed(answer.error.message, answer.error);
    },
  };
}

/** What an answer means for the event. */
function judge(answer: HttpAnswer, url: URL, nowMs: number): Delivery {
  const { status } = answer;
  if (status >= 200 && status < 300) return { kind: "delivered" };
  const retryAfterMs = parseRetryAfter(answer, nowMs);
  const sentence = `POST ${url.origin}${url.pathname}: HTTP ${status}`;
  if (status >= 500 || passing4xx.has(status)) return failed(sentence, undefined, retryAfterMs);
  const where = status >= 300 && status < 400 ? ", a redirect, which is not followed" : "";
  return refused(`${sentence}${where}`, undefined, retryAfterMs);
}

function failed(sentence: string, cause?: unknown, retryAfterMs?: number): Delivery {
  return { kind: "failed", error: errorOf("report_undelivered", sentence, cause, retryAfterMs), lasting: false };
}

function refused(sentence: string, cause?: unknown, retryAfterMs?: number): Delivery {
  return { kind: "failed", error: errorOf("report_refused", sentence, cause, retryAfterMs), lasting: true };
}

function errorOf(
  code: "report_undelivered" | "report_refused",
  sentence: string,
  cause: unknown,
  retryAfterMs: number | undefined,
): EsimdError {
  return new EsimdError(code, `webhook: ${sentence}`, {
    ...(cause === undefined ? {} : { cause }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
