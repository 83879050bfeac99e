/** The only timers of the page. */

/** @returns what cancels it. */
export function after(ms: number, fire: () => void): () => void {
  const timer = setTimeout(fire, ms);
  return () => clearTimeout(timer);
}

export function every(ms: number, fire: () => void): void {
  setInterval(fire, ms);
}

/** Of a clock that never jumps. */
export function monotonicMs(): number {
  return performance.now();
}

/** The station's wall clock, as it was told last and went on since: the browser's own may be another. */
export class StationTime {
  #offsetMs = Date.now() - performance.now();

  tell(atMs: number): void {
    this.#offsetMs = atMs - performance.now();
  }

  nowMs(): number {
    return performance.now() + this.#offsetMs;
  }
}

/** `14:05:09`, in the browser's own zone. */
export function clockText(ms: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `2026-11-27 14:05`. */
export function dayText(ms: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clockText(ms).slice(0, 5)}`;
}
