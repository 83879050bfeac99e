import type { CancelTimer, Clock } from "../../base/clock.js";
import { toEsimdError } from "../../base/errors.js";
import type { StationControl } from "../control.js";
import { renderWall } from "./render.js";
import { plainText } from "./text.js";
import { type Typed, typedLine } from "./typed.js";

/**
 * The wall on a terminal, drawn anew as things change, and what is typed or scanned there. The terminal keeps its own line editing: the last
 * row but one is the person's, and is never drawn over while something stands in it.
 */

export interface TerminalWallOptions {
  readonly control: StationControl;
  /** Typed text as it comes, a piece at a time; its end is no end of the wall. */
  readonly input: AsyncIterable<string | Uint8Array>;
  readonly write: (text: string) => void;
  /** Asked before each drawing: a terminal's size changes. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly colour: boolean;
  readonly clock: Clock;
}

/** A download tells of itself more often than an eye can follow, and a slow line can carry. */
const quickMs = 250;
/** Elapsed times go on by themselves. */
const secondMs = 1_000;
/** Longer than any line that means something. */
const mostTyped = 1_024;

/** Draws until the station has stopped or `signal` aborts; `quit` stops the station. Resolves when the terminal is as it was. */
export async function runTerminalWall(options: TerminalWallOptions, signal: AbortSignal): Promise<void> {
  const { control, input, write, size, colour, clock } = options;
  let timer: { readonly dueMs: number; readonly cancel: CancelTimer } | undefined;
  let answer = "";
  let ended = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    ended = resolve;
  });

  const paint = (): void => {
    const view = control.view();
    const { columns, rows } = size();
    // The last column is left free: a terminal that wraps there would make two lines of one.
    const lines = renderWall(view, { columns: columns - 1, rows: Math.max(5, rows - 2), colour });
    const drawn = lines.map((line, row) => `\x1b[${row + 1};1H${line}\x1b[K`).join("");
    // The cursor, which stands behind what is being typed, is put back to where it was.
    write(
      `\x1b7\x1b[?25l${drawn}\x1b[${lines.length + 2};1H${plainText(answer).slice(0, columns - 1)}\x1b[K\x1b8\x1b[?25h`,
    );
    if (view.phase === "stopped") ended();
    else schedule(secondMs);
  };
  const clear = (): void => {
    const { rows } = size();
    write(`\x1b[2J\x1b[${Math.max(6, rows - 1)};1H> `);
  };
  const schedule = (inMs: number): void => {
    const dueMs = clock.monotonicMs() + inMs;
    if (timer !== undefined && timer.dueMs <= dueMs) return;
    timer?.cancel();
    const cancel = clock.setTimer(inMs, () => {
      timer = undefined;
      paint();
    });
    timer = { dueMs, cancel };
  };
  const hear = (line: string): void => {
    answer = obey(control, typedLine(line));
    // Enter has moved the terminal on by a line.
    clear();
    paint();
  };

  const onAbort = (): void => ended();
  signal.addEventListener("abort", onAbort, { once: true });
  // A screen of its own, so that what was there before comes back.
  write("\x1b[?1049h");
  clear();
  const unsubscribe = control.onChange(() => schedule(quickMs));
  try {
    if (signal.aborted) return;
    paint();
    // A terminal that is gone ends nothing: the line goes on, as it does without one.
    await Promise.race([
      over,
      listen(input, hear).then(
        () => over,
        () => over,
      ),
    ]);
  } finally {
    unsubscribe();
    signal.removeEventListener("abort", onAbort);
    timer?.cancel();
    write("\x1b[?1049l\x1b[?25h");
  }
}

/** @returns what to tell the person; a scan is told by the view. */
function obey(control: StationControl, typed: Typed): string {
  try {
    switch (typed.kind) {
      case "nothing":
        return "";
      case "scan":
        control.scan(typed.text, typed.slot);
        return "";
      case "retry":
        control.retry(typed.slot);
        return `slot ${typed.slot} runs again`;
      case "off":
      case "on":
        control.setOff(typed.slot, typed.kind === "off");
        return typed.kind === "off" ? `slot ${typed.slot} is out of work` : `slot ${typed.slot} is worked with again`;
      case "drain":
        control.drain();
        return "nothing new begins";
      case "quit":
        control.stop();
        return "the station stops";
    }
  } catch (thrown) {
    const { message, hint } = toEsimdError(thrown);
    return `${message}. ${hint}`;
  }
}

async function listen(input: AsyncIterable<string | Uint8Array>, hear: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of input) {
    rest += typeof piece === "string" ? piece : decoder.decode(piece, { stream: true });
    const lines = rest.split(/\r\n|\r|\n/);
    rest = (lines.pop() ?? "").slice(-mostTyped);
    for (const line of lines) hear(line.slice(0, mostTyped));
  }
}
