import { invalidParameter, type Reply } from "./replies.js";

/** Form and query parameters, each given once and each one known. */
export type Parameters = ReadonlyMap<string, string>;

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reply: Reply };

export const accept = <T>(value: T): Read<T> => ({ ok: true, value });
export const refuse = <T>(reply: Reply): Read<T> => ({ ok: false, reply });

/** Refuses a name that the operation does not have (names are case-sensitive) and one that comes twice. */
export function readParameters(encoded: string, known: readonly string[]): Read<Parameters> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(encoded)) {
    if (!known.includes(name)) return refuse(invalidParameter(`${name} is unknown`));
    if (parameters.has(name)) return refuse(invalidParameter(`${name} is given more than once`));
    parameters.set(name, value);
  }
  return accept(parameters);
}

/** Undefined when absent; refused when not of the choice. */
export function readChoice<T extends string>(
  parameters: Parameters,
  name: string,
  choice: readonly T[],
): Read<T | undefined> {
  const given = parameters.get(name);
  if (given === undefined) return accept(undefined);
  const found = choice.find((one) => one === given);
  return found === undefined ? refuse(invalidParameter(`${name} must be one of ${choice.join(", ")}`)) : accept(found);
}

export function readInteger(parameters: Parameters, name: string, min: number, max: number): Read<number | undefined> {
  const given = parameters.get(name);
  if (given === undefined) return accept(undefined);
  const value = Number(given);
  const isGood = /^\d{1,9}$/.test(given) && value >= min && value <= max;
  return isGood ? accept(value) : refuse(invalidParameter(`${name} must be an integer from ${min} to ${max}`));
}

/** A callback as ESimProfiles and Sims take it. */
export interface CallbackTarget {
  readonly url: string;
  readonly method: "GET" | "POST";
}

export function readCallback(parameters: Parameters): Read<CallbackTarget | undefined> {
  const method = readChoice(parameters, "CallbackMethod", ["GET", "POST"]);
  if (!method.ok) return method;
  const url = parameters.get("CallbackUrl");
  if (url === undefined) return accept(undefined);
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return refuse(invalidParameter("CallbackUrl is not a URL"));
  return accept({ url, method: method.value ?? "POST" });
}
