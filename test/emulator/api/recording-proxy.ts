import { createServer, request as forward } from "node:http";

/** One request and its answer, as they went over the wire. */
export interface RecordedExchange {
  readonly method: string;
  readonly target: string;
  readonly requestBody: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface RecordingProxy {
  readonly url: string;
  readonly exchanges: readonly RecordedExchange[];
  close(): Promise<void>;
}

/** Stands between a client and a server on loopback, and writes down what both say. */
export async function startRecordingProxy(serverUrl: string): Promise<RecordingProxy> {
  const exchanges: RecordedExchange[] = [];
  const server = createServer((incoming, outgoing) => {
    const requestChunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => requestChunks.push(chunk));
    incoming.on("end", () => {
      const requestBody = Buffer.concat(requestChunks);
      const { method = "GET", url: target = "/", headers } = incoming;
      const upstream = forward(
        `${serverUrl}${target}`,
        { method, headers: { ...headers, connection: "close" } },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("end", () => {
            const body = Buffer.concat(chunks);
            exchanges.push({
              method,
              target,
              requestBody: requestBody.toString("utf8"),
              status: answer.statusCode ?? 0,
              contentType: answer.headers["content-type"] ?? "",
              body: body.toString("utf8"),
            });
            outgoing.writeHead(answer.statusCode ?? 502, answer.headers).end(body);
          });
        },
      );
      upstream.on("error", () => outgoing.destroy());
      upstream.end(requestBody);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    exchanges,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
