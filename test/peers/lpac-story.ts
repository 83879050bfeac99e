import { sleep, systemClock } from "../../src/base/clock.js";
import type { Iccid } from "../../src/base/identifiers.js";
import type { StoredProfile } from "../../src/emulator/euicc/state.js";
import type { LpaWorld } from "./lpa-world.js";
import type { Lpac, LpacAnswer, LpacModem } from "./lpac.js";
import type { Outcome } from "./outcome.js";

/** lpac in one world, and the checks under one name. */
export class LpacStory {
  readonly world: LpaWorld;
  readonly #lpac: Lpac;
  readonly #modem: LpacModem;
  readonly #name: string;
  readonly #outcome: Outcome;

  constructor(lpac: Lpac, modem: LpacModem, world: LpaWorld, name: string, outcome: Outcome) {
    this.world = world;
    this.#lpac = lpac;
    this.#modem = modem;
    this.#name = name;
    this.#outcome = outcome;
  }

  run(...words: readonly string[]): Promise<LpacAnswer> {
    return this.#lpac.run(this.#modem, words);
  }

  /** Kills it after so many AT commands, of which a download has more. */
  async runUntil(commands: number, ...words: readonly string[]): Promise<void> {
    const { modem } = this.world;
    const from = modem.counts.commandLines;
    const untilMs = systemClock.monotonicMs() + 60_000;
    await this.#lpac.runUntilKilled(this.#modem, words, async () => {
      while (modem.counts.commandLines < from + commands) {
        if (systemClock.monotonicMs() > untilMs) throw new Error(`lpac sends no ${commands} AT commands in a minute`);
        await sleep(systemClock, 1);
      }
    });
  }

  /** After a REFRESH the SIM answers nobody for a moment. @throws Error when it stays so. */
  async untilReady(): Promise<void> {
    const untilMs = systemClock.monotonicMs() + 20_000;
    while ((await this.run("chip", "info")).code !== 0) {
      if (systemClock.monotonicMs() > untilMs) throw new Error("the eUICC does not come back after a REFRESH");
      await sleep(systemClock, 200);
    }
  }

  check(what: string, ok: boolean, detail: string): void {
    this.#outcome.check(`${this.#name}: ${what}`, ok, detail);
  }

  get profiles(): readonly StoredProfile[] {
    return this.world.modem.euicc.profiles;
  }

  profile(iccid: Iccid): StoredProfile | undefined {
    return this.profiles.find((one) => one.iccid === iccid);
  }

  /** What the SM-DP+ was told of a profile, in order; "!" marks what did not verify. */
  told(iccid: Iccid): string {
    const all = this.world.smdp.notifications().filter((one) => one.iccid === iccid);
    return all.map(({ kind, verified, outcome = "" }) => `${verified ? "" : "!"}${kind} ${outcome}`.trim()).join(", ");
  }

  pending(): number {
    return this.world.modem.euicc.toJSON().notifications.length;
  }

  orderState(iccid: Iccid): string | undefined {
    return this.world.smdp.orders().find((one) => one.iccid === iccid)?.state;
  }

  /** Runs a download and checks the bytes that arrived. */
  async download(what: string, iccid: Iccid, ...words: readonly string[]): Promise<void> {
    const before = this.world.modem.counts.commandLines;
    const answer = await this.run("profile", "download", ...words);
    const commands = this.world.modem.counts.commandLines - before;
    const installed = this.profile(iccid);
    const same = installed?.sha256 === this.world.sha256Of(iccid);
    this.check(
      what,
      answer.code === 0 && same && installed?.state === "disabled",
      answer.code === 0 && same
        ? `${installed?.sizeBytes} bytes installed, those of the SM-DP+; ${commands} AT commands`
        : `lpac says ${said(answer)}, the eUICC holds ${installed === undefined ? "no such profile" : "other bytes"}`,
    );
  }
}

export function said(answer: LpacAnswer): string {
  const data = typeof answer.data === "string" && answer.data !== "" ? ` (${answer.data})` : "";
  return `${answer.code} ${answer.message}${data}`;
}
