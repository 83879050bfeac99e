/** The HTTP response as the text that the modem wants to read, and its cutting into chunks. Pure. */

export interface RelayChunk {
  /** Hex characters of the whole response. */
  readonly total: number;
  /** 1 while more chunks follow. */
  readonly more: 0 | 1;
  /** From 0. */
  readonly sequence: number;
  readonly length: number;
  readonly hex: string;
}

const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  204: "No Content",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** Only the headers that matter to an LPA; `Connection` and transfer encodings belong to our own hop and are left out. */
export function httpResponseText(status: number, body: string): string {
  const head = [`HTTP/1.1 ${status} ${reasons[status] ?? "Status"}`, "X-Admin-Protocol: gsma/rsp/v2.2.0"];
  if (status !== 204) head.push("Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`);
  return `${head.join("\r\n")}\r\n\r\n${status === 204 ? "" : body}`;
}

export function cutIntoChunks(text: string, maxHex: number): RelayChunk[] {
  const hex = Buffer.from(text, "utf8").toString("hex").toUpperCase();
  const chunks: RelayChunk[] = [];
  for (let at = 0, sequence = 0; at < hex.length; at += maxHex, sequence++) {
    const part = hex.slice(at, at + maxHex);
    chunks.push({
      total: hex.length,
      more: at + maxHex < hex.length ? 1 : 0,
      sequence,
      length: part.length,
      hex: part,
    });
  }
  return chunks;
}
