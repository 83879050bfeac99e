import type { Clock } from "../../base/clock.js";
import { EsimdError } from "../../base/errors.js";
import type { Eid, MatchingId, SmdpAddress } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import type { Pki } from "../pki/pki.js";
import type { FakeSmds } from "../smds/fake-smds.js";
import { makeMatchingId } from "./es2plus.js";
import { Es9Plus } from "./es9plus.js";
import type { ReceivedNotification } from "./notification-inbox.js";
import { type Order, OrderBook } from "./orders.js";
import { openProfileSource } from "./profile-source.js";
import { type PostProgress, ProgressReporter } from "./progress.js";
import { createRouter, type Router } from "./router.js";
import { Behaviours, checkScenario, type Scenario } from "./scenario.js";

/** The SM-DP+ without its wire: whole requests in, answers out. */

export interface SmdpServiceOptions {
  readonly pki: Pki;
  /** What devices call it by; it is part of what the server signs. */
  readonly address: SmdpAddress;
  readonly scenario?: Scenario | undefined;
  /** A file with an unprotected profile package; else profiles are generated. */
  readonly profileFile?: string | undefined;
  readonly profileSizeBytes?: number | undefined;
  /** Where it announces orders (ES12). */
  readonly smds?: Pick<FakeSmds, "register" | "deleteEvent"> | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How progress reports travel; over plain HTTP when left out. */
  readonly postProgress?: PostProgress | undefined;
}

export interface SmdpService {
  readonly answer: Router;
  /** Places, confirms and releases an order that waits for this EID, as an operator would by ES2+. @throws FunctionFailure */
  placeOrder(eid: Eid): Order;
  /** As {@link placeOrder}, and the SM-DS hears of it: the event's id is the order's matching id (SGP.22, 3.6.1). */
  announceOrder(eid: Eid): Order;
  orders(): readonly Order[];
  notifications(): readonly ReceivedNotification[];
  /** Resolves when every progress report so far is delivered or given up. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export function createSmdpService(options: SmdpServiceOptions): SmdpService {
  const { pki, address, smds, clock, random, log, postProgress } = options;
  const scenario = options.scenario ?? checkScenario({}, "the default scenario");
  const stop = new AbortController();
  const book = new OrderBook(scenario);
  const behaviours = new Behaviours(scenario);
  const profiles = openProfileSource({ file: options.profileFile, sizeBytes: options.profileSizeBytes, random });
  const reporter = new ProgressReporter({
    clock,
    random,
    log,
    signal: stop.signal,
    ...(postProgress === undefined ? {} : { post: postProgress }),
  });
  const es9 = new Es9Plus({
    pki,
    address,
    orders: book,
    profiles,
    checksMemory: scenario.checksMemory,
    segmentBytes: scenario.segmentBytes,
    onProgress: (order, event) => {
      reporter.report(order, event);
      // Installed, or over: nothing waits any more.
      const isOver = event.point === 4 || event.refusal !== undefined;
      if (isOver && order.matchingId !== undefined) smds?.deleteEvent(order.matchingId);
    },
  });
  const es2 = { orders: book, profiles, random, address };
  const placeReleased = (eid: Eid, matchingId: MatchingId | undefined): Order => {
    const { iccid } = book.place({ iccid: profiles.nextIccid(), eid, profileType: "esimd-emulated" });
    return book.confirm(iccid, { eid, matchingId, confirmationHash: undefined, release: true });
  };
  return {
    answer: createRouter({ es9, es2, behaviours, clock, log, signal: stop.signal }),
    placeOrder: (eid) => placeReleased(eid, undefined),
    announceOrder: (eid) => {
      if (smds === undefined) throw new EsimdError("bad_input", "the SM-DP+ has no SM-DS to announce an order at");
      const eventId = makeMatchingId(random);
      const order = placeReleased(eid, eventId);
      smds.register({ eid, eventId, rspServerAddress: address });
      return order;
    },
    orders: () => book.list(),
    notifications: () => es9.notifications(),
    settled: () => reporter.idle(),
    close: async () => {
      stop.abort(new Error("the SM-DP+ stops"));
      await reporter.idle();
    },
  };
}
