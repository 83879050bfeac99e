import type { LineEvent, SlotStatus } from "./protocol.js";

/** What the station last said of one slot, as far as it matters to the one who puts units in. */
export type Seen =
  /** Nothing was heard since the connection was made. */
  | { readonly kind: "unknown" }
  | { readonly kind: "empty" }
  | { readonly kind: "needs-serial" }
  /** It works, or will by itself. */
  | { readonly kind: "working" }
  | {
      readonly kind: "verdict";
      readonly verdict: "PASS" | "FAIL";
      readonly code: string | null;
      readonly serial: string | null;
    }
  /** It failed while nobody listened: the code is not known. */
  | { readonly kind: "failed-unheard" };

type HeardSeen = Extract<Seen, { kind: "verdict" }>;

/** What was seen by an event; undefined where it says nothing of a slot. Pure. */
export function seenByEvent(event: LineEvent): { readonly slot: number; readonly seen: Seen } | undefined {
  switch (event.kind) {
    case "put-in":
      return { slot: event.slot, seen: { kind: "needs-serial" } };
    case "taken-out":
      return { slot: event.slot, seen: { kind: "empty" } };
    case "verdict": {
      const { slot, verdict, code, serial } = event;
      return { slot, seen: { kind: "verdict", verdict, code, serial } };
    }
    case "other":
      return undefined;
  }
}

/** What a slot's status says where no event was heard. Pure. */
export function seenByStatus({ phase, serial }: SlotStatus): Seen {
  switch (phase) {
    case "empty":
    case "needs-unit":
      return { kind: "empty" };
    case "needs-serial":
      return { kind: "needs-serial" };
    case "passed":
      return { kind: "verdict", verdict: "PASS", code: null, serial };
    case "failed":
      return { kind: "failed-unheard" };
    case "running":
    case "off":
      return { kind: "working" };
  }
}

const unknown: Seen = { kind: "unknown" };

/** The slots as the station sees them, for those who wait for a change. */
export class Desk {
  readonly #seen = new Map<number, Seen>();
  readonly #verdicts = new Map<number, HeardSeen[]>();
  readonly #waiting = new Map<number, () => void>();

  seen(slot: number): Seen {
    return this.#seen.get(slot) ?? unknown;
  }

  note(slot: number, seen: Seen): void {
    this.#seen.set(slot, seen);
    // Kept whatever is seen next: what comes in one piece is noted before anybody looks.
    if (seen.kind === "verdict") this.#verdicts.set(slot, [...(this.#verdicts.get(slot) ?? []), seen]);
    const wake = this.#waiting.get(slot);
    this.#waiting.delete(slot);
    wake?.();
  }

  /** Another unit is about to be put in: verdicts of the last one are over. */
  begin(slot: number): void {
    this.#verdicts.delete(slot);
  }

  /** The first verdict on the slot's unit whose serial number will do. */
  verdict(slot: number, isOf: (serial: string | null) => boolean): HeardSeen | undefined {
    return this.#verdicts.get(slot)?.find(({ serial }) => isOf(serial));
  }

  /** As {@link note}, but a verdict that was heard with its code is better than the same by status. */
  noteStatus(status: SlotStatus): void {
    const known = this.seen(status.slot).kind === "verdict";
    if (known && (status.phase === "passed" || status.phase === "failed")) return;
    this.note(status.slot, seenByStatus(status));
  }

  /** The connection is gone: what was seen may be otherwise by now. */
  forget(): void {
    this.#seen.clear();
  }

  /** Resolves at the next {@link note} of the slot; one waits for a slot at a time. Rejects as the signal aborts. */
  changed(slot: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      if (signal.aborted) return onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.set(slot, () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
    });
  }
}
