import { EsimdError } from "../base/errors.js";

/** SIGINT and SIGTERM: the first asks the run to end cleanly, the second means it. */

const numbers = { SIGINT: 2, SIGTERM: 15 } as const;
type StopSignal = keyof typeof numbers;

/** What is needed of the process. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown;
}

/** The signal that every command gets: aborts with `cancelled`. `exit` is called with 128 + n, as a shell would report it. */
export function stopSignal(source: SignalSource, exit: (status: number) => void): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    source.on(name, () => {
      if (controller.signal.aborted) exit(128 + numbers[name]);
      else controller.abort(new EsimdError("cancelled", `esimd was stopped by ${name}`));
    });
  }
  return controller.signal;
}
