import type { EsimdError } from "../../base/errors.js";

/** Errors on the control socket: the same object as in a report, and the HTTP status that fits. */

export interface ErrorAnswer {
  readonly status: number;
  readonly body: { readonly error: object };
  readonly retryAfterSeconds: number | undefined;
}

export function errorAnswer(error: EsimdError): ErrorAnswer {
  const { code, message, hint, retryAfterMs } = error;
  const { actor, retry } = error.entry;
  return {
    status: statusOf(error),
    body: { error: { code, message, actor, retry, hint } },
    retryAfterSeconds: retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1000),
  };
}

/** By the code where HTTP has a word of its own for it, else by the exit status, which says what kind of trouble it is. */
function statusOf({ code, exitStatus }: EsimdError): number {
  switch (code) {
    case "port_missing":
    case "reservation_unknown":
      return 404;
    // What the caller asked for is all right, and not while things are as they are.
    case "usage":
      return 409;
    case "not_confirmed":
      return 428;
    case "state_locked":
    case "reservation_state":
    case "eid_mismatch":
      return 409;
    case "daemon_busy":
    case "cancelled":
      return 503;
    case "deadline":
      return 504;
    default:
      return byExitStatus[exitStatus] ?? 500;
  }
}

const byExitStatus: Readonly<Record<number, number>> = {
  64: 400,
  65: 400,
  66: 404,
  69: 502,
  75: 503,
  76: 502,
  77: 403,
  79: 409,
};
