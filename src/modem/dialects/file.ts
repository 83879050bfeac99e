import { parse, TomlError } from "smol-toml";
import type { z } from "zod";
import { describeCause, EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import { lineOf } from "../../base/toml-line.js";
import type { GivenDialect } from "./catalogue.js";
import { ownDialects } from "./own.js";
import { type DialectInput, dialectSchema } from "./spec.js";

/**
 * A dialect out of an operator's TOML file: whole, or as changes to one of esimd's own (`based_on`). Keys are as in spec.ts, in
 * snake_case. Whatever is wrong is refused with the file, the line and the reason. Pure.
 */

type Table = { readonly [key: string]: unknown };

/** @throws EsimdError `dialect_invalid`. */
export function parseDialectFile(text: string, path: string): GivenDialect {
  const { based_on: basedOn, ...changes } = parseToml(text, path);
  const base = basedOn === undefined ? {} : baseOf(basedOn, text, path);
  const result = dialectSchema.safeParse(merged(base, camelCased(changes, [])));
  if (result.success) return { spec: result.data, origin: path };
  throw refusal(result.error, text, path);
}

function parseToml(text: string, path: string): Table {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const what = describeCause(cause).split("\n")[0];
    throw new EsimdError("dialect_invalid", `${path}: line ${cause.line}, column ${cause.column}: ${what}`, { cause });
  }
}

function baseOf(name: unknown, text: string, path: string): DialectInput {
  const base = ownDialects.find((dialect) => dialect.name === name);
  if (base !== undefined) return base;
  const known = ownDialects.map((dialect) => dialect.name).join(", ");
  throw new EsimdError(
    "dialect_invalid",
    `${path}: line ${lineOf(text, ["based_on"])}: based_on ${quote(String(name))} is none of ${known}`,
  );
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `timeout_ms` is `timeoutMs` in spec.ts; the keys of `result_codes` are codes and stay as they are. */
function camelCased(value: unknown, path: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((inner: unknown) => camelCased(inner, path));
  if (!isTable(value)) return value;
  const areCodes = path.at(-1) === "resultCodes";
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const name = areCodes ? key : key.replace(/_([a-z])/g, (_whole, letter: string) => letter.toUpperCase());
      return [name, camelCased(inner, [...path, name])];
    }),
  );
}

/** Tables are merged key by key, everything else is replaced. A command of another kind replaces the old one whole. */
function merged(base: unknown, change: unknown): unknown {
  if (!isTable(base) || !isTable(change)) return change;
  if ("kind" in base && "kind" in change && base["kind"] !== change["kind"]) return change;
  const keys = new Set([...Object.keys(base), ...Object.keys(change)]);
  return Object.fromEntries([...keys].map((key) => [key, key in change ? merged(base[key], change[key]) : base[key]]));
}

function refusal(error: z.ZodError, text: string, path: string): EsimdError {
  const [issue] = error.issues;
  const keys = (issue?.path ?? []).map((key) => String(key));
  const unknownKey = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const place = unknownKey === undefined ? keys : [...keys, unknownKey];
  const snake = place.map((key) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  const what = unknownKey === undefined ? (issue?.message ?? "is not a dialect") : "there is no such key";
  return new EsimdError("dialect_invalid", `${path}: line ${lineOf(text, snake)}: ${snake.join(".")}: ${what}`);
}
