import { z } from "zod";
import { type Clock, sleep } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { describeCause, EsimdError, isEsimdError } from "../../base/errors.js";
import type { SmdpAddress } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import { openHttpsExchange } from "./https-exchange.js";
import { nextConnectMs } from "./retries.js";
import type { StatusCode } from "./status-codes.js";
import { ConnectFailure, type Locate } from "./tls.js";

/** ES9+, the interface between LPA and SM-DP+: HTTPS POST with JSON (SGP.22 5.6, 6.5). */
export const es9PlusFunctions = [
  "initiateAuthentication",
  "authenticateClient",
  "getBoundProfilePackage",
  "handleNotification",
  "cancelSession",
] as const;

export type Es9PlusFunction = (typeof es9PlusFunctions)[number];

export interface Es9PlusResponse {
  readonly httpStatus: number;
  readonly body: string;
  /** Set when the answer is the SM-DP+'s own word that the function failed, also inside an HTTP 200. */
  readonly failure: StatusCode | undefined;
  /** How long it asks to wait, where it says so in seconds; a day at most. */
  readonly retryAfterMs?: number;
}

export interface Es9PlusClient {
  /**
   * Posts one function's JSON. Tries again only while nothing can have reached the server (DNS, connect).
   * @throws EsimdError `smdp_unreachable`, `smdp_untrusted`, `smdp_protocol`, `deadline`.
   */
  post(smdp: SmdpAddress, name: Es9PlusFunction, json: string, signal: AbortSignal): Promise<Es9PlusResponse>;
  /** A request to there is about to come: the connection is made meanwhile. Never fails; what is wrong, the request says. */
  prepare?(smdp: SmdpAddress): void;
  close(): Promise<void>;
}

export interface Es9PlusOptions {
  readonly ciRoots: readonly string[];
  /** SHA-256 of the TLS certificates that are accepted, lower-case hex; empty or left out for any. */
  readonly pins?: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** For one request, from connecting to the last byte. */
  readonly requestTimeoutMs?: number;
  /** For servers whose names no DNS knows. */
  readonly locate?: Locate | undefined;
  /** How requests travel; over HTTPS with our own TLS when left out. */
  readonly openExchange?: OpenEs9Exchange | undefined;
}

/** What one POST is answered with, whatever it says. */
export interface Es9Answer {
  readonly httpStatus: number;
  readonly body: string;
  /** The header Retry-After as it came, where there is one. */
  readonly retryAfter?: string | undefined;
}

export interface Es9Exchange {
  /** @throws ConnectFailure while nothing can have reached the server, and any other error when something may have. */
  post(url: string, json: string, signal: AbortSignal): Promise<Es9Answer>;
  /** Connects ahead of a request. */
  prepare?(url: string): void;
  close(): Promise<void>;
}

export type OpenEs9Exchange = (options: Es9PlusOptions) => Promise<Es9Exchange>;

/** Why a server is not the one that it says it is, by the codes of {@link ConnectFailure}. */
export const untrustedCodes: ReadonlySet<string> = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "INVALID_CA",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "ERR_TLS_PIN",
]);

/** The header that every ES9+ answer with a body carries (SGP.22 6.5.1.4); tolerant of what it does not need. */
const answerSchema = z.object({
  header: z.object({
    functionExecutionStatus: z.object({
      status: z.string(),
      statusCodeData: z
        .object({ subjectCode: z.string().max(50), reasonCode: z.string().max(50), message: z.string().nullish() })
        .nullish(),
    }),
  }),
});

export async function createEs9PlusClient(options: Es9PlusOptions): Promise<Es9PlusClient> {
  const { clock, random, log, requestTimeoutMs = 60_000, openExchange = openHttpsExchange } = options;
  const exchange = await openExchange(options);

  return {
    post: async (smdp, name, json, signal) => {
      const url = `https://${smdp}/gsma/rsp2/es9plus/${name}`;
      for (let attempt = 1; ; attempt++) {
        try {
          const answer = await withDeadline(
            { clock, timeoutMs: requestTimeoutMs, signal, what: `the SM-DP+'s answer to ${name}` },
            (bounded) => exchange.post(url, json, bounded),
          );
          log.debug({ smdp, function: name, status: answer.httpStatus, bytes: answer.body.length }, "ES9+");
          const { httpStatus, body, retryAfter = "" } = answer;
          const retryAfterMs = /^\d{1,9}$/.test(retryAfter) ? Math.min(86_400, Number(retryAfter)) * 1000 : 0;
          return { httpStatus, body, failure: readFailure(body), retryAfterMs };
        } catch (cause) {
          const error = postError(smdp, name, cause, signal);
          const mayRetry = isEsimdError(error, "smdp_unreachable") && cause instanceof ConnectFailure;
          const pauseMs = mayRetry ? nextConnectMs(attempt, random) : undefined;
          if (pauseMs === undefined) throw error;
          log.info({ smdp, attempt, error }, "the SM-DP+ could not be reached; trying again");
          await sleep(clock, pauseMs, signal);
        }
      }
    },
    prepare: (smdp) => exchange.prepare?.(`https://${smdp}/`),
    close: () => exchange.close(),
  };
}

/** The status code of an answer that says Failed or Expired; undefined for any other answer, also one that is no JSON. */
export function readFailure(body: string): StatusCode | undefined {
  if (body === "") return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  const answer = answerSchema.safeParse(parsed);
  if (!answer.success) return undefined;
  const { status, statusCodeData } = answer.data.header.functionExecutionStatus;
  if (status === "Executed-Success" || status === "Executed-WithWarning") return undefined;
  return {
    subjectCode: statusCodeData?.subjectCode ?? "unknown",
    reasonCode: statusCodeData?.reasonCode ?? "unknown",
    message: statusCodeData?.message ?? undefined,
  };
}

/**
 * Whether an answer to handleNotification says that the SM-DP+ has it: 204 without a body (SGP.22 6.5.2.5), and from servers that answer
 * 200 an empty body or a JSON object that does not say Failed. Anything else is a page of something in between, or half an answer.
 */
export function tookNotification({ httpStatus, body, failure }: Es9PlusResponse): boolean {
  if (httpStatus < 200 || httpStatus > 299 || failure !== undefined) return false;
  if (body.trim() === "") return true;
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null;
  } catch {
    return false;
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
}

function postError(smdp: SmdpAddress, name: string, cause: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (cause instanceof EsimdError) return cause;
  const code = codeOf(cause);
  if (untrustedCodes.has(code)) {
    return new EsimdError("smdp_untrusted", `the TLS certificate of ${smdp} is not trusted: ${describeCause(cause)}`, {
      cause,
    });
  }
  return new EsimdError("smdp_unreachable", `the SM-DP+ ${smdp} gave no answer to ${name}: ${describeCause(cause)}`, {
    cause,
  });
}
