import { maskIdentifiers } from "./identifiers.js";

/** Replaces known secrets and masks identifiers in everything that leaves by a log. */
export interface Redactor {
  /** Values shorter than 6 characters are not remembered: they would blank out ordinary words. */
  addSecret(value: string): void;
  redact(text: string): string;
  /** Known secrets alone: a result has the identifiers whole. */
  withoutSecrets(text: string): string;
}

export function createRedactor(): Redactor {
  const secrets = new Set<string>();
  const withoutSecrets = (text: string): string =>
    [...secrets].reduce((left, secret) => left.replaceAll(secret, "[secret]"), text);
  return {
    addSecret: (value) => {
      if (value.length < 6) return;
      secrets.add(value);
      // A secret may be logged inside JSON or a URL, where some characters look different.
      secrets.add(JSON.stringify(value).slice(1, -1));
      secrets.add(encodeURIComponent(value));
    },
    redact: (text) => maskIdentifiers(withoutSecrets(text)),
    withoutSecrets,
  };
}
