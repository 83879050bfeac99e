import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { describeCause, EsimdError } from "../../base/errors.js";
import { type Eid, type MatchingId, parseSmdpAddress, type SmdpAddress } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import { hexOf } from "../../lpa/es10/common.js";
import type { Pki } from "../pki/pki.js";
import { tlsServerOptions } from "../pki/tls.js";
import {
  authenticateEuicc,
  authenticateShape,
  type Challenge,
  initiateAuthentication,
  initiateShape,
  read,
  type ServerParty,
} from "../smdp/authentication.js";
import { FunctionFailure, refusals } from "../smdp/failures.js";
import { parseJson, readBody, reply, replyJson } from "../smdp/http.js";

/** A root SM-DS: it tells an eUICC, once that has shown who it is, at which SM-DP+ something waits for it (SGP.22, 3.6 and 5.8). */

/** Event Record (SGP.22, 3.6.1): registered by an SM-DP+ (ES12), fetched by an LPA (ES11). */
export interface SmdsEvent {
  readonly eid: Eid;
  /** The order's matching id at the SM-DP+. */
  readonly eventId: MatchingId;
  readonly rspServerAddress: SmdpAddress;
}

export interface FakeSmdsOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly pki: Pki;
  readonly log: Log;
}

export interface FakeSmds {
  /** What devices call it by; it stands on their eUICCs. */
  readonly address: SmdpAddress;
  /** ES12.RegisterEvent. */
  register(event: SmdsEvent): void;
  /** ES12.DeleteEvent. */
  deleteEvent(eventId: MatchingId): void;
  events(): readonly SmdsEvent[];
  /** How often an eUICC has shown who it is. */
  readonly discoveries: number;
  close(): Promise<void>;
}

/** Open sessions are few; those that nobody ends make room. */
const maxSessions = 100;
const adminProtocol = /^gsma\/rsp\/v2\.\d+\.\d+$/;

/** @throws EsimdError `bad_input` */
export async function startFakeSmds(options: FakeSmdsOptions): Promise<FakeSmds> {
  const { pki, log, listen } = options;
  const identity = pki.smds();
  const events = new Map<MatchingId, SmdsEvent>();
  const sessions = new Map<string, Challenge>();
  let discoveries = 0;
  let party: ServerParty | undefined;

  const call = (name: string, body: unknown, server: ServerParty): Readonly<Record<string, unknown>> => {
    if (name === "initiateAuthentication") {
      const { challenge, fields } = initiateAuthentication(read(initiateShape, body), server);
      const [oldest] = sessions.keys();
      if (sessions.size >= maxSessions && oldest !== undefined) sessions.delete(oldest);
      sessions.set(hexOf(challenge.transactionId), challenge);
      return fields;
    }
    const { transactionId, authenticateServerResponse } = read(authenticateShape, body);
    const challenge = sessions.get(transactionId);
    if (challenge === undefined) throw new FunctionFailure(refusals.unknownTransaction);
    // Whatever comes of it, the challenge is used up.
    sessions.delete(transactionId);
    const { eid, signed } = authenticateEuicc(authenticateServerResponse, challenge, server);
    discoveries++;
    const { matchingId = "" } = signed.ctxParams1;
    const eventEntries = [...events.values()]
      .filter((event) => event.eid === eid && (matchingId === "" || event.eventId === matchingId))
      .map(({ eventId, rspServerAddress }) => ({ eventId, rspServerAddress }));
    if (eventEntries.length === 0) throw new FunctionFailure(refusals.unknownEvent);
    return { transactionId, eventEntries };
  };

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const [, name] =
      /^\/gsma\/rsp2\/es9plus\/(initiateAuthentication|authenticateClient)$/.exec(incoming.url ?? "") ?? [];
    const server = party;
    if (name === undefined || server === undefined) return reply(outgoing, 404, "text/plain", "no such function");
    if (incoming.method !== "POST") return reply(outgoing, 405, "text/plain", "POST is wanted");
    if (!adminProtocol.test(String(incoming.headers["x-admin-protocol"] ?? ""))) {
      return reply(outgoing, 400, "text/plain", "X-Admin-Protocol must be gsma/rsp/v2.x.y");
    }
    const text = await readBody(incoming);
    const json = text === undefined ? undefined : parseJson(text);
    if (json === undefined) return reply(outgoing, 400, "text/plain", "the body is not JSON, or too long");
    replyJson(
      outgoing,
      200,
      answerOf(() => call(name, json, server)),
    );
  };

  const https = createServer(tlsServerOptions(pki, identity), (incoming, outgoing) => {
    serve(incoming, outgoing).catch((error: unknown) => {
      log.error({ error }, "the SM-DS failed");
      if (outgoing.headersSent) outgoing.destroy();
      else reply(outgoing, 500, "text/plain", describeCause(error));
    });
  });
  https.on("tlsClientError", (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    https.once("error", (cause) => {
      const place = `${listen.host}:${listen.port}`;
      reject(new EsimdError("bad_input", `the SM-DS cannot listen on ${place}: ${cause.message}`, { cause }));
    });
    https.listen(listen.port, listen.host, resolve);
  });
  const bound = https.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : listen.port;
  const address = parseSmdpAddress(`${listen.host}:${port}`, "the SM-DS's own address");
  party = { address, auth: identity.dsAuth, ci: pki.ci };

  return {
    address,
    register: (event) => void events.set(event.eventId, event),
    deleteEvent: (eventId) => void events.delete(eventId),
    events: () => [...events.values()],
    get discoveries() {
      return discoveries;
    },
    close: () =>
      new Promise((resolve) => {
        https.close(() => resolve());
        https.closeAllConnections();
      }),
  };
}

/** Every answer has its header (SGP.22, 6.5.1.4); a refusal is `Failed` in an HTTP 200. */
function answerOf(call: () => Readonly<Record<string, unknown>>): object {
  try {
    return { header: { functionExecutionStatus: { status: "Executed-Success" } }, ...call() };
  } catch (error) {
    const refusal =
      error instanceof FunctionFailure
        ? error.refusal
        : error instanceof EsimdError
          ? { ...refusals.mandatoryMissing, message: error.message }
          : undefined;
    if (refusal === undefined) throw error;
    return { header: { functionExecutionStatus: { status: "Failed", statusCodeData: refusal } } };
  }
}
