import type { UnitPlan } from "./plan.js";

/** Who is next at a slot: in the plan's order, but a unit that has to do with an earlier one waits until that one is done. Pure but for its record. */
export class Turns {
  readonly #waiting: UnitPlan[];
  readonly #done = new Set<number>();
  #wake: (() => void)[] = [];

  constructor(plan: readonly UnitPlan[]) {
    this.#waiting = [...plan];
  }

  /** Nobody waits, and nobody is in a slot any more. */
  get areOver(): boolean {
    return this.#waiting.length === 0;
  }

  /** The next one for a slot; undefined when there is none left. Waits for one that may come. */
  async next(signal: AbortSignal): Promise<UnitPlan | undefined> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#waiting.length === 0) return undefined;
      const found = this.#waiting.findIndex(({ after }) => after === null || this.#done.has(after));
      if (found >= 0) return this.#waiting.splice(found, 1)[0];
      await this.#change(signal);
    }
  }

  /** The unit had its turn, and is out of its slot. */
  done(unit: UnitPlan): void {
    this.#done.add(unit.index);
    this.#wakeAll();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener("abort", wake);
        resolve();
      };
      signal.addEventListener("abort", wake, { once: true });
      this.#wake.push(wake);
    });
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
