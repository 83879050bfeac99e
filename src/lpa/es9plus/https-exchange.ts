import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { Duplex } from "node:stream";
import { EsimdError } from "../../base/errors.js";
import type { Es9Answer, Es9Exchange, Es9PlusOptions } from "./client.js";
import { ConnectionsAhead } from "./connection-ahead.js";
import type { SmdpEndpoint } from "./tls.js";

/**
 * HTTPS as Node has it, over connections that are verified against the GSMA roots. A session has three requests and is over: a client of
 * its own, such as undici, takes longer to load and to warm up than it works.
 */

/** A bound profile package of 150 kB is 200 kB in base64; nothing legal comes near this. */
const maxBodyBytes = 4 * 1024 * 1024;
const connectTimeoutMs = 15_000;
/** How long a connection is kept for the next request, unless the server says that it keeps it for less. */
const keepAliveMs = 30_000;
const maxConnections = 4;
const httpsPort = 443;

export async function openHttpsExchange(options: Es9PlusOptions): Promise<Es9Exchange> {
  const { ciRoots, pins = [], clock, locate } = options;
  const connections = new ConnectionsAhead({ ciRoots, pins, clock, timeoutMs: connectTimeoutMs, locate });
  const agent = new VerifiedAgent(connections);

  return {
    post: async (url, json, signal) => {
      const response = await answerTo(url, json, agent, signal);
      const retryAfter = response.headers["retry-after"];
      const body = await bodyOf(response, url);
      return { httpStatus: response.statusCode ?? 0, body, ...(retryAfter === undefined ? {} : { retryAfter }) };
    },
    prepare: (url) => {
      const { hostname, port } = new URL(url);
      connections.prepare(endpointOf(hostname, port));
    },
    close: async () => {
      connections.close();
      agent.destroy();
    },
  };
}

/** Takes its connections from where they are verified. */
class VerifiedAgent extends Agent {
  readonly #connections: ConnectionsAhead;

  constructor(connections: ConnectionsAhead) {
    super({ keepAlive: true, maxSockets: maxConnections, timeout: keepAliveMs });
    this.#connections = connections;
  }

  override createConnection(
    { host, port }: { readonly host?: string | null; readonly port?: string | number | null },
    done?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#connections.take(endpointOf(host ?? "", port ?? "")).then(
      (socket) => done?.(null, socket),
      // Node looks at the error alone; its types want a stream beside it.
      (error: Error) => done?.(error, new Duplex()),
    );
  }
}

/** An address of IPv6 stands in brackets in a URL. */
function endpointOf(host: string, port: string | number): SmdpEndpoint {
  return { host: host.replace(/^\[|\]$/g, ""), port: port === "" ? httpsPort : Number(port) };
}

function answerTo(url: string, json: string, agent: Agent, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      agent,
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "gsma-rsp-lpad",
        "x-admin-protocol": "gsma/rsp/v2.2.0",
      },
      signal,
    });
    asked.once("response", resolve);
    asked.on("error", reject);
    asked.end(json);
  });
}

async function bodyOf(response: IncomingMessage, url: string): Promise<Es9Answer["body"]> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > maxBodyBytes) {
      response.destroy();
      throw new EsimdError("smdp_protocol", `the answer of ${url} is larger than ${maxBodyBytes} bytes`);
    }
    chunks.push(part);
  }
  // The agent has the connection back in the next turn; who asks before that gets another one.
  await new Promise((resolve) => setImmediate(resolve));
  return Buffer.concat(chunks).toString("utf8");
}
