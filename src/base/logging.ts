import { pino } from "pino";
import type { Redactor } from "./redactor.js";

export { createRedactor, type Redactor } from "./redactor.js";

export type LogLevel = "silent" | "error" | "warn" | "info" | "debug" | "trace";

export const logLevels: readonly LogLevel[] = ["silent", "error", "warn", "info", "debug", "trace"];

/** What the rooms of the house may log with: an object of facts, then a sentence. */
export interface Log {
  error(facts: object, sentence: string): void;
  warn(facts: object, sentence: string): void;
  info(facts: object, sentence: string): void;
  debug(facts: object, sentence: string): void;
  trace(facts: object, sentence: string): void;
  child(facts: object): Log;
}

const syslogPriority: Readonly<Record<string, number>> = { fatal: 2, error: 3, warn: 4, info: 6, debug: 7, trace: 7 };

export interface LogOptions {
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  readonly redactor: Redactor;
  /** Prefix each line with journald's `<N>` priority (sd-daemon(3)); only where stderr is the journal. */
  readonly journald: boolean;
}

/**
 * JSON lines through pino. Redaction happens on the finished line, so that nothing can slip past it by sitting in another field.
 */
export function createLog(options: LogOptions): Log {
  const { level, write, redactor, journald } = options;
  const destination = {
    write: (line: string): void => {
      const redacted = redactor.redact(line);
      if (!journald) {
        write(redacted);
        return;
      }
      const label = /"level":"(\w+)"/.exec(line)?.[1] ?? "info";
      write(`<${syslogPriority[label] ?? 6}>${redacted}`);
    },
  };
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: serializeError },
    },
    destination,
  );
}

/** An error in a log: code and message along the chain of causes, no stack. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return {
    ...("code" in error ? { code: error.code } : {}),
    message: error.message,
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause) }),
  };
}

/** Logs nothing; for tests and for code that was given no log. */
export const silentLog: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  trace: () => undefined,
  child: () => silentLog,
};
