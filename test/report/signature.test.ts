import { createHmac, timingSafeEqual } from "node:crypto";
import { describe, expect, it } from "vitest";
import { signedHeaders } from "../../src/report/signature.js";

/** The example of Standard Webhooks' own documents and libraries. */
const known = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: 1_614_265_330,
  body: '{"test": 2432232314}',
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};

describe("the signature of a webhook", () => {
  it("is the one that Standard Webhooks has for its own example", () => {
    const { secret, id, timestamp, body, signature } = known;
    expect(signedHeaders(id, timestamp * 1000 + 999, body, secret)).toEqual({
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": signature,
    });
  });

  it("takes a secret that is no base64 as it is, and is verified as docs/reports.md says", () => {
    const headers = signedHeaders("id", 1_700_000_000_000, "{}", "a plain word");
    const expected = createHmac("sha256", "a plain word").update("id.1700000000.{}").digest();
    const given = Buffer.from((headers["webhook-signature"] ?? "").replace(/^v1,/, ""), "base64");
    expect(given.length === expected.length && timingSafeEqual(given, expected)).toBe(true);
  });

  it("is another for another id, time, body or secret", () => {
    const all = [
      signedHeaders("a", 1000, "{}", "secret"),
      signedHeaders("b", 1000, "{}", "secret"),
      signedHeaders("a", 2000, "{}", "secret"),
      signedHeaders("a", 1000, "[]", "secret"),
      signedHeaders("a", 1000, "{}", "Secret"),
    ].map((headers) => headers["webhook-signature"]);
    expect(new Set(all).size).toBe(all.length);
  });

  it("is left out without a secret", () => {
    expect(signedHeaders("a", 1000, "{}", undefined)).toEqual({ "webhook-id": "a", "webhook-timestamp": "1" });
  });
});
