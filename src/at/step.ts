import { afterPrefix } from "./fields.js";
import { parseFinalResult } from "./result-code.js";

/**
 * Queries whose answers no URC can fake, each with a prefix of its own (TS 27.007 5.3, 5.5, 9.1, 10.1.19; V.250 6.2.10 to 6.2.12;
 * TS 27.005 3.2.3). Few are asked twice within the time that a modem holds answers back.
 */
const queries = ["+CMEE", "+CSCS", "+IPR", "+IFC", "+CMGF", "+CGEREP"] as const;

/** What a line is, while step is looked for. `step`: the query that was asked last is answered, so nothing older is still to come. */
export type StepLine = "step" | "answer" | "result" | "echo" | "urc";

/**
 * Finds the end of what a modem still owes after a command timed out. A modem works off its input in order, so only the answer to the
 * query that was asked last says that all older ones have come or are lost. Pure but for its memory.
 */
export class StepSearch {
  /** Queries that were asked and not answered, oldest first; kept when a search fails, for their answers may come yet. */
  #owed: string[] = [];
  #turn = 0;
  #information: string | undefined;
  #lost = "";

  /** A command whose answer may still come: no query with its prefix is asked, or the two answers would look alike. */
  lose(text: string): void {
    this.#lost = text.toUpperCase();
  }

  /** The text of the next query, which counts as asked. */
  ask(): string {
    for (;;) {
      const prefix = queries[this.#turn++ % queries.length] ?? queries[0];
      if (this.#lost.startsWith(`AT${prefix}`)) continue;
      this.#owed.push(prefix);
      return `AT${prefix}?`;
    }
  }

  take(line: string): StepLine {
    const prefix = this.#owed.find((owed) => afterPrefix(line, owed) !== undefined);
    if (prefix !== undefined) {
      this.#information = prefix;
      return "answer";
    }
    if (parseFinalResult(line) === undefined) return /^AT/i.test(line) ? "echo" : "urc";
    if (this.#information === undefined) return "result";
    this.#owed = this.#owed.slice(this.#owed.indexOf(this.#information) + 1);
    this.#information = undefined;
    return this.#owed.length === 0 ? "step" : "answer";
  }

  /** What was asked so far will not be answered any more: the modem lost it, or said it at another speed. */
  forget(): void {
    this.#owed = [];
    this.#information = undefined;
  }

  /** Step is regained: the next search begins afresh. */
  found(): void {
    this.forget();
    this.#turn = 0;
    this.#lost = "";
  }
}
