/** The HTTP/1.1 response that a host hands to the modem as text (RFC 9112, 4 and 5). Pure, and strict: the modem has no second look. */

export interface HttpResponse {
  readonly status: number;
  readonly body: string;
}

export type HttpTextResult =
  | { readonly ok: true; readonly response: HttpResponse }
  | { readonly ok: false; readonly reason: string };

const refuse = (reason: string): HttpTextResult => ({ ok: false, reason });
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const maxHeaders = 100;

export function parseHttpResponse(bytes: Uint8Array): HttpTextResult {
  const text = Buffer.from(bytes).toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return refuse("has no blank line between headers and body");
  const [statusLine = "", ...headerLines] = text.slice(0, end).split("\r\n");
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(statusLine)?.[1];
  if (status === undefined) return refuse("has no HTTP status line");
  if (headerLines.length > maxHeaders) return refuse(`has more than ${maxHeaders} headers`);
  const body = bytes.subarray(Buffer.byteLength(text.slice(0, end), "latin1") + 4);
  for (const line of headerLines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    const value = line.slice(colon + 1).trim();
    if (!token.test(name) || /[\r\n\0]/.test(value)) return refuse("has a malformed header line");
    switch (name.toLowerCase()) {
      case "content-length":
        if (!/^\d{1,9}$/.test(value) || Number(value) !== body.length) {
          return refuse(`has Content-Length ${value.slice(0, 12)} and a body of ${body.length} bytes`);
        }
        break;
      case "transfer-encoding":
        if (value.toLowerCase() !== "identity") return refuse("is still in a transfer encoding");
        break;
      case "content-encoding":
        if (value.toLowerCase() !== "identity") return refuse("is still compressed");
        break;
    }
  }
  return { ok: true, response: { status: Number(status), body: Buffer.from(body).toString("utf8") } };
}
