import type { EsimdError } from "../../base/errors.js";
import type { FleetEvent } from "../../report/event.js";

/** Where events go. One event is with a sink at a time, and the next only when that one is delivered: so they come in order. */
export interface Sink {
  readonly name: SinkName;
  /** How long one try may take. */
  readonly timeoutMs: number;
  /** Of a sink with a connection of its own that comes and goes. */
  readonly link?: { readonly isUp: boolean; readonly failures: number };
  /** Rejects only when `signal` aborts. */
  deliver(event: FleetEvent, signal: AbortSignal): Promise<Delivery>;
  /** Nothing more waits for now: connections that cost something may go. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export type SinkName = "webhook" | "mqtt" | "hook";

export type Delivery =
  /** The receiver says that it has it. */
  | { readonly kind: "delivered" }
  /** `lasting`: it stays so until somebody changes something; it is tried seldom. */
  | { readonly kind: "failed"; readonly error: EsimdError; readonly lasting: boolean };
