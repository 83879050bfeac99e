import type { IncomingMessage } from "node:http";
import type { Clock } from "../../base/clock.js";
import { EsimdError } from "../../base/errors.js";

/** What may be sent to one of our HTTP servers, and how it says no. */
export interface BodyBounds {
  readonly bodyBytes: number;
  readonly requestMs: number;
  /** The page of docs that has what each request takes. */
  readonly page: string;
  /** The server's own error for an HTTP status. */
  readonly refusal: (status: number, message: string, options: { readonly hint: string }) => EsimdError;
}

/** The request's body as JSON; an empty object when there is none. @throws EsimdError. */
export async function readJsonBody(request: IncomingMessage, clock: Clock, within: BodyBounds): Promise<unknown> {
  const { bodyBytes, requestMs, page, refusal } = within;
  const tooLong = refusal(413, `the request's body has more than ${bodyBytes} bytes`, {
    hint: `Send less; docs/${page} has what each request takes.`,
  });
  if (Number(request.headers["content-length"] ?? 0) > bodyBytes) throw tooLong;
  const chunks: Buffer[] = [];
  let size = 0;
  const late = refusal(408, `the request's body did not come within ${requestMs / 1000} s`, {
    hint: "Send it at once.",
  });
  const cancel = clock.setTimer(requestMs, () => request.destroy(late));
  try {
    for await (const chunk of request) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      size += bytes.length;
      if (size > bodyBytes) throw tooLong;
      chunks.push(bytes);
    }
  } finally {
    cancel();
  }
  const text = Buffer.concat(chunks).toString("utf8").trim();
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EsimdError("bad_input", "the request's body is no JSON", { cause, hint: "Send one JSON object." });
  }
}
