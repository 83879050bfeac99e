import { EsimdError } from "./errors.js";

/** Work that goes on beside something else. Whoever began it asks for its end in every case; it rejects nobody who does not. */
export interface Beside<Value> {
  /** As the work ends. */
  readonly end: () => Promise<Value>;
  /** Calls it off, and resolves once it is over, however it ended. */
  readonly giveUp: () => Promise<void>;
}

/** Begins `work` at once, with a signal that aborts as `signal` does, or by `giveUp`. */
export function beside<Value>(work: (signal: AbortSignal) => Promise<Value>, signal: AbortSignal): Beside<Value> {
  const controller = new AbortController();
  const ended = work(AbortSignal.any([signal, controller.signal]));
  const over = ended.then(
    () => undefined,
    () => undefined,
  );
  return {
    end: () => ended,
    giveUp: () => {
      controller.abort(new EsimdError("cancelled", "what it was for has ended before it"));
      return over;
    },
  };
}
