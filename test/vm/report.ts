import type { Clock } from "../../src/base/clock.js";
import { describeCause } from "../../src/base/errors.js";

/** What the machine showed: one line a step as it ends, with what was seen and how long it took; all of it as one object at the end. */

export interface Step {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
  readonly facts: readonly string[];
}

export class StoryReport {
  readonly #clock: Clock;
  readonly #print: (line: string) => void;
  readonly #startMs: number;
  readonly #steps: Step[] = [];
  readonly #versions: Record<string, string> = {};

  constructor(clock: Clock, print: (line: string) => void) {
    this.#clock = clock;
    this.#print = print;
    this.#startMs = clock.monotonicMs();
  }

  version(name: string, version: string): void {
    this.#versions[name] = version;
    this.#print(`with  ${name} ${version}`);
  }

  note(line: string): void {
    this.#print(`      ${line}`);
  }

  /** Does the step and says what it saw. @throws what the step throws, once it is told: nothing behind a failed step means anything. */
  async step<Result>(name: string, work: (saw: (fact: string) => void) => Promise<Result>): Promise<Result> {
    const facts: string[] = [];
    const startMs = this.#clock.monotonicMs();
    const end = (ok: boolean): void => {
      const seconds = Math.round((this.#clock.monotonicMs() - startMs) / 100) / 10;
      this.#steps.push({ name, ok, seconds, facts: [...facts] });
      this.#print(`${ok ? "ok  " : "FAIL"}  ${seconds.toFixed(1).padStart(6)} s  ${name}`);
      for (const fact of facts) this.#print(`                ${fact}`);
    };
    try {
      const result = await work((fact) => facts.push(fact));
      end(true);
      return result;
    } catch (error) {
      facts.push(describeCause(error));
      end(false);
      throw error;
    }
  }

  get passed(): boolean {
    return this.#steps.length > 0 && this.#steps.every(({ ok }) => ok);
  }

  get seconds(): number {
    return Math.round((this.#clock.monotonicMs() - this.#startMs) / 1000);
  }

  summary(): string {
    const failed = this.#steps.filter(({ ok }) => !ok).length;
    return `${this.#steps.length - failed} steps passed, ${failed} failed, in ${this.seconds} s`;
  }

  toJSON(): object {
    return {
      schema: "esimd.vm/1",
      ok: this.passed,
      seconds: this.seconds,
      versions: this.#versions,
      steps: this.#steps,
    };
  }
}

/** @throws Error with `what` where it does not hold. */
export function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}
