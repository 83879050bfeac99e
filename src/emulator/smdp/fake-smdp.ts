import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { type Clock, sleep, systemClock } from "../../base/clock.js";
import { describeCause } from "../../base/errors.js";
import { type Eid, parseSmdpAddress, type SmdpAddress } from "../../base/identifiers.js";
import { type Log, silentLog } from "../../base/logging.js";
import { type Random, systemRandom } from "../../base/random.js";
import type { Pki } from "../pki/pki.js";
import { tlsServerOptions } from "../pki/tls.js";
import { callEs2Plus } from "./es2plus.js";
import { Es9Plus, type ReceivedNotification } from "./es9plus.js";
import { FunctionFailure } from "./failures.js";
import { parseJson, readBody, reply, replyJson } from "./http.js";
import { type Order, OrderBook } from "./orders.js";
import { openSharedPort } from "./port.js";
import { openProfileSource } from "./profile-source.js";
import { ProgressReporter, readProgressUrl } from "./progress.js";
import { type Action, Behaviours, checkScenario, es2Functions, es9Functions, type Scenario } from "./scenario.js";

/** An SM-DP+ on one port: ES9+ over HTTPS for devices; ES2+ and a look inside over plain HTTP for operators and tests. */

export interface FakeSmdpOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly pki: Pki;
  readonly scenario?: Scenario;
  /** A file with an unprotected profile package; else profiles are generated. */
  readonly profileFile?: string | undefined;
  readonly profileSizeBytes?: number | undefined;
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
  orders(): readonly Order[];
  notifications(): readonly ReceivedNotification[];
  /** Resolves when every progress report so far is delivered or given up. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const adminProtocol = /^gsma\/rsp\/v2\.\d+\.\d+$/;

/** @throws EsimdError `bad_input` */
export async function startFakeSmdp(options: FakeSmdpOptions): Promise<FakeSmdp> {
  const { pki, clock = systemClock, random = systemRandom, log = silentLog } = options;
  const scenario = options.scenario ?? checkScenario({}, "the default scenario");
  const stop = new AbortController();
  const book = new OrderBook(scenario);
  const behaviours = new Behaviours(scenario);
  const profiles = openProfileSource({ file: options.profileFile, sizeBytes: options.profileSizeBytes, random });
  const reporter = new ProgressReporter({ clock, random, log, signal: stop.signal });
  const late: { es9?: Es9Plus; address?: SmdpAddress } = {};

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse, isTls: boolean): Promise<void> => {
    const { es9, address } = late;
    if (es9 === undefined || address === undefined) return reply(outgoing, 503, "text/plain", "starting");
    const path = incoming.url ?? "";
    if (!isTls && incoming.method === "GET") {
      if (path === "/_orders") return replyJson(outgoing, 200, book.list().map(describeOrder));
      if (path === "/_notifications") return replyJson(outgoing, 200, es9.notifications());
    }
    const [, role, name] = /^\/gsma\/rsp2\/(es9plus|es2plus)\/(\w+)$/.exec(path) ?? [];
    const es9Function = role === "es9plus" ? es9Functions.find((fn) => fn === name) : undefined;
    const es2Function = role === "es2plus" ? es2Functions.find((fn) => fn === name) : undefined;
    const fn = es9Function ?? es2Function;
    if (fn === undefined) return reply(outgoing, 404, "text/plain", "no such function");
    if ((role === "es9plus") !== isTls) {
      return reply(
        outgoing,
        403,
        "text/plain",
        isTls ? "ES2+ is served on plain HTTP" : "ES9+ is served on HTTPS only",
      );
    }
    if (incoming.method !== "POST") return reply(outgoing, 405, "text/plain", "POST is wanted");
    if (!adminProtocol.test(String(incoming.headers["x-admin-protocol"] ?? ""))) {
      return reply(outgoing, 400, "text/plain", "X-Admin-Protocol must be gsma/rsp/v2.x.y");
    }
    if (!/^application\/json\b/i.test(incoming.headers["content-type"] ?? "")) {
      return reply(outgoing, 415, "text/plain", "Content-Type must be application/json");
    }
    const text = await readBody(incoming);
    if (text === undefined) return reply(outgoing, 413, "text/plain", "the body is too long");
    const json = parseJson(text);
    if (json === undefined) return reply(outgoing, 400, "text/plain", "the body is not JSON");
    const progressHeader = incoming.headers["x-progress-url"];
    const progressUrl = typeof progressHeader === "string" ? readProgressUrl(progressHeader) : undefined;
    if (progressHeader !== undefined && progressUrl === undefined) {
      return reply(outgoing, 400, "text/plain", "X-Progress-Url must be plain HTTP to a loopback host");
    }

    const action = behaviours.next(fn);
    if (action?.kind === "delay") await sleep(clock, action.ms, stop.signal);
    const spoiling = spoilingOf(action);
    if (spoiling !== undefined && !(spoiling.kind !== "failed" && spoiling.executed)) return spoil(outgoing, spoiling);
    const result = run(() =>
      es9Function !== undefined
        ? es9.call(es9Function, json, action)
        : callEs2Plus({ orders: book, profiles, random, address }, es2Function ?? "downloadOrder", json, progressUrl),
    );
    log.debug({ function: fn, status: "failure" in result ? "Failed" : "Executed-Success" }, "SM-DP+ answered");
    if (spoiling !== undefined) return spoil(outgoing, spoiling);
    if (fn === "handleNotification") {
      if ("failure" in result) return reply(outgoing, 400, "text/plain", result.failure.message);
      outgoing.writeHead(204, { "x-admin-protocol": "gsma/rsp/v2.2.0" }).end();
      return;
    }
    replyJson(outgoing, 200, {
      header: {
        functionExecutionStatus:
          "failure" in result ? { status: "Failed", statusCodeData: result.failure } : { status: "Executed-Success" },
      },
      ...("fields" in result ? result.fields : {}),
    });
  };

  const listener =
    (isTls: boolean): RequestListener =>
    (incoming, outgoing) => {
      answer(incoming, outgoing, isTls).catch((error: unknown) => {
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
    onProgress: (order, event) => reporter.report(order, event),
  });
  late.es9 = es9;
  late.address = address;
  return {
    address,
    es2plusUrl: `http://${port.host}:${port.port}/gsma/rsp2/es2plus`,
    ciRootPem: pki.ciPem,
    placeOrder: (eid) => {
      const { iccid } = book.place({ iccid: profiles.nextIccid(), eid, profileType: "esimd-emulated" });
      return book.confirm(iccid, { eid, matchingId: undefined, confirmationHash: undefined, release: true });
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

type FunctionResult =
  | { readonly fields: Readonly<Record<string, string>> }
  | { readonly failure: FunctionFailure["refusal"] };

function run(call: () => Readonly<Record<string, string>>): FunctionResult {
  try {
    return { fields: call() };
  } catch (error) {
    if (error instanceof FunctionFailure) return { failure: error.refusal };
    throw error;
  }
}

type Spoiling = Extract<Action, { kind: "http" | "cut" | "failed" }>;

/** The action that takes the place of the answer, if it is one. */
function spoilingOf(action: Action | undefined): Spoiling | undefined {
  return action?.kind === "http" || action?.kind === "cut" || action?.kind === "failed" ? action : undefined;
}

function spoil(outgoing: ServerResponse, action: Spoiling): void {
  switch (action.kind) {
    case "cut":
      outgoing.destroy();
      return;
    case "http":
      reply(outgoing, action.status, "text/html", `<html><body><h1>${action.status}</h1></body></html>`);
      return;
    case "failed": {
      const { subjectCode, reasonCode, message } = action;
      const functionExecutionStatus = { status: "Failed", statusCodeData: { subjectCode, reasonCode, message } };
      replyJson(outgoing, 200, { header: { functionExecutionStatus } });
    }
  }
}

/** Without the hash of the confirmation code, which is a secret. */
function describeOrder(order: Order): object {
  const { confirmationHash, refusal, ...rest } = order;
  return { ...rest, confirmationCodeRequired: confirmationHash !== undefined, refusal };
}
