import { z } from "zod";
import { EsimdError } from "../../base/errors.js";
import type { SmdpAddress } from "../../base/identifiers.js";
import { type Es9PlusClient, type Es9PlusFunction, tookNotification } from "../es9plus/client.js";
import { smdpFailure } from "../es9plus/status-codes.js";

/** ES9+ as our own LPA speaks it: typed requests and answers (SGP.22 5.6, JSON binding 6.5.2). */

const der = z
  .base64()
  .max(4_000_000)
  .transform((text) => new Uint8Array(Buffer.from(text, "base64")));
const transactionId = z.string().regex(/^[0-9A-Fa-f]{2,32}$/);

export const initiateAnswer = z.object({
  transactionId,
  serverSigned1: der,
  serverSignature1: der,
  euiccCiPKIdToBeUsed: der,
  serverCertificate: der,
});
export const authenticateClientAnswer = z.object({
  profileMetadata: der.optional(),
  smdpSigned2: der,
  smdpSignature2: der,
  smdpCertificate: der,
});
/** ES11 (SGP.22 5.8.2). */
const eventEntry = z.object({ eventId: z.string().min(1).max(255), rspServerAddress: z.string().min(1).max(255) });
export type EventEntry = z.output<typeof eventEntry>;
export const eventsAnswer = z.object({ eventEntries: z.array(eventEntry).max(1000) });
export const packageAnswer = z.object({ boundProfilePackage: der });

/**
 * A shape is compiled when it first reads something, which takes as long as an exchange with the modem; done while the modem is about its
 * own answer, it costs a session nothing.
 */
export function compileAnswers(): void {
  for (const shape of [initiateAnswer, authenticateClientAnswer, packageAnswer]) shape.safeParse({});
}

export interface Es9Call {
  readonly es9Plus: Es9PlusClient;
  readonly smdp: SmdpAddress;
  /** The order is asked for without a matching id. */
  readonly byEid: boolean;
  /** What kind of server it is, for sentences; an SM-DP+ when left out. */
  readonly role?: "SM-DS";
}

/** Posts one function and reads its answer. @throws EsimdError of the transport, `smdp_error` and kin for Failed, `smdp_protocol`. */
export async function ask<Shape>(
  call: Es9Call,
  name: Es9PlusFunction,
  body: Readonly<Record<string, string>>,
  shape: z.ZodType<Shape>,
  signal: AbortSignal,
): Promise<Shape> {
  const { es9Plus, smdp, byEid, role = "SM-DP+" } = call;
  const answer = await es9Plus.post(smdp, name, JSON.stringify(body), signal);
  const { httpStatus, body: text, failure } = answer;
  if (failure !== undefined) throw smdpFailure(smdp, failure, byEid, role);
  // Before a session nothing is lost by a pause; within one it may be over by then.
  if (name === "initiateAuthentication" && (httpStatus === 429 || httpStatus === 503)) {
    const message = `the ${role} ${smdp} begins no session now (HTTP ${httpStatus})`;
    throw new EsimdError("smdp_busy", message, { retryAfterMs: answer.retryAfterMs ?? 0 });
  }
  if (httpStatus !== 200)
    throw new EsimdError("smdp_error", `the ${role} ${smdp} answers ${name} with HTTP ${httpStatus}`);
  const parsed = shape.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new EsimdError(
    "smdp_protocol",
    `the ${role} ${smdp} answers ${name} without a good ${field === "" ? "JSON object" : field}`,
  );
}

/** Hands a notification over; false when the SM-DP+ did not take it. @throws EsimdError of the transport. */
export async function notify(
  es9Plus: Es9PlusClient,
  smdp: SmdpAddress,
  notification: Uint8Array,
  signal: AbortSignal,
): Promise<boolean> {
  const json = JSON.stringify({ pendingNotification: base64(notification) });
  return tookNotification(await es9Plus.post(smdp, "handleNotification", json, signal));
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
