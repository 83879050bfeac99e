import type { StationEvent } from "./control.js";

/** Who looks at the station, and hears what happens on it. */
export class Listeners {
  readonly #changes = new Set<() => void>();
  readonly #events = new Set<(event: StationEvent) => void>();
  #isTelling = false;

  onChange(changed: () => void): () => void {
    this.#changes.add(changed);
    return () => this.#changes.delete(changed);
  }

  onEvent(heard: (event: StationEvent) => void): () => void {
    this.#events.add(heard);
    return () => this.#events.delete(heard);
  }

  publish(event: StationEvent): void {
    for (const heard of [...this.#events]) heard(event);
  }

  /** Something that is shown is otherwise: told once in a turn of the event loop, however much changes in it. */
  changed(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      for (const changed of [...this.#changes]) changed();
    });
  }
}
