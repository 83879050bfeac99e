import { createHash } from "node:crypto";
import { createHttpTransport, type HttpRequest } from "../../api/transport.js";
import { signKoreWebhook, signTwilioWebhook } from "../../api/webhook-signature.js";
import type { Clock } from "../../base/clock.js";
import type { Log } from "../../base/logging.js";
import type { StoredProfile } from "./reservations.js";

/** The calls to a reservation's CallbackUrl, with both vendors' signatures and idempotency tokens. */
export interface CallbackSender {
  send(profile: StoredProfile): void;
  close(): Promise<void>;
}

export interface CallbackOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly secret: string;
}

/** One repetition after 408, 423, 5xx or no answer, as KORE's proxy does; the idempotency token stays the same. */
const attempts = 2;

export function createCallbackSender({ clock, log, secret }: CallbackOptions): CallbackSender {
  const transport = createHttpTransport({ clock, connectTimeoutMs: 5000, requestTimeoutMs: 15_000 });
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();

  const deliver = async (profile: StoredProfile, request: HttpRequest): Promise<void> => {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const answer = await transport.exchange(request, stopping.signal);
      if (stopping.signal.aborted) return;
      if (answer.kind === "failure") {
        log.warn({ sid: profile.sid, attempt, error: answer.error }, "a callback was not delivered");
        continue;
      }
      log.info({ sid: profile.sid, attempt, status: answer.status }, "a callback was delivered");
      if (answer.status !== 408 && answer.status !== 423 && answer.status < 500) return;
    }
  };

  return {
    send: (profile) => {
      const request = callbackRequest(profile, secret, clock.nowMs());
      if (request === undefined) return;
      const delivery = deliver(profile, request).finally(() => running.delete(delivery));
      running.add(delivery);
    },
    close: async () => {
      stopping.abort();
      await Promise.all(running);
      await transport.close();
    },
  };
}

/** Undefined where no callback was asked for. Pure. */
export function callbackRequest(profile: StoredProfile, secret: string, nowMs: number): HttpRequest | undefined {
  const { callback } = profile;
  if (callback === undefined) return undefined;
  const parameters = callbackParameters(profile);
  const form = new URLSearchParams(parameters).toString();
  const bareUrl = callback.url.replace(/#.*$/s, "");
  const isPost = callback.method === "POST";
  const url = isPost ? bareUrl : `${bareUrl}${bareUrl.includes("?") ? "&" : "?"}${form}`;
  const rawBody = isPost ? form : "";
  // The same for every delivery of one change of status.
  const token = createHash("sha256").update(`${profile.sid} ${profile.status}`).digest("hex").slice(0, 32);
  const headers = {
    "user-agent": "KoreProxy/1.1",
    date: new Date(nowMs).toUTCString(),
    "x-twilio-signature": signTwilioWebhook({ authToken: secret, url, parameters: isPost ? parameters : {} }),
    "i-twilio-idempotency-token": token,
    "kore-signature": signKoreWebhook({ secret, method: callback.method, url, rawBody }),
    "kore-idempotency-token": token,
  };
  if (!isPost) return { method: "GET", url: new URL(url), headers };
  const contentType = "application/x-www-form-urlencoded; charset=utf-8";
  return { method: "POST", url: new URL(url), headers: { ...headers, "content-type": contentType }, body: rawBody };
}

/** The vendor's page lists these eight; neither the matching id nor the activation code is among them. */
function callbackParameters(profile: StoredProfile): Record<string, string> {
  return {
    ESimProfileSid: profile.sid,
    SimSid: profile.simSid ?? "",
    SimIccid: profile.supplied?.iccid ?? "",
    ESimProfileStatus: profile.status,
    Eid: profile.eid ?? "",
    SmdpPlusAddress: profile.supplied?.smdpAddress ?? "",
    ErrorCode: profile.error?.code ?? "",
    ErrorMessage: profile.error?.message ?? "",
  };
}
