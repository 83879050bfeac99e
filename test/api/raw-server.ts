import { createServer, type Socket } from "node:net";

/** One request as it came over the wire. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a server that keeps no rules does with a request: writes what it wants, cuts when it wants. */
export type RawBehaviour = (socket: Socket, request: RawRequest) => void;

export interface RawServer {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly RawRequest[];
  close(): Promise<void>;
}

/** Serves the nth request with the nth behaviour; the last one stays. */
export async function startRawServer(...behaviours: readonly RawBehaviour[]): Promise<RawServer> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let pending = "";
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      pending += chunk.toString("latin1");
      const parsed = parseRequest(pending);
      if (parsed === undefined) return;
      pending = "";
      requests.push(parsed);
      behaviours[Math.min(requests.length, behaviours.length) - 1]?.(socket, parsed);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no TCP address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    requests,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** A whole HTTP answer. */
export function answer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): RawBehaviour {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const head = { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)), ...headers };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  return (socket) => socket.write(`HTTP/1.1 ${status} X\r\n${lines.join("")}\r\n${text}`);
}

export const cut: RawBehaviour = (socket) => socket.destroy();
export const silence: RawBehaviour = () => undefined;

function parseRequest(text: string): RawRequest | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = text.slice(end + 4);
  if (body.length < Number(headers["content-length"] ?? 0)) return undefined;
  const [method = "", target = ""] = first.split(" ");
  return { method, target, headers, body };
}
