import { createServer, type IncomingMessage, request } from "node:http";

/** Stands between esimd and the fake API on loopback and changes what the API says, for answers that no emulator should give. */
export interface RewritingProxy {
  readonly url: string;
  close(): Promise<void>;
}

/** @param rewrite the body to give in place of `body`; `asked` is method and path, with the query where there is one. */
export async function startRewritingProxy(
  apiUrl: string,
  rewrite: (asked: string, body: string) => string,
): Promise<RewritingProxy> {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const { method = "GET", url: target = "/", headers } = incoming;
      const upstream = request(`${apiUrl}${target}`, { method, headers: { ...headers, connection: "close" } });
      upstream.on("error", () => outgoing.destroy());
      upstream.on("response", (answer) => {
        void read(answer).then((body) => {
          const changed = rewrite(`${method} ${target}`, body);
          const length = { "content-length": String(Buffer.byteLength(changed)) };
          outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...length }).end(changed);
        });
      });
      upstream.end(await read(incoming));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
