import { parse, TomlError } from "smol-toml";
import type { z } from "zod";
import { describeCause, EsimdError } from "../base/errors.js";
import { lineOf } from "../base/toml-line.js";
import { type LabelTemplate, templateSchema } from "./template.js";

/** A template out of a TOML file. Keys are as in template.ts, in snake_case. What is wrong is refused with the file, the line, the key. Pure. */

/** @throws EsimdError `label_template_invalid`. */
export function parseTemplate(text: string, path: string): LabelTemplate {
  const result = templateSchema.safeParse(camelCased(parseToml(text, path)));
  if (result.success) return result.data;
  // A key that is misspelt is missing as well, and the misspelling is what helps.
  const { issues } = result.error;
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  const keys = (issue?.path ?? []).map((key) => String(key));
  const unknownKey = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const place = (unknownKey === undefined ? keys : [...keys, unknownKey]).map(snakeCased);
  const what = unknownKey === undefined ? faultOf(issue) : "there is no such key";
  const named = place.length === 0 ? "" : `${place.join(".")}: `;
  throw new EsimdError("label_template_invalid", `${path}: line ${lineOf(text, place)}: ${named}${what}`);
}

function faultOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === "invalid_union" && issue.discriminator !== undefined) {
    return "is none of text, code128, qr, line, box";
  }
  return issue?.message ?? "is no template";
}

function parseToml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const what = describeCause(cause).split("\n")[0];
    throw new EsimdError("label_template_invalid", `${path}: line ${cause.line}, column ${cause.column}: ${what}`, {
      cause,
    });
  }
}

/** `width_mm` is `widthMm` in template.ts. A key with capitals of its own is none of ours, and is left to be refused as it stands. */
function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((inner: unknown) => camelCased(inner));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      /[A-Z]/.test(key) ? `${key} ` : key.replace(/_([a-z])/g, (_whole, letter: string) => letter.toUpperCase()),
      camelCased(inner),
    ]),
  );
}

function snakeCased(key: string): string {
  return key.endsWith(" ") ? key.trimEnd() : key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
