import { setMaxListeners } from "node:events";
import { type Clock, sleep } from "../../base/clock.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import type { Log } from "../../base/logging.js";
import type { ListenAddress } from "../modem/transport/socket.js";
import type { Bench } from "./bench.js";
import { Desk, seenByEvent } from "./desk.js";
import { openLink, type StationLink } from "./link.js";
import type { UnitPlan } from "./plan.js";
import { Turns } from "./turns.js";

/**
 * The operator of a line, and the test executive: puts units in, scans them, and takes them out after their verdict. A station that is killed
 * and started again finds its units where they were, and gets their serial numbers once more.
 */

export interface OperatorOptions {
  readonly bench: Pick<Bench, "slots" | "putIn" | "takeOut">;
  readonly plan: readonly UnitPlan[];
  readonly executive: ListenAddress;
  /** `manual` leaves the scanning to a person. */
  readonly mode: "auto" | "manual";
  /** From the verdict until a unit is taken out. */
  readonly thinkMs: number;
  /** How long nobody may listen at `executive`. */
  readonly connectWaitMs: number;
  /** The station is told to drain once all units had their turn. */
  readonly drains: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly onPutIn: (slot: number, unit: UnitPlan) => Promise<void>;
  readonly onVerdict: (unit: UnitPlan, heard: HeardVerdict) => void;
}

export interface HeardVerdict {
  readonly verdict: "PASS" | "FAIL";
  /** Null with PASS, and where a FAIL was not heard and could not be had again. */
  readonly code: string | null;
}

const retryMs = 200;
/** The station is asked how its slots stand so often, whatever was heard: it also shows that it still answers. */
const lookMs = 30_000;
/** What a station refuses for good, of a serial number that it is given. */
const refusals: readonly string[] = ["unit_duplicate", "unit_not_listed", "bad_input"];

/** Resolves when every unit had its turn. @throws EsimdError `deadline` when no station listens for too long; the signal's reason. */
export async function operate(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  await new Operator(options).run(signal);
}

class Operator {
  readonly #options: OperatorOptions;
  readonly #desk = new Desk();
  readonly #turns: Turns;
  #link: StationLink | undefined;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#turns = new Turns(options.plan);
  }

  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const ended = AbortSignal.any([signal, stop.signal]);
    // Every slot hears of the end.
    setMaxListeners(0, ended);
    const slots = this.#options.bench.slots.map(({ number }) => this.#workSlot(number, ended));
    const connected = this.#stayConnected(ended);
    try {
      await Promise.race([Promise.all(slots), connected]);
      if (this.#options.drains) await Promise.race([this.#drain(ended), connected]);
    } finally {
      stop.abort(new EsimdError("cancelled", "the operator goes home"));
      this.#link?.close();
      await Promise.allSettled([...slots, connected]);
    }
  }

  // --- one slot ---

  async #workSlot(slot: number, signal: AbortSignal): Promise<void> {
    const { bench, clock, thinkMs, onPutIn, onVerdict } = this.#options;
    for (;;) {
      const unit = await this.#turns.next(signal);
      if (unit === undefined) return;
      this.#desk.begin(slot);
      await bench.putIn(slot, unit);
      await onPutIn(slot, unit);
      onVerdict(unit, await this.#verdict(slot, unit, signal));
      if (thinkMs > 0) await sleep(clock, thinkMs, signal);
      await bench.takeOut(slot);
      // One that is put in before the station saw the last one leave would be taken for it.
      while (this.#desk.seen(slot).kind !== "empty") await this.#desk.changed(slot, signal);
      this.#turns.done(unit);
    }
  }

  async #verdict(slot: number, unit: UnitPlan, signal: AbortSignal): Promise<HeardVerdict> {
    for (;;) {
      const seen = this.#desk.seen(slot);
      const said = this.#desk.verdict(slot, (serial) => this.#isOf(serial, unit));
      if (said !== undefined) return { verdict: said.verdict, code: said.code };
      const heard = await this.#act(slot, unit, signal);
      if (heard !== undefined) return heard;
      if (this.#desk.seen(slot) === seen) await this.#desk.changed(slot, signal);
    }
  }

  /** Does what the station waits for. A verdict where the station refuses the unit at once. */
  async #act(slot: number, unit: UnitPlan, signal: AbortSignal): Promise<HeardVerdict | undefined> {
    const link = this.#link;
    const { kind } = this.#desk.seen(slot);
    if (link === undefined) return undefined;
    try {
      if (kind === "needs-serial" && this.#options.mode === "auto") return await this.#scan(link, slot, unit, signal);
      if (kind === "failed-unheard") return await this.#again(link, slot);
    } catch (error) {
      // The connection is made anew, and the station asked how it stands.
      if (signal.aborted || !isEsimdError(error)) throw error;
    }
    return undefined;
  }

  async #scan(link: StationLink, slot: number, unit: UnitPlan, signal: AbortSignal): Promise<HeardVerdict | undefined> {
    this.#desk.note(slot, { kind: "working" });
    const answer = await link.ask(`SERIAL ${slot} ${unit.serial}`);
    if (answer.kind === "ok") return undefined;
    if (refusals.includes(answer.code)) return { verdict: "FAIL", code: answer.code };
    this.#options.log.info({ slot, code: answer.code }, "the station does not take a serial number now");
    await sleep(this.#options.clock, retryMs, signal);
    await this.#look(link);
    return undefined;
  }

  async #again(link: StationLink, slot: number): Promise<HeardVerdict | undefined> {
    this.#desk.note(slot, { kind: "working" });
    const answer = await link.ask(`RETRY ${slot}`);
    return answer.kind === "ok" ? undefined : { verdict: "FAIL", code: null };
  }

  #isOf(serial: string | null, unit: UnitPlan): boolean {
    // A person may scan what he likes; and a unit that could not be read has no serial number.
    return this.#options.mode === "manual" || serial === null || serial === unit.serial;
  }

  // --- the connection ---

  async #stayConnected(signal: AbortSignal): Promise<never> {
    const { clock, log, executive, connectWaitMs } = this.#options;
    let lostAtMs = clock.monotonicMs();
    for (;;) {
      try {
        const link = await openLink({ address: executive, clock, signal, onEvent: (event) => this.#hear(event) });
        await this.#serve(link, signal);
        lostAtMs = clock.monotonicMs();
      } catch (error) {
        if (signal.aborted || !isEsimdError(error)) throw error;
        if (clock.monotonicMs() - lostAtMs > connectWaitMs) {
          throw new EsimdError("deadline", `no station listened for ${connectWaitMs / 1000} s: ${error.message}`, {
            cause: error,
          });
        }
        log.debug({ error }, "no station yet");
      }
      await sleep(clock, retryMs, signal);
    }
  }

  /** Until the connection is over. */
  async #serve(link: StationLink, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await link.ask("HELLO fake-line");
      await link.ask("LISTEN");
      this.#link = link;
      for (;;) {
        await this.#look(link);
        const over = await endedWithin(link, clock, signal);
        if (over === undefined) continue;
        log.info({ error: over }, "the station is gone");
        return;
      }
    } finally {
      this.#link = undefined;
      link.close();
      this.#desk.forget();
    }
  }

  /** As soon as there is a station to tell. */
  async #drain(signal: AbortSignal): Promise<void> {
    while (this.#link === undefined) await sleep(this.#options.clock, retryMs, signal);
    await this.#link.ask("DRAIN");
  }

  async #look(link: StationLink): Promise<void> {
    for (const status of await link.status()) this.#desk.noteStatus(status);
  }

  #hear(event: Parameters<typeof seenByEvent>[0]): void {
    const noted = seenByEvent(event);
    if (noted !== undefined) this.#desk.note(noted.slot, noted.seen);
  }
}

/** Why the connection ended, or undefined after a while in which it did not. */
async function endedWithin(link: StationLink, clock: Clock, signal: AbortSignal): Promise<EsimdError | undefined> {
  const over = new AbortController();
  const wait = sleep(clock, lookMs, AbortSignal.any([signal, over.signal])).then(() => undefined);
  try {
    return await Promise.race([link.ended, wait]);
  } finally {
    over.abort();
  }
}
