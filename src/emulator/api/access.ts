import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../base/clock.js";
import { json, type Reply, refusal } from "./replies.js";

/** Who may call: Twilio's Basic authentication and KORE's bearer tokens, side by side. */
export interface Access {
  /** Undefined lets the request in. */
  check(authorization: string | undefined): Reply | undefined;
  /** `POST /api-services/v1/auth/token`. */
  issueToken(contentType: string | undefined, body: string): Reply;
  /** Every token given out so far stops working at once, as an operator who rotates secrets does. */
  revokeTokens(): void;
}

export interface AccessOptions {
  readonly clock: Clock;
  readonly key: string;
  readonly secret: string;
  readonly tokenLifetimeMs: number;
}

export function createAccess({ clock, key, secret, tokenLifetimeMs }: AccessOptions): Access {
  const tokens = new Map<string, number>();
  const basic = `Basic ${Buffer.from(`${key}:${secret}`, "utf8").toString("base64")}`;

  return {
    check: (authorization) => {
      const [scheme, ...rest] = (authorization ?? "").split(" ");
      if (scheme?.toLowerCase() === "bearer") {
        const goodUntilMs = tokens.get(rest.join(" "));
        if (goodUntilMs !== undefined && clock.monotonicMs() < goodUntilMs) return undefined;
        // KORE says 403 here, not 401, and without code and status.
        const message = "User is not authorized to access this resource";
        return json(403, { message, error: "Invalid or expired token" });
      }
      if (authorization !== undefined && isSame(authorization, basic)) return undefined;
      return refusal(401, 20003, "Authenticate");
    },
    issueToken: (contentType, body) => {
      if (!/^application\/x-www-form-urlencoded\b/i.test(contentType ?? "")) {
        return json(400, { code: 400, message: "the body must be application/x-www-form-urlencoded" });
      }
      const form = new URLSearchParams(body);
      if (form.get("grant_type") !== "client_credentials") {
        return json(400, { code: 400, message: "grant_type must be client_credentials" });
      }
      if (!isSame(form.get("client_id") ?? "", key) || !isSame(form.get("client_secret") ?? "", secret)) {
        const description = "Invalid client or Invalid client credentials";
        return json(401, { error: "unauthorized_client", error_description: description });
      }
      for (const [old, goodUntilMs] of tokens) if (goodUntilMs <= clock.monotonicMs()) tokens.delete(old);
      const token = randomBytes(24).toString("base64url");
      tokens.set(token, clock.monotonicMs() + tokenLifetimeMs);
      const expiresIn = Math.floor(tokenLifetimeMs / 1000);
      return json(200, { access_token: token, expires_in: expiresIn, token_type: "Bearer", scope: "profile email" });
    },
    revokeTokens: () => tokens.clear(),
  };
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given, "utf8"), Buffer.from(expected, "utf8")];
  return a.length === b.length && timingSafeEqual(a, b);
}
