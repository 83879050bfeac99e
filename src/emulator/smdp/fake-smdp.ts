import type { RequestListener } from "node:http";
import { type Clock, systemClock } from "../../base/clock.js";
import { describeCause, EsimdError } from "../../base/errors.js";
import { type Eid, type MatchingId, parseSmdpAddress, type SmdpAddress } from "../../base/identifiers.js";
import { type Log, silentLog } from "../../base/logging.js";
import { type Random, systemRandom } from "../../base/random.js";
import type { Pki } from "../pki/pki.js";
import { tlsServerOptions } from "../pki/tls.js";
import type { FakeSmds } from "../smds/fake-smds.js";
import { makeMatchingId } from "./es2plus.js";
import { Es9Plus } from "./es9plus.js";
import { reply } from "./http.js";
import type { ReceivedNotification } from "./notification-inbox.js";
import { type Order, OrderBook } from "./orders.js";
import { openSharedPort } from "./port.js";
import { openProfileSource } from "./profile-source.js";
import { ProgressReporter } from "./progress.js";
import { createRouter, type Router } from "./router.js";
import { Behaviours, checkScenario, type Scenario } from "./scenario.js";

/** An SM-DP+ on one port: ES9+ over HTTPS for devices; ES2+ and a look inside over plain HTTP for operators and tests. */

export interface FakeSmdpOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly pki: Pki;
  readonly scenario?: Scenario;
  /** A file with an unprotected profile package; else profiles are generated. */
  readonly profileFile?: string | undefined;
  readonly profileSizeBytes?: number | undefined;
  /** Where it announces orders (ES12). */
  readonly smds?: Pick<FakeSmds, "register" | "deleteEvent"> | undefined;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
}

export interface FakeSmdp {
  /** What devices call it by. */
  readonly address: SmdpAddress;
  readonly es2plusUrl: string;
  readonly ciRootPem: string;
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

/** @throws EsimdError `bad_input` */
export async function startFakeSmdp(options: FakeSmdpOptions): Promise<FakeSmdp> {
  const { pki, smds, clock = systemClock, random = systemRandom, log = silentLog } = options;
  const scenario = options.scenario ?? checkScenario({}, "the default scenario");
  const stop = new AbortController();
  const book = new OrderBook(scenario);
  const behaviours = new Behaviours(scenario);
  const profiles = openProfileSource({ file: options.profileFile, sizeBytes: options.profileSizeBytes, random });
  const reporter = new ProgressReporter({ clock, random, log, signal: stop.signal });
  // Its address is part of what the server signs, and a free port is known only once the port is open.
  let route: Router | undefined;

  const listener =
    (isTls: boolean): RequestListener =>
    (incoming, outgoing) => {
      if (route === undefined) return reply(outgoing, 503, "text/plain", "starting");
      route(incoming, outgoing, isTls).catch((error: unknown) => {
        if (!stop.signal.aborted) log.error({ error }, "the SM-DP+ failed");
        if (outgoing.headersSent) outgoing.destroy();
        else reply(outgoing, 500, "text/plain", describeCause(error));
      });
    };

  const port = await openSharedPort({
    listen: options.listen,
    tls: tlsServerOptions(pki),
    onTls: listener(true),
    onPlain: listener(false),
    clock,
  });
  const address = parseSmdpAddress(`${port.host}:${port.port}`, "the SM-DP+'s own address");
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
  route = createRouter({ es9, es2, behaviours, clock, log, signal: stop.signal });
  const placeReleased = (eid: Eid, matchingId: MatchingId | undefined): Order => {
    const { iccid } = book.place({ iccid: profiles.nextIccid(), eid, profileType: "esimd-emulated" });
    return book.confirm(iccid, { eid, matchingId, confirmationHash: undefined, release: true });
  };
  return {
    address,
    es2plusUrl: `http://${port.host}:${port.port}/gsma/rsp2/es2plus`,
    ciRootPem: pki.ciPem,
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
      await port.close();
      await reporter.idle();
    },
  };
}
