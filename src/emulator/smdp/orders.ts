import type { Eid, Iccid, MatchingId } from "../../base/identifiers.js";
import type { InstallOutcome } from "../../lpa/es10/install-result.js";
import type { CancelReason } from "../../lpa/es10/result-codes.js";
import { FunctionFailure, type Refusal, refusals } from "./failures.js";

/**
 * The orders of an SM-DP+ and their life (SGP.22, 3.1.1 and 3.1.3): who may claim a profile, how often, and what ends the order.
 * Pure but for its own records.
 */

export type OrderState = "Allocated" | "Linked" | "Released" | "Downloaded" | "Installed" | "Error";

export interface Order {
  readonly iccid: Iccid;
  readonly profileType: string;
  readonly state: OrderState;
  /** Given by the operator, or bound by the first eUICC that authenticated. */
  readonly eid: Eid | undefined;
  readonly matchingId: MatchingId | undefined;
  /** Sessions that were let through to a package; a session that was postponed before it got one does not count. */
  readonly attempts: number;
  readonly codeTries: number;
  /** SHA-256 of the confirmation code; undefined when none is wanted. */
  readonly confirmationHash: Uint8Array | undefined;
  /** Why it is in Error, and what a further try is told. */
  readonly refusal: Refusal | undefined;
  /** Where the operator wants to hear of progress. */
  readonly progressUrl: string | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface OrderLimits {
  readonly maxAttempts: number;
  readonly maxCodeTries: number;
  /** Refuses every second session for an order, whatever became of the first. */
  readonly singleShot: boolean;
}

/** Reasons that end the order; `postponed` and `timeout` leave it as it was (SGP.22, 5.6.5). */
const terminalReasons: ReadonlySet<CancelReason> = new Set([
  "endUserRejection",
  "pprNotAllowed",
  "metadataMismatch",
  "loadBppExecutionError",
  "undefinedReason",
]);

export class OrderBook {
  readonly #limits: OrderLimits;
  readonly #orders = new Map<Iccid, Mutable<Order>>();

  constructor(limits: OrderLimits) {
    this.#limits = limits;
  }

  list(): readonly Order[] {
    return [...this.#orders.values()].map((order) => ({ ...order }));
  }

  get(iccid: Iccid): Order | undefined {
    return this.#orders.get(iccid);
  }

  // --- ES2+: the operator ---

  /** DownloadOrder: reserves a profile. @throws FunctionFailure when the ICCID is taken. */
  place(order: { readonly iccid: Iccid; readonly eid: Eid | undefined; readonly profileType: string }): Order {
    if (this.#orders.has(order.iccid)) throw new FunctionFailure(refusals.iccidTaken);
    const placed: Mutable<Order> = {
      ...order,
      state: order.eid === undefined ? "Allocated" : "Linked",
      matchingId: undefined,
      attempts: 0,
      codeTries: 0,
      confirmationHash: undefined,
      refusal: undefined,
      progressUrl: undefined,
    };
    this.#orders.set(order.iccid, placed);
    return placed;
  }

  /**
   * ConfirmOrder. `matchingId` undefined: the order is found by its EID, which must then be known.
   * @throws FunctionFailure
   */
  confirm(
    iccid: Iccid,
    confirmation: {
      readonly eid: Eid | undefined;
      readonly matchingId: MatchingId | undefined;
      readonly confirmationHash: Uint8Array | undefined;
      readonly release: boolean;
    },
  ): Order {
    const order = this.#require(iccid);
    if (order.state !== "Allocated" && order.state !== "Linked") throw new FunctionFailure(refusals.wrongState);
    const { eid, matchingId } = confirmation;
    if (order.eid !== undefined && eid !== undefined && eid !== order.eid) throw new FunctionFailure(refusals.otherEid);
    if (matchingId === undefined && (eid ?? order.eid) === undefined)
      throw new FunctionFailure(refusals.mandatoryMissing);
    if (matchingId !== undefined && this.#byMatchingId(matchingId) !== undefined) {
      throw new FunctionFailure(refusals.matchingIdTaken);
    }
    order.eid = eid ?? order.eid;
    order.matchingId = matchingId;
    order.confirmationHash = confirmation.confirmationHash;
    if (confirmation.release) order.state = "Released";
    else order.state = "Linked";
    return order;
  }

  /** ReleaseProfile: from now on it can be downloaded. @throws FunctionFailure */
  release(iccid: Iccid): Order {
    const order = this.#require(iccid);
    const wasConfirmed = order.matchingId !== undefined || order.eid !== undefined;
    if (order.state !== "Linked" || !wasConfirmed) throw new FunctionFailure(refusals.wrongState);
    order.state = "Released";
    return order;
  }

  setProgressUrl(iccid: Iccid, url: string): void {
    this.#require(iccid).progressUrl = url;
  }

  // --- ES9+: the device ---

  /**
   * Finds the order that an eUICC may download now, without changing it. An empty or absent matching id asks by EID: the oldest that
   * waits for this EID, else what can be said of the one that ended in Error. @throws FunctionFailure
   */
  find(eid: Eid, matchingId: string | undefined): Order {
    const order = matchingId === undefined || matchingId === "" ? this.#byEid(eid) : this.#byMatchingId(matchingId);
    if (order === undefined) throw new FunctionFailure(refusals.unknownMatchingId);
    if (order.eid !== undefined && order.eid !== eid) throw new FunctionFailure(refusals.otherEid);
    if (order.state === "Error") throw new FunctionFailure(order.refusal ?? refusals.unknownMatchingId);
    if (order.state === "Installed") throw new FunctionFailure(refusals.unknownMatchingId);
    if (order.state !== "Released" && order.state !== "Downloaded") throw new FunctionFailure(refusals.notReleased);
    return order;
  }

  /** Binds the order to its first eUICC and counts the session. @throws FunctionFailure when it was tried too often. */
  claim(iccid: Iccid, eid: Eid): Order {
    const order = this.#require(iccid);
    if (order.eid !== undefined && order.eid !== eid) throw new FunctionFailure(refusals.otherEid);
    const allowed = this.#limits.singleShot ? 1 : this.#limits.maxAttempts;
    if (order.attempts >= allowed) {
      this.fail(iccid, refusals.tooManyAttempts);
      throw new FunctionFailure(refusals.tooManyAttempts);
    }
    order.eid = eid;
    order.attempts++;
    return order;
  }

  /** Undefined when the code is right or none is wanted. @throws FunctionFailure */
  checkCode(iccid: Iccid, given: Uint8Array | undefined, expected: Uint8Array | undefined): void {
    if (expected === undefined) return;
    if (given === undefined) throw new FunctionFailure(refusals.codeMissing);
    if (Buffer.compare(given, expected) === 0) return;
    const order = this.#require(iccid);
    order.codeTries++;
    if (order.codeTries < this.#limits.maxCodeTries) throw new FunctionFailure(refusals.codeWrong);
    this.fail(iccid, refusals.codeTries);
    throw new FunctionFailure(refusals.codeTries);
  }

  /** The package went out. */
  delivered(iccid: Iccid): void {
    this.#require(iccid).state = "Downloaded";
  }

  /** The device gives a session up; true when that ends the order. */
  cancelled(iccid: Iccid, reason: CancelReason, hadPackage: boolean): boolean {
    const order = this.#require(iccid);
    if (order.state !== "Released" && order.state !== "Downloaded") return false;
    if (terminalReasons.has(reason)) {
      this.fail(iccid, refusals.unknownMatchingId);
      return true;
    }
    if (!hadPackage && !this.#limits.singleShot) order.attempts = Math.max(0, order.attempts - 1);
    return false;
  }

  /**
   * The eUICC's signed result; false when it changes nothing. A success counts even after the order ended in Error: it may have been on
   * its way while further sessions were refused, and the eUICC is the truth.
   */
  ended(iccid: Iccid, outcome: InstallOutcome): boolean {
    const order = this.#require(iccid);
    if (order.state === "Installed") return false;
    if (outcome.kind === "success") {
      order.state = "Installed";
      order.refusal = undefined;
      return true;
    }
    if (order.state === "Error") return false;
    this.fail(iccid, refusals.unknownMatchingId);
    return true;
  }

  fail(iccid: Iccid, refusal: Refusal): void {
    const order = this.#require(iccid);
    order.state = "Error";
    order.refusal = refusal;
  }

  #byMatchingId(matchingId: string): Mutable<Order> | undefined {
    return [...this.#orders.values()].find((order) => order.matchingId === matchingId);
  }

  #byEid(eid: Eid): Mutable<Order> | undefined {
    const own = [...this.#orders.values()].filter((order) => order.eid === eid && order.matchingId === undefined);
    return (
      own.find(({ state }) => state === "Released" || state === "Downloaded") ??
      own.findLast(({ state }) => state === "Error" || state === "Linked")
    );
  }

  #require(iccid: Iccid): Mutable<Order> {
    const order = this.#orders.get(iccid);
    if (order === undefined) throw new FunctionFailure(refusals.unknownIccid);
    return order;
  }
}
