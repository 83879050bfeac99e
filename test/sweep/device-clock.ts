import type { CancelTimer, Clock } from "../../src/base/clock.js";

/** A device's own clock: its time passes as everybody's does, and what it says the time is may be wrong. */
export class DeviceClock implements Clock {
  readonly #true: Clock;
  #aheadMs = 0;

  constructor(trueClock: Clock) {
    this.#true = trueClock;
  }

  /** By how much it is ahead of the true time; negative when it is behind. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  nowMs(): number {
    return this.#true.nowMs() + this.#aheadMs;
  }

  monotonicMs(): number {
    return this.#true.monotonicMs();
  }

  setTimer(delayMs: number, fire: () => void): CancelTimer {
    return this.#true.setTimer(delayMs, fire);
  }

  jumpWallTo(epochMs: number): void {
    this.#aheadMs = epochMs - this.#true.nowMs();
  }

  jumpWallBy(ms: number): void {
    this.#aheadMs += ms;
  }

  /** As time synchronisation does. */
  setRight(): void {
    this.#aheadMs = 0;
  }
}

/** Servers renew theirs long before: at any time these are the dates of a certificate that is in use. */
const certificateMs = 45 * 86_400_000;

/** Why TLS refuses a server whose certificate is judged by this clock (Node's names); undefined when it does not. */
export function refusalByDate(clock: Pick<DeviceClock, "aheadMs">): string | undefined {
  if (clock.aheadMs > certificateMs) return "CERT_HAS_EXPIRED";
  return clock.aheadMs < -certificateMs ? "CERT_NOT_YET_VALID" : undefined;
}
