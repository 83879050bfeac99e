/** What the peers showed: one line a check on stdout as it happens, and all of it as one object at the end. */

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface Skipped {
  readonly name: string;
  readonly why: string;
}

export class Outcome {
  readonly #print: (line: string) => void;
  readonly #peers: Record<string, string> = {};
  readonly #checks: Check[] = [];
  readonly #skipped: Skipped[] = [];

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  peer(name: string, version: string): void {
    this.#peers[name] = version;
    this.#print(`peer  ${name} ${version}`);
  }

  check(name: string, ok: boolean, detail: string): void {
    this.#checks.push({ name, ok, detail });
    this.#print(`${ok ? "ok  " : "FAIL"}  ${name}: ${detail}`);
  }

  skip(name: string, why: string): void {
    this.#skipped.push({ name, why });
    this.#print(`skip  ${name}: ${why}`);
  }

  /** A story that ended before its checks were through has failed, whatever stopped it. */
  async story(name: string, tell: () => Promise<void>): Promise<void> {
    try {
      await tell();
    } catch (error) {
      this.check(name, false, error instanceof Error ? error.message : String(error));
    }
  }

  get passed(): boolean {
    return this.#checks.every(({ ok }) => ok);
  }

  summary(): string {
    const failed = this.#checks.filter(({ ok }) => !ok).length;
    return `${this.#checks.length - failed} passed, ${failed} failed, ${this.#skipped.length} skipped`;
  }

  toJSON(): object {
    return { ok: this.passed, peers: this.#peers, checks: this.#checks, skipped: this.#skipped };
  }
}
