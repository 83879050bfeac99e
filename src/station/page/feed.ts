import type { CancelTimer, Clock } from "../../base/clock.js";
import type { StationControl } from "../control.js";
import type { SlotView, StationView } from "../view.js";
import { bounds } from "./bounds.js";
import type { ViewChange, ViewRest } from "./browser/change.js";

/**
 * What changed since when, once for all pages: each slot, and the rest, has the revision at which it was last another. A page that reads slowly
 * keeps a revision and costs no memory; it gets what is other by then, and not what was in between.
 */

interface Piece<Value> {
  readonly text: string;
  readonly value: Value;
  readonly revision: number;
}

export class ViewFeed {
  readonly #control: StationControl;
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  readonly #slots = new Map<number, Piece<SlotView>>();
  #rest: Piece<ViewRest> | undefined;
  #revision = 0;
  #atMs = 0;
  #due: CancelTimer | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;
  #unsubscribe: (() => void) | undefined;

  constructor(control: StationControl, clock: Clock) {
    this.#control = control;
    this.#clock = clock;
  }

  /** The newest view. Not bounded by {@link bounds.changeMs}: who opens the page sees it as it is. */
  view(): StationView {
    return this.#control.view();
  }

  get revision(): number {
    return this.#revision;
  }

  /** What is other than at `revision`; undefined: nothing. */
  since(revision: number): ViewChange | undefined {
    const slots = [...this.#slots.values()].filter((piece) => piece.revision > revision).map(({ value }) => value);
    const rest = this.#rest !== undefined && this.#rest.revision > revision ? this.#rest.value : null;
    return slots.length === 0 && rest === null ? undefined : { atMs: this.#atMs, slots, rest };
  }

  /** Calls `listener` after something changed, four times a second at the most, until the returned function is called. */
  follow(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) {
      // Nobody listened: what is here may be old.
      this.#unsubscribe = this.#control.onChange(() => this.#changed());
      this.#look();
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#unsubscribe?.();
      this.#due?.();
      this.#due = undefined;
    };
  }

  #changed(): void {
    if (this.#due !== undefined) return;
    const waitMs = Math.max(0, this.#lastMs + bounds.changeMs - this.#clock.monotonicMs());
    this.#due = this.#clock.setTimer(waitMs, () => {
      this.#due = undefined;
      this.#look();
      for (const listener of [...this.#listeners]) listener();
    });
  }

  #look(): void {
    const { slots, atMs, ...rest } = this.#control.view();
    const revision = this.#revision + 1;
    let isOther = false;
    const piece = <Value>(known: Piece<Value> | undefined, value: Value): Piece<Value> => {
      const text = JSON.stringify(value);
      if (known?.text === text) return known;
      isOther = true;
      return { text, value, revision };
    };
    for (const slot of slots) this.#slots.set(slot.number, piece(this.#slots.get(slot.number), slot));
    this.#rest = piece(this.#rest, rest);
    if (isOther) this.#revision = revision;
    this.#atMs = atMs;
    this.#lastMs = this.#clock.monotonicMs();
  }
}
