import type { IncomingMessage, ServerResponse } from "node:http";

/** Bodies in and answers out, as SGP.22 6.5 has them. */

const maxBodyBytes = 1_000_000;

export function replyJson(outgoing: ServerResponse, status: number, body: unknown): void {
  reply(outgoing, status, "application/json;charset=UTF-8", JSON.stringify(body));
}

/** An answer without a type has no body. */
export function reply(outgoing: ServerResponse, status: number, type: string, body: string): void {
  const content = Buffer.from(body);
  outgoing.writeHead(status, {
    ...(type === "" ? {} : { "content-type": type, "content-length": content.length }),
    "x-admin-protocol": "gsma/rsp/v2.2.0",
  });
  outgoing.end(content);
}

/** Undefined when the body is longer than any legal one. */
export async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    const data = Buffer.from(chunk);
    length += data.length;
    if (length > maxBodyBytes) return undefined;
    chunks.push(data);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
