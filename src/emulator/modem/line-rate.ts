/** The speed of the modem's UART (V.250 6.2.10): volatile until AT&W keeps it. As USB, where there is none, any speed is accepted. */

import type { World } from "./world-options.js";

/** What a modem on USB says that it takes. */
const nominalRates: readonly number[] = [
  4_800, 9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600, 3_000_000, 4_000_000,
];

export class LineRate {
  readonly #world: () => Pick<World, "uart">;
  readonly #nominal: number;
  #kept: number | undefined;
  #current: number | undefined;

  /** @param nominal What a modem without a UART calls its speed. */
  constructor(world: () => Pick<World, "uart">, nominal: number) {
    this.#world = world;
    this.#nominal = nominal;
  }

  get rates(): readonly number[] {
    return this.#world().uart?.rates ?? nominalRates;
  }

  get current(): number {
    return this.#current ?? this.#kept ?? this.#world().uart?.startRate ?? this.#nominal;
  }

  set(rate: number): void {
    this.#current = rate;
  }

  /** AT&W. */
  keep(): void {
    this.#kept = this.current;
  }

  powerOff(): void {
    this.#current = undefined;
  }

  /** Whether bytes get through unharmed between this end and a host at `hostRate`, which a wire without speeds does not have. */
  isClean(hostRate: number | undefined): boolean {
    const { uart } = this.#world();
    if (uart === undefined || hostRate === undefined) return true;
    return hostRate === this.current && hostRate <= (uart.cleanUpTo ?? hostRate);
  }
}

/** What a receiver at another speed makes of bytes: others, with the high bit set, of another number. No line end survives. */
export function spoilt(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: Math.ceil(bytes.length / 2) }, (_, i) => 0x80 | ((bytes[2 * i] ?? 0) * 37));
}
