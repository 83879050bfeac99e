import type { IncomingHttpHeaders } from "node:http";
import { type ErrorCode, EsimdError } from "../../base/errors.js";
import type { Outlet, StreamEnd } from "../../daemon/control/routes.js";
import type { Asset } from "./assets.js";

/** What is asked of the page's server and what it answers, before any of it is HTTP. */

export interface PageRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Whose tries are counted together: an IPv4 address, or an IPv6 network of 64 bits. */
  readonly address: string;
  /** The body as JSON, bounded in size and time. @throws EsimdError. */
  readonly body: () => Promise<unknown>;
  /** Aborts when the page is closed. */
  readonly signal: AbortSignal;
}

/** What an export is made of. A body in pieces is made as it is read, so that a large record needs no large memory. */
export interface ExportFile {
  readonly contentType: string;
  /** For the browser's downloads folder. */
  readonly fileName: string;
  readonly body: string | Uint8Array | AsyncIterable<string | Uint8Array>;
}

export type PageReply =
  | { readonly kind: "json"; readonly status?: number; readonly body: object; readonly cookie?: string }
  | { readonly kind: "asset"; readonly asset: Asset }
  | { readonly kind: "redirect"; readonly to: string }
  | { readonly kind: "file"; readonly file: ExportFile }
  /** Server-sent events, until one of both sides ends it. */
  | { readonly kind: "stream"; readonly open: (outlet: Outlet) => StreamEnd };

/** A refusal for which HTTP has a status that no code of ours means. */
export class PageRefusal extends EsimdError {
  readonly status: number;
  readonly allow: string | undefined;

  constructor(
    status: number,
    message: string,
    options: { hint: string; allow?: string; code?: ErrorCode; retryAfterMs?: number },
  ) {
    const { hint, allow, code, retryAfterMs } = options;
    super(code ?? "bad_input", message, { hint, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
    this.status = status;
    this.allow = allow;
  }
}
