/** The earliest first: a binary heap of one event for each device at most, in typed arrays. Equal times come in the order in which they were put. */
export class EventQueue {
  readonly #atMs: Float64Array;
  readonly #order: Float64Array;
  readonly #device: Int32Array;
  #size = 0;
  #put = 0;

  /** @param devices how many events there can be at once. */
  constructor(devices: number) {
    this.#atMs = new Float64Array(devices);
    this.#order = new Float64Array(devices);
    this.#device = new Int32Array(devices);
  }

  get size(): number {
    return this.#size;
  }

  /** When the earliest is due; infinity when there is none. */
  get nextMs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : at(this.#atMs, 0);
  }

  put(device: number, atMs: number): void {
    const order = this.#put++;
    let hole = this.#size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!this.#isLater(parent, atMs, order)) break;
      this.#move(parent, hole);
      hole = parent;
    }
    this.#set(hole, atMs, order, device);
  }

  /** The device of the earliest event, which is taken out. The queue must not be empty. */
  take(): number {
    const first = at(this.#device, 0);
    const last = --this.#size;
    const [atMs, order, device] = [at(this.#atMs, last), at(this.#order, last), at(this.#device, last)];
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#isLater(child, at(this.#atMs, child + 1), at(this.#order, child + 1))) child++;
      if (this.#isLater(child, atMs, order)) break;
      this.#move(child, hole);
      hole = child;
    }
    this.#set(hole, atMs, order, device);
    return first;
  }

  #isLater(index: number, atMs: number, order: number): boolean {
    const theirs = at(this.#atMs, index);
    return theirs > atMs || (theirs === atMs && at(this.#order, index) > order);
  }

  #move(from: number, to: number): void {
    this.#set(to, at(this.#atMs, from), at(this.#order, from), at(this.#device, from));
  }

  #set(index: number, atMs: number, order: number, device: number): void {
    this.#atMs[index] = atMs;
    this.#order[index] = order;
    this.#device[index] = device;
  }
}

/** An element that is known to be there. */
export function at(array: Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array, index: number): number {
  return array[index] ?? Number.NaN;
}
