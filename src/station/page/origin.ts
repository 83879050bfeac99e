import type { IncomingHttpHeaders } from "node:http";
import { quote } from "../../base/identifiers.js";
import { isLoopback } from "./exposure.js";
import { PageRefusal } from "./reply.js";

/**
 * Whether a request comes from this page. Other pages in the same browser can send requests to a loopback address too: by a name of theirs
 * that points to it (DNS rebinding: the Host header tells), or from their own origin (CSRF: Origin and Sec-Fetch-Site tell).
 */

export interface Origin {
  readonly scheme: "http" | "https";
  /** Where the page is for this machine only, it goes by a loopback address's name and no other. */
  readonly isLocal: boolean;
}

/** @throws PageRefusal. */
export function checkHost(headers: IncomingHttpHeaders, { isLocal }: Origin): void {
  const host = headers.host ?? "";
  const name = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::\d{1,5})?$/.exec(host)?.[1];
  if (name === undefined || (isLocal && !isLoopback(name)))
    throw new PageRefusal(421, `the page is not known as ${quote(host)}`, {
      hint: "Open it by the address that the station printed.",
    });
}

/** What is asked of the station, or done to it, is asked by its own page, or by no browser at all. @throws PageRefusal. */
export function checkSameOrigin(headers: IncomingHttpHeaders, { scheme }: Origin): void {
  const site = headers["sec-fetch-site"];
  const isForeign = site !== undefined && site !== "same-origin" && site !== "none";
  const isOther = headers.origin !== undefined && headers.origin !== `${scheme}://${headers.host ?? ""}`;
  if (isForeign || isOther)
    throw new PageRefusal(403, `another page (${quote(headers.origin ?? "unnamed")}) asked for this`, {
      hint: "Use the station's own page.",
    });
}

/** A form of another page can send text and forms, and no JSON. @throws PageRefusal. */
export function checkJson(headers: IncomingHttpHeaders): void {
  const type = (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json")
    throw new PageRefusal(415, `the request's body is ${quote(type ?? "")}`, {
      hint: "Send it as application/json.",
    });
}
