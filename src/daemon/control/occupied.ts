import { EsimdError } from "../../base/errors.js";

/**
 * Modems on which a request is at work that needs them paused. Meanwhile nobody may resume them: the run
 * that begins would find its eUICC locked, and rest for half a minute.
 */
export class Occupied {
  readonly #works = new Map<string, string>();

  /** @throws EsimdError `daemon_busy` when another request is at work on this modem, or on any when none is named. */
  refuse(name?: string): void {
    const [modem, what] = [...this.#works].find(([one]) => name === undefined || one === name) ?? [];
    if (modem !== undefined)
      throw new EsimdError("daemon_busy", `${what} is under way on the modem ${modem}, and it is not disturbed`);
  }

  async during<Value>(name: string, what: string, work: () => Promise<Value>): Promise<Value> {
    this.refuse(name);
    this.#works.set(name, what);
    try {
      return await work();
    } finally {
      this.#works.delete(name);
    }
  }
}
