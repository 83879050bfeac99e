import { createHmac } from "node:crypto";

/**
 * How a webhook is signed: as Standard Webhooks has it (standardwebhooks.com, "Signature scheme"), so that receivers find a library in
 * every language. HMAC-SHA256 over `ID.TIMESTAMP.BODY`, in base64, behind `v1,`. Pure.
 */

export interface SignedHeaders {
  readonly "webhook-id": string;
  /** Of the attempt, not of the event: seconds since the epoch. A receiver refuses what is too old, and an event may wait for days. */
  readonly "webhook-timestamp": string;
  readonly "webhook-signature"?: string;
}

export function signedHeaders(id: string, atMs: number, body: string, secret: string | undefined): SignedHeaders {
  const timestamp = String(Math.floor(atMs / 1000));
  const head = { "webhook-id": id, "webhook-timestamp": timestamp };
  if (secret === undefined) return head;
  const signature = createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.${body}`, "utf8").digest("base64");
  return { ...head, "webhook-signature": `v1,${signature}` };
}

/** A secret that begins with `whsec_` is base64 behind it; any other is taken as it is. */
function keyOf(secret: string): Buffer {
  return secret.startsWith("whsec_")
    ? Buffer.from(secret.slice("whsec_".length), "base64")
    : Buffer.from(secret, "utf8");
}
