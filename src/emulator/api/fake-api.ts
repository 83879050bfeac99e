import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isLoopback } from "../../api/endpoint.js";
import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import { progressPath } from "./progress.js";
import { html, type Reply } from "./replies.js";
import { type Request, tokenPath } from "./routes.js";
import { type ApiService, type ApiServiceOptions, createApiService } from "./service.js";
import type { Answer } from "./spoilt-answers.js";
import { createEs2PlusSupplier } from "./supplier.js";

export type { Charge } from "./reservations.js";
export { type FakeApiTiming, fakeApiDefaults, type SeenRequest } from "./service.js";

/** The fake API: both vendors' API over HTTP on loopback. */

export interface FakeApiOptions extends Omit<ApiServiceOptions, "url" | "supplier"> {
  readonly listen: { readonly host: string; readonly port: number };
  /** The ES2+ interface of an SM-DP+. Without one ICCIDs are made up and nothing can be downloaded. */
  readonly smdp?: { readonly host: string; readonly releaseSeparately?: boolean } | undefined;
}

export interface FakeApi extends Omit<ApiService, "answer"> {
  /** An origin: what the client takes as its base URL. */
  readonly url: string;
  readonly tokenUrl: string;
}

const maxBodyBytes = 256 * 1024;

/** @throws EsimdError `bad_input` when the address is not loopback or cannot be listened on. */
export async function startFakeApi(options: FakeApiOptions): Promise<FakeApi> {
  const { clock, log, listen, smdp } = options;
  if (!isLoopback(listen.host) && listen.host !== "::1") {
    throw new EsimdError("bad_input", `the fake API listens on loopback only, not on ${quote(listen.host)}`);
  }
  let isClosed = false;
  let service: ApiService | undefined;
  const server = createServer((request, response) => {
    serve(request, response).catch((cause: unknown) => {
      if (!isClosed) log.error({ error: cause }, "the fake API could not answer");
      request.socket.destroy();
    });
  });
  // Resources name themselves by the address, and a free port is known only once the port is open.
  const url = await listenOn(server, listen);
  const supplier =
    smdp === undefined
      ? undefined
      : createEs2PlusSupplier({
          clock,
          host: smdp.host,
          progressUrl: `${url}${progressPath}`,
          releaseSeparately: smdp.releaseSeparately ?? false,
        });
  const { answer, ...rest } = createApiService({ ...options, url, supplier });
  service = { answer, ...rest };

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    if (request === undefined || service === undefined) {
      write(response, html(request === undefined ? 413 : 503));
      return;
    }
    const served = await service.answer(request);
    perform(served.answer, response, served.headers);
  };

  return {
    ...rest,
    url,
    tokenUrl: `${url}${tokenPath}`,
    close: async () => {
      isClosed = true;
      await rest.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function listenOn(server: ReturnType<typeof createServer>, { host, port }: FakeApiOptions["listen"]): Promise<string> {
  return new Promise((resolve, reject) => {
    const bareHost = host.replace(/^\[(.*)\]$/, "$1");
    server.once("error", (cause) =>
      reject(new EsimdError("bad_input", `the fake API cannot listen on ${quote(`${host}:${port}`)}`, { cause })),
    );
    server.listen(port, bareHost, () => {
      const address = server.address();
      const actualPort = address !== null && typeof address === "object" ? address.port : port;
      resolve(`http://${bareHost.includes(":") ? `[${bareHost}]` : bareHost}:${actualPort}`);
    });
  });
}

/** Undefined where the body is larger than any that the API takes. */
async function readRequest(incoming: IncomingMessage): Promise<Request | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    const data = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    bytes += data.length;
    if (bytes <= maxBodyBytes) chunks.push(data);
  }
  if (bytes > maxBodyBytes) return undefined;
  const target = incoming.url ?? "/";
  const question = target.indexOf("?");
  return {
    method: incoming.method ?? "GET",
    path: question < 0 ? target : target.slice(0, question),
    query: question < 0 ? "" : target.slice(question + 1),
    contentType: incoming.headers["content-type"],
    authorization: incoming.headers.authorization,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

function write(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, { ...reply.headers, "content-length": Buffer.byteLength(reply.body) });
  response.end(reply.body);
}

/** Sends the answer, breaks it off, or holds the connection open without one. */
function perform(answer: Answer, response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  switch (answer.kind) {
    case "reply":
      write(response, { ...answer.reply, headers: { ...headers, ...answer.reply.headers } });
      return;
    case "cut-in-head":
      response.destroy();
      return;
    case "cut-in-body":
      response.writeHead(200, { "content-type": "application/json", "content-length": 1000 });
      response.write('{"sid": "HP', () => response.destroy());
      return;
    case "silence":
      return;
  }
}
