/** The last bytes of a stream, in a ring of fixed size: however much comes, it takes no more memory. */
export class RecentBytes {
  readonly #ring: Uint8Array;
  /** Bytes seen since the last `clear`. */
  #seen = 0;

  constructor(size: number) {
    this.#ring = new Uint8Array(size);
  }

  push(bytes: Uint8Array): void {
    const size = this.#ring.length;
    const kept = bytes.length > size ? bytes.subarray(bytes.length - size) : bytes;
    this.#seen += bytes.length - kept.length;
    const at = this.#seen % size;
    const head = kept.subarray(0, size - at);
    this.#ring.set(head, at);
    this.#ring.set(kept.subarray(head.length), 0);
    this.#seen += kept.length;
  }

  /** A copy, oldest first. */
  bytes(): Uint8Array {
    const size = this.#ring.length;
    if (this.#seen <= size) return this.#ring.slice(0, this.#seen);
    const at = this.#seen % size;
    const all = new Uint8Array(size);
    all.set(this.#ring.subarray(at), 0);
    all.set(this.#ring.subarray(0, at), size - at);
    return all;
  }

  clear(): void {
    this.#seen = 0;
  }
}
