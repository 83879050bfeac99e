import type { Asset } from "./assets.js";

/** What a browser is told to refuse, whatever comes to stand in the page. */

const own = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // No text can become markup, not even by a mistake of ours.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** A printed report carries its own style and drawings; it is no part of the page, may do nothing, and has no origin. */
const exported =
  "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const common = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), usb=(), serial=()",
  // The page's files belong to the program that runs now; its data belong to this moment.
  "cache-control": "no-store",
} as const;

export const pageHeaders = { ...common, "content-security-policy": own } as const;

export function exportHeaders(contentType: string, fileName: string): Readonly<Record<string, string>> {
  // Only what is to be looked at and printed is shown in the browser; the rest is saved.
  const way = contentType.startsWith("text/html") ? "inline" : "attachment";
  return {
    ...common,
    "content-security-policy": exported,
    "content-type": contentType,
    "content-disposition": `${way}; filename="${fileName.replace(/[^\w.-]/g, "_")}"`,
  };
}

export function assetHeaders({ contentType, bytes }: Asset): Readonly<Record<string, string | number>> {
  return { ...pageHeaders, "content-type": contentType, "content-length": bytes.length };
}
