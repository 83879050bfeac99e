import { z } from "zod";
import { parseDuration } from "./duration.js";

/** What the keys of the configuration are made of: kinds of values, and what each key is for people. */

/** What a key is for people. */
export interface KeyDoc {
  /** What is allowed, as the end of a sentence. */
  readonly allowed: string;
  readonly meaning: string;
  readonly env?: string;
  readonly flag?: string;
  /** The default, where the schema itself cannot say it. */
  readonly defaultText?: string;
  /** A path: a relative one is taken from the working directory in the environment and in flags, and refused in a file. */
  readonly path?: true;
}

export const keyDocs = z.registry<KeyDoc>();

/** The parts of `sim.unique_name` that are replaced; with 4 or 8, the last digits only. */
export const uniqueNamePlaceholders: readonly string[] = ["eid", "iccid", "imei"].flatMap((name) => [
  name,
  `${name}4`,
  `${name}8`,
]);

export function duration(leastMs: number) {
  return z.union([z.string(), z.number()]).transform((raw, context) => {
    const ms = parseDuration(raw);
    if (ms === undefined || ms < leastMs) {
      context.addIssue({ code: "custom", message: "" });
      return z.NEVER;
    }
    return ms;
  });
}

/** A line of text: no control characters, bounded. */
export const text = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^[^\p{Cc}]+$/u);

export const absolutePath = text.regex(/^\//);

/** Text that another room's parser takes or refuses with an error. */
export function parsed<T>(parse: (value: string) => T) {
  return text.transform((value, context): T => {
    try {
      return parse(value);
    } catch {
      context.addIssue({ code: "custom", message: "" });
      return z.NEVER;
    }
  });
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

export function isLoopback(host: string): boolean {
  return loopback.test(host);
}

export const urlForm = "an https URL without user name and fragment (http only on the loopback)";

function isAllowedUrl(value: string, withQuery: boolean): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  const secure = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
  const bare = url.username === "" && url.password === "" && url.hash === "" && (withQuery || url.search === "");
  return secure && bare;
}

/** A URL to build on: normalised, and without a slash at its end. */
export const baseUrl = text
  .refine((value) => isAllowedUrl(value, false))
  .transform((value) => new URL(value).href.replace(/\/+$/, ""));

/** Kept as it was written: the provider signs its callbacks over this very text. */
export const callbackUrl = text.refine((value) => isAllowedUrl(value, true));

export const listenForm = "HOST:PORT, with the address of an interface of this host; [ADDRESS]:PORT for IPv6";

/** Where to listen. A port of 0 takes a free one, which is of use to tests alone. */
export const listenAddress = text.transform((value, context) => {
  const match = /^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(value);
  const [, host, port] = match ?? [];
  if (host === undefined || Number(port) > 65_535) {
    context.addIssue({ code: "custom", message: "" });
    return z.NEVER;
  }
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
});

export const wholeNumber = (least: number, most: number) => z.int().min(least).max(most);

export const uniqueName = z
  .string()
  .min(1)
  .max(64)
  .refine((template) => {
    const literal = template.replace(/\{([^{}]*)\}/g, (whole, name: string) =>
      uniqueNamePlaceholders.includes(name) ? "" : whole,
    );
    return /^[A-Za-z0-9._-]*$/.test(literal);
  });

export function list(words: readonly string[]): string {
  const quoted = words.map((word) => `"${word}"`);
  return `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}
