import type { Clock } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { describeCause, toEsimdError } from "../../base/errors.js";
import { strictTls } from "../../base/strict-tls.js";
import type { ServiceProbe } from "../../provision/service-probe.js";
import type { Service } from "../../provision/trial.js";

/** `connectivity.url`: one GET from the host's own address on the modem's side, so that no other network can answer for it. */

export interface UrlProbeOptions {
  readonly clock: Clock;
  readonly url: URL;
  readonly localAddress: string;
  readonly timeoutMs: number;
}

export function urlProbe({ clock, url, localAddress, timeoutMs }: UrlProbeOptions): ServiceProbe {
  // What follows the path may be a token of the operator's.
  const what = `GET ${url.origin}${url.pathname} from ${localAddress}`;
  return {
    name: "url",
    look: async (_subject, signal) => {
      const { Agent, request } = await import("undici");
      const agent = new Agent({ connect: strictTls, localAddress });
      try {
        const status = await withDeadline({ clock, timeoutMs, signal, what }, async (bounded) => {
          const answer = await request(url, { dispatcher: agent, signal: bounded });
          answer.body.on("error", () => undefined).destroy();
          return answer.statusCode;
        });
        return serviceOf(status, what);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const { code, message } = toEsimdError(error);
        return { up: false, why: code === "unexpected" ? `${what}: ${describeCause(error)}` : message };
      } finally {
        await agent.destroy();
      }
    },
  };
}

/** Pure. */
export function serviceOf(status: number, what: string): Service {
  return status >= 200 && status < 300 ? { up: true } : { up: false, why: `${what}: status ${status}` };
}
