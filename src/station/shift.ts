import type { Verdict } from "./records/entry.js";
import { type ShiftPiece, shiftPieceMs, shiftPieces } from "./view.js";

/** How many units ended in each piece of the last hours. */
export class Shift {
  readonly #pieces = new Map<number, { passed: number; failed: number }>();

  note(atMs: number, verdict: Verdict): void {
    const from = Math.floor(atMs / shiftPieceMs) * shiftPieceMs;
    const piece = this.#pieces.get(from) ?? { passed: 0, failed: 0 };
    if (verdict === "PASS") piece.passed++;
    else piece.failed++;
    this.#pieces.set(from, piece);
    for (const old of this.#pieces.keys()) if (old <= from - shiftPieces * shiftPieceMs) this.#pieces.delete(old);
  }

  /** Up to now, the newest last. */
  pieces(nowMs: number): readonly ShiftPiece[] {
    const last = Math.floor(nowMs / shiftPieceMs) * shiftPieceMs;
    return Array.from({ length: shiftPieces }, (_none, index) => {
      const fromMs = last - (shiftPieces - 1 - index) * shiftPieceMs;
      return { fromMs, ...(this.#pieces.get(fromMs) ?? { passed: 0, failed: 0 }) };
    });
  }
}
