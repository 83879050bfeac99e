import type { IncomingMessage } from "node:http";
import type { Clock } from "../../base/clock.js";
import { EsimdError } from "../../base/errors.js";
import { bounds } from "./bounds.js";
import { PageRefusal } from "./reply.js";

/** The request's body as JSON; an empty object when there is none. @throws EsimdError. */
export async function readBody(request: IncomingMessage, clock: Clock): Promise<unknown> {
  const tooLong = new PageRefusal(413, `the request's body has more than ${bounds.bodyBytes} bytes`, {
    hint: "Send less; docs/station-page.md has what each request takes.",
  });
  if (Number(request.headers["content-length"] ?? 0) > bounds.bodyBytes) throw tooLong;
  const chunks: Buffer[] = [];
  let size = 0;
  const late = new PageRefusal(408, `the request's body did not come within ${bounds.requestMs / 1000} s`, {
    hint: "Send it at once.",
  });
  const cancel = clock.setTimer(bounds.requestMs, () => request.destroy(late));
  try {
    for await (const chunk of request) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      size += bytes.length;
      if (size > bounds.bodyBytes) throw tooLong;
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
