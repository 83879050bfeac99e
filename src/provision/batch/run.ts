import { setMaxListeners } from "node:events";
import type { ESimProfile, ProviderApi } from "../../api/resources.js";
import { type BackoffPolicy, backoffMs } from "../../base/backoff.js";
import { type Clock, sleep } from "../../base/clock.js";
import { EsimdError, isEsimdError, toEsimdError } from "../../base/errors.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import { wasCharged } from "../budget.js";
import { foldLedger } from "../ledger.js";
import { hasCode } from "./code.js";
import type { BatchFact } from "./entries.js";
import { type Batch, openItems, undecidedItems } from "./fold.js";
import { createGate, type Gate } from "./gate.js";
import { heldItems, stillWaiting, unrecorded } from "./held.js";
import { postOnce } from "./post.js";
import type { BatchStore } from "./store.js";

/** A batch of activation codes, as far as one run brings it: rule 1 of the contract for many POSTs at once. */

export interface BatchRunParts {
  /** Open, with its first line written. */
  readonly store: BatchStore;
  /** Without tries of its own, so that every request for a pause is heard here. */
  readonly api: ProviderApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** A name for a new intent, unique for ever. */
  readonly newId: () => string;
  /** How many items may be under way at once: asked for, and not yet seen as available. */
  readonly parallel: number;
  /** A doubt about one item does not keep the others waiting. */
  readonly goOn: boolean;
  /** How long one reservation is waited for. */
  readonly availableWaitMs: number;
  readonly observe: (seen: BatchSeen) => void;
}

export interface BatchSeen {
  readonly item: number;
  readonly step: "asking" | "reserved" | "ready" | "again" | "held" | "lost";
  readonly sid: string | undefined;
}

export interface BatchEnd {
  /** What the provider showed of the items that became ready in this run, by number. */
  readonly ready: ReadonlyMap<number, ESimProfile>;
  /** Why the batch is not whole. */
  readonly error: EsimdError | undefined;
}

const postPause: BackoffPolicy = { firstMs: 2_000, maxMs: 60_000 };
const postAttempts = 5;
const pollPause: BackoffPolicy = { firstMs: 500, maxMs: 10_000 };
/** That many doubts with no success between them are no accident, and every further one may be a charge without a code. */
const doubtsInARow = 3;

/**
 * Asks for what is missing, and waits for what is under way. Never rejects for what the provider or the disk does; `signal` begins nothing
 * new, ends the waiting, and lets a POST that was begun come to its end, which its own timeout bounds.
 */
export async function runBatch(parts: BatchRunParts, signal: AbortSignal): Promise<BatchEnd> {
  const run = new BatchRun(parts, signal);
  return run.carryOut();
}

class BatchRun {
  readonly #parts: BatchRunParts;
  readonly #signal: AbortSignal;
  readonly #gate: Gate;
  readonly #ready = new Map<number, ESimProfile>();
  readonly #busy = new Set<number>();
  /** Every reservation that this batch knows, from the moment of the answer. */
  readonly #sids: Set<string>;
  #waiting: { readonly number: number; readonly sid: string }[] = [];
  #stop: EsimdError | undefined;
  #doubts = 0;

  constructor(parts: BatchRunParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = AbortSignal.any([signal]);
    // Every item under way listens, and Node takes more than ten listeners for a leak.
    setMaxListeners(4 * parts.parallel, this.#signal);
    this.#gate = createGate(parts.clock);
    this.#sids = new Set(this.#batch.sids);
  }

  get #batch(): Batch {
    const { batch } = this.#parts.store;
    if (batch === undefined) throw new Error("the batch was never begun");
    return batch;
  }

  async carryOut(): Promise<BatchEnd> {
    const { parallel, goOn } = this.#parts;
    try {
      await this.#holdForgotten();
      const undecided = undecidedItems(this.#batch);
      if (undecided.length > 0 && !goOn) this.#stop = heldItems(this.#batch, undecided, undefined);
      this.#waiting = this.#batch.items.flatMap(({ number, state }) =>
        state.kind === "reserved" ? [{ number, sid: state.sid }] : [],
      );
      await Promise.all(Array.from({ length: parallel }, () => this.#lane()));
    } catch (error) {
      this.#end(error);
    }
    const undecided = undecidedItems(this.#batch);
    if (this.#stop === undefined && undecided.length > 0) this.#stop = heldItems(this.#batch, undecided, undefined);
    return { ready: this.#ready, error: this.#stop };
  }

  /** A POST of a process that is gone: by activation code no list can tell what it did, so that it is a person's. */
  async #holdForgotten(): Promise<void> {
    for (const { number, state } of this.#batch.items) {
      if (state.kind !== "asked") continue;
      await this.#parts.store.record({ kind: "unclear", id: state.post });
      this.#see(number, "held");
    }
  }

  /** One item after the other, until there is none left or none may begin. What was paid for comes first. */
  async #lane(): Promise<void> {
    for (;;) {
      const known = this.#waiting.shift();
      const number = known?.number ?? this.#nextOpen();
      if (number === undefined) return;
      if (this.#signal.aborted) return this.#end(this.#signal.reason);
      this.#busy.add(number);
      try {
        if (known === undefined) await this.#obtain(number);
        // One that failed and cost nothing is open again, and its turn comes.
        else await this.#awaitCode(number, known.sid, undefined);
      } catch (error) {
        this.#end(error);
      } finally {
        this.#busy.delete(number);
      }
    }
  }

  #nextOpen(): number | undefined {
    if (this.#stop !== undefined) return undefined;
    return openItems(this.#batch).find((number) => !this.#busy.has(number));
  }

  /** The first cause stays: what follows from it is no news. */
  #end(error: unknown): void {
    const cause = toEsimdError(error);
    if (this.#stop === undefined) this.#stop = cause;
    else if (cause !== this.#stop) this.#parts.log.warn({ error: cause }, "the batch stops, and this came besides");
  }

  #see(item: number, step: BatchSeen["step"], sid?: string): void {
    this.#parts.observe({ item, step, sid });
  }

  /** The POSTs that cost money, each with its intent durable before a byte is sent, until one of them made a code. */
  async #obtain(number: number): Promise<void> {
    const { store, api, newId } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      await this.#gate.pass(this.#signal);
      if (this.#stop !== undefined) return;
      const id = newId();
      const why = attempt === 1 ? `item ${number} of the batch` : `item ${number} once more: the last one cost nothing`;
      await store.record({ kind: "intent", id, item: number, method: "activation-code", why });
      if (this.#signal.aborted || this.#stop !== undefined) {
        // Not a byte was sent, and none will be.
        await store.record({ kind: "refused", id, code: "cancelled" });
        return;
      }
      this.#see(number, "asking");
      const outcome = await postOnce(api, this.#sids);
      switch (outcome.kind) {
        case "created": {
          const { profile } = outcome;
          await this.#recordMade(number, { kind: "created", id, sid: profile.sid });
          this.#doubts = 0;
          this.#see(number, "reserved", profile.sid);
          if ((await this.#awaitCode(number, profile.sid, profile)) === "done") return;
          if (attempt >= postAttempts) {
            throw new EsimdError(
              "reservation_failed",
              `item ${number}: ${attempt} reservations failed one after the other, and none was charged`,
            );
          }
          this.#see(number, "again");
          await this.#pause(postPause, attempt);
          break;
        }
        case "unclear":
          await store.record({ kind: "unclear", id });
          this.#see(number, "held");
          this.#doubt(number, outcome.error);
          return;
        case "not-processed": {
          await store.record({ kind: "refused", id, code: outcome.error.code });
          await this.#afterRefusal(number, attempt, outcome.error);
        }
      }
    }
  }

  /** What is known at this moment and cannot be written down is at least said. */
  async #recordMade(number: number, fact: Extract<BatchFact, { kind: "created" }>): Promise<void> {
    try {
      await this.#parts.store.record(fact);
    } catch (cause) {
      const error = unrecorded(this.#batch.name, number, fact.sid, toEsimdError(cause));
      this.#parts.log.error({ error }, "a reservation could not be recorded");
      throw error;
    }
  }

  #doubt(number: number, cause: EsimdError): void {
    this.#doubts++;
    const undecided = undecidedItems(this.#batch);
    this.#parts.log.warn({ item: number, error: cause }, "it is unclear whether a reservation was made");
    if (!this.#parts.goOn || this.#doubts >= doubtsInARow) this.#end(heldItems(this.#batch, undecided, cause));
  }

  async #afterRefusal(number: number, attempt: number, error: EsimdError): Promise<void> {
    // Who asks one for a pause means all.
    if (error.code === "api_rate_limited") {
      // But not for hours: then this run ends, and what is under way is still asked after.
      this.#gate.hold(Math.min(postPause.maxMs, backoffMs(postPause, attempt, this.#parts.random, error.retryAfterMs)));
    }
    const passes = error.code === "api_unreachable" || error.code === "api_rate_limited";
    // A longer pause than this is for the next run, which is told of it by the error.
    const tooLong = (error.retryAfterMs ?? 0) > postPause.maxMs;
    if (!passes || tooLong || attempt >= postAttempts) throw error;
    this.#parts.log.info({ item: number, error, attempt }, "the reservation was not processed; trying again");
    this.#see(number, "again");
    await this.#pause(postPause, attempt);
  }

  /** Polls until there is a code. `again`: it failed, and cost nothing. */
  async #awaitCode(number: number, sid: string, first: ESimProfile | undefined): Promise<"done" | "again"> {
    const { store, clock, availableWaitMs } = this.#parts;
    const startMs = clock.monotonicMs();
    let profile = first;
    let failure: EsimdError | undefined;
    let isCharged = false;
    for (let attempt = 1; ; attempt++) {
      switch (profile?.status) {
        case "available":
        case "downloaded":
        case "installed":
          if (!isCharged) await store.record({ kind: "charged", sid });
          isCharged = true;
          if (!hasCode(profile)) break;
          this.#ready.set(number, profile);
          this.#see(number, "ready", sid);
          return "done";
        case "failed":
          return this.#failed(number, profile, isCharged);
        default:
          break;
      }
      const leftMs = availableWaitMs - (clock.monotonicMs() - startMs);
      if (leftMs <= 0) throw failure ?? stillWaiting(number, sid, profile, availableWaitMs);
      // What another process left is asked for at once.
      if (profile !== undefined || failure !== undefined) {
        await sleep(clock, Math.min(leftMs, backoffMs(pollPause, attempt, this.#parts.random)), this.#signal);
      }
      try {
        profile = await this.#fetch(sid);
        failure = undefined;
      } catch (error) {
        if (this.#signal.aborted || !isEsimdError(error) || !mayPass(error)) throw error;
        this.#parts.log.info({ item: number, error }, "the reservation could not be asked for; trying again");
        failure = error;
      }
    }
  }

  async #fetch(sid: string): Promise<ESimProfile> {
    await this.#gate.pass(this.#signal);
    try {
      return await this.#parts.api.getESimProfile(sid, this.#signal);
    } catch (error) {
      if (isEsimdError(error, "api_rate_limited")) {
        // One that asks for hours is for the next run, and this one ends by its patience with the reservation.
        this.#gate.hold(Math.min(error.retryAfterMs ?? pollPause.maxMs, this.#parts.availableWaitMs));
      }
      throw error;
    }
  }

  /** Failed before it was ever available: not charged, and one more is allowed. Failed after: a person must decide. */
  async #failed(number: number, profile: ESimProfile, isCharged: boolean): Promise<"done" | "again"> {
    const { store, goOn } = this.#parts;
    const { sid, errorCode, errorMessage } = profile;
    const said = [errorCode, errorMessage].filter((part) => part !== undefined).join(" ");
    if (isCharged || wasCharged(profile, foldLedger([]))) {
      await store.record({ kind: "burned", sid, why: `it failed after it was charged: ${said}`.slice(0, 500) });
      this.#see(number, "lost", sid);
      if (!goOn) this.#end(heldItems(this.#batch, undecidedItems(this.#batch), undefined));
      return "done";
    }
    await store.record({ kind: "uncharged", sid });
    if (errorCode === "83500") {
      throw new EsimdError("no_stock", `item ${number}: the provider has no profile to give: ${said}`);
    }
    return "again";
  }

  #pause(policy: BackoffPolicy, attempt: number): Promise<void> {
    return sleep(this.#parts.clock, backoffMs(policy, attempt, this.#parts.random), this.#signal);
  }
}

/** A reservation that was just made may not be known everywhere yet. */
function mayPass({ entry, code }: EsimdError): boolean {
  return entry.retry !== "never" || code === "api_missing";
}
