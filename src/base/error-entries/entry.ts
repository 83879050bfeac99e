/** Who can change the outcome. */
export type Actor = "operator" | "device-maker" | "vendor" | "network" | "esimd" | "none";

/** `never`: the same run ends the same way; `later`: worth another run after a pause; `now`: at once. */
export type RetryClass = "never" | "later" | "now";

export interface ErrorEntry {
  /** What happened, in general; the error's own message says it in particular. */
  readonly sentence: string;
  readonly actor: Actor;
  readonly retry: RetryClass;
  /** Process exit status, after sysexits.h and the contract in docs/errors.md. */
  readonly exit: number;
  /** What the actor does next. */
  readonly next: string;
  /** Set when a run that meets this ends `held`: nothing more is done by itself until a person decides. */
  readonly held?: true;
}
