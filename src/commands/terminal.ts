import type { CancelTimer } from "../base/clock.js";
import { formatMs } from "../base/deadline.js";
import type { CommandContext } from "./command.js";
import { oneLine } from "./failure.js";

/** Progress: one living line on a terminal, a line per state elsewhere, JSON lines with `--json`, nothing with `--quiet`. */
export interface Progress {
  /** The run entered a state; `sentence` is for people, `detail` goes into the JSON line. */
  state(state: string, sentence: string, detail?: object): void;
  /** Something to know that is no state. */
  note(text: string): void;
  /** Takes the living line away and stops its timer; to be called on every way out. */
  done(): void;
}

export interface ProgressOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  /** From `--no-color`; NO_COLOR in the environment counts, too. */
  readonly noColor?: boolean;
}

export function createProgress(context: CommandContext, options: ProgressOptions): Progress {
  if (options.quiet) return { state: () => undefined, note: () => undefined, done: () => undefined };
  if (options.json) return jsonProgress(context);
  const living = context.stderrIsTerminal && context.env["TERM"] !== "dumb";
  return living ? livingProgress(context, options) : plainProgress(context);
}

function jsonProgress(context: CommandContext): Progress {
  const write = (fields: object): void => {
    const at = new Date(context.clock.nowMs()).toISOString();
    context.stdout(`${JSON.stringify({ schema: "esimd.progress/1", ...fields, at })}\n`);
  };
  return {
    state: (state, sentence, detail) => write({ ...detail, state, sentence }),
    note: (note) => write({ note }),
    done: () => undefined,
  };
}

function plainProgress(context: CommandContext): Progress {
  return {
    state: (state, sentence) => context.stderr(`${state}: ${oneLine(sentence)}\n`),
    note: (text) => context.stderr(`${oneLine(text)}\n`),
    done: () => undefined,
  };
}

const eraseLine = "\r\x1b[2K";
const repaintMs = 1000;

function livingProgress(context: CommandContext, options: ProgressOptions): Progress {
  const { clock } = context;
  const bold = options.noColor !== true && (context.env["NO_COLOR"] ?? "") === "";
  // One less than the width: a terminal that wraps at its last column would make two lines of one.
  const width = (Number(context.env["COLUMNS"]) || 80) - 1;
  let shown: { readonly state: string; readonly sentence: string; readonly sinceMs: number } | undefined;
  let cancelTimer: CancelTimer = () => undefined;

  const paint = (): void => {
    if (shown === undefined) return;
    const elapsedMs = clock.monotonicMs() - shown.sinceMs;
    const elapsed = elapsedMs < repaintMs ? "" : ` (${formatMs(Math.floor(elapsedMs / 1000) * 1000)})`;
    const room = Math.max(0, width - shown.state.length - 2 - elapsed.length);
    const sentence =
      shown.sentence.length > room ? `${shown.sentence.slice(0, Math.max(0, room - 1))}…` : shown.sentence;
    const state = bold ? `\x1b[1m${shown.state}\x1b[22m` : shown.state;
    context.stderr(`${eraseLine}${state}: ${sentence}${elapsed}`);
  };
  const tick = (): void => {
    paint();
    cancelTimer = clock.setTimer(repaintMs, tick);
  };
  return {
    state: (state, sentence) => {
      cancelTimer();
      shown = { state, sentence: oneLine(sentence), sinceMs: clock.monotonicMs() };
      tick();
    },
    note: (text) => {
      context.stderr(`${eraseLine}${oneLine(text)}\n`);
      paint();
    },
    done: () => {
      cancelTimer();
      if (shown !== undefined) context.stderr(eraseLine);
      shown = undefined;
    },
  };
}
