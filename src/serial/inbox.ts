import type { EsimdError } from "../base/errors.js";

/** The receiving half of a port: keeps what arrives before anyone listens, and says once that the line ended. */
export interface Inbox {
  deliver(bytes: Uint8Array): void;
  end(error: EsimdError): void;
  /** The error the line ended with, if it did. */
  ended(): EsimdError | undefined;
  readonly onData: (listener: (bytes: Uint8Array) => void) => void;
  readonly onGone: (listener: (error: EsimdError) => void) => void;
}

/** Before a listener is there, only the newest bytes matter: what a modem said before we came is resynchronised away anyway. */
const earlyLimit = 64 * 1024;

export function createInbox(): Inbox {
  let early: Uint8Array[] = [];
  let earlyBytes = 0;
  let data: ((bytes: Uint8Array) => void) | undefined;
  let gone: ((error: EsimdError) => void) | undefined;
  let ended: EsimdError | undefined;
  return {
    deliver: (bytes) => {
      if (data !== undefined) {
        data(bytes);
        return;
      }
      early.push(bytes);
      earlyBytes += bytes.length;
      while (earlyBytes > earlyLimit && early.length > 1) earlyBytes -= early.shift()?.length ?? 0;
    },
    end: (error) => {
      if (ended !== undefined) return;
      ended = error;
      gone?.(error);
    },
    ended: () => ended,
    onData: (listener) => {
      data = listener;
      const kept = early;
      early = [];
      for (const bytes of kept) listener(bytes);
    },
    onGone: (listener) => {
      gone = listener;
      if (ended !== undefined) listener(ended);
    },
  };
}
