import { type ErrorCode, type ErrorEntry, errorRegistry } from "./error-registry.js";

export type { Actor, ErrorCode, ErrorEntry, RetryClass } from "./error-registry.js";

export interface EsimdErrorOptions {
  /** The next step for the one who must act; the registry's own when left out. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** How long the other side asked us to wait before the next try. */
  readonly retryAfterMs?: number;
}

/**
 * The one error of the program. `code` is stable and documented in docs/errors.md; `message` is one sentence that names the value and
 * the place; who must act, whether to try again and the exit status come from the registry.
 */
export class EsimdError extends Error {
  override readonly name = "EsimdError";
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: EsimdErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? errorRegistry[code].next;
    this.retryAfterMs = options.retryAfterMs;
  }

  get entry(): ErrorEntry {
    return errorRegistry[this.code];
  }

  get exitStatus(): number {
    return this.entry.exit;
  }
}

/** True for an {@link EsimdError}, and of the given code if one is given. */
export function isEsimdError(value: unknown, code?: ErrorCode): value is EsimdError {
  return value instanceof EsimdError && (code === undefined || value.code === code);
}

/** Any thrown value as an {@link EsimdError}; what nobody foresaw becomes `unexpected` and keeps its cause. */
export function toEsimdError(value: unknown): EsimdError {
  if (value instanceof EsimdError) return value;
  return new EsimdError("unexpected", `an unforeseen failure: ${describeCause(value)}`, { cause: value });
}

/** The innermost useful words of a foreign error: its code and message, never its stack. */
export function describeCause(value: unknown): string {
  if (!(value instanceof Error)) return String(value);
  const code = "code" in value && typeof value.code === "string" ? value.code : undefined;
  const inner = value.cause instanceof Error ? ` (${describeCause(value.cause)})` : "";
  const message = value.message === "" ? value.name : value.message;
  return code === undefined || message.includes(code) ? `${message}${inner}` : `${message} [${code}]${inner}`;
}
