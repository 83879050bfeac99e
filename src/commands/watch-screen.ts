import type { CancelTimer } from "../base/clock.js";
import { formatMs } from "../base/deadline.js";
import type { CommandContext } from "./command.js";

/** A line for each modem that is painted anew as things change, on a terminal; what stays written goes above them. */
export interface Screen {
  /** What one modem does since then; it keeps its place. */
  line(name: string, text: string, sinceMs: number): void;
  remove(name: string): void;
  clear(): void;
  /** A line that stays. */
  note(text: string): void;
  /** Leaves the last picture standing, and no timer. */
  done(): void;
}

interface Shown {
  readonly text: string;
  readonly sinceMs: number;
}

const secondMs = 1_000;
/** A download tells of itself more often than an eye can follow, and a slow line can carry. */
const quickMs = 100;

export function createScreen(context: CommandContext, { noColor }: { readonly noColor: boolean }): Screen {
  const { clock, env } = context;
  const bold = !noColor && (env["NO_COLOR"] ?? "") === "";
  // One less than the width: a terminal that wraps at its last column would make two lines of one.
  const width = (Number(env["COLUMNS"]) || 80) - 1;
  const shown = new Map<string, Shown>();
  let painted = 0;
  let timer: { readonly dueMs: number; readonly cancel: CancelTimer } | undefined;

  const lineOf = (name: string, { text, sinceMs }: Shown): string => {
    const elapsedMs = clock.nowMs() - sinceMs;
    const elapsed = elapsedMs < secondMs ? "" : ` (${formatMs(Math.floor(elapsedMs / secondMs) * secondMs)})`;
    const room = Math.max(0, width - name.length - 2 - elapsed.length);
    const cut = text.length > room ? `${text.slice(0, Math.max(0, room - 1))}…` : text;
    return `${bold ? `\x1b[1m${name}\x1b[22m` : name}  ${cut}${elapsed}\n`;
  };
  const erase = (): string => (painted === 0 ? "" : `\x1b[${painted}A\r\x1b[J`);
  const paint = (above = ""): void => {
    const lines = [...shown].map(([name, one]) => lineOf(name, one));
    context.stdout(`${erase()}${above}${lines.join("")}`);
    painted = lines.length;
    schedule(secondMs);
  };
  const schedule = (inMs: number): void => {
    const dueMs = clock.monotonicMs() + inMs;
    if (timer !== undefined && timer.dueMs <= dueMs) return;
    timer?.cancel();
    const cancel = clock.setTimer(inMs, () => {
      timer = undefined;
      if (shown.size > 0 || painted > 0) paint();
    });
    timer = { dueMs, cancel };
  };
  return {
    line: (name, text, sinceMs) => {
      shown.set(name, { text, sinceMs });
      schedule(quickMs);
    },
    remove: (name) => {
      shown.delete(name);
      schedule(quickMs);
    },
    clear: () => {
      shown.clear();
      schedule(quickMs);
    },
    note: (text) => paint(`${text}\n`),
    done: () => {
      paint();
      timer?.cancel();
      timer = undefined;
    },
  };
}
