import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { signKoreWebhook, signTwilioWebhook } from "../../../src/api/webhook-signature.js";
import { type CallbackRequest, type CallbackSetup, judgeCallback } from "../../../src/daemon/callbacks/judge.js";

const secret = "an-auth-token-of-the-tests";
const callbackUrl = "https://fleet.example.com/hooks/esim?unit=1";
const sid = `HP${"0".repeat(32)}`;
const eid = "89049032123451234512345678901235";
const fields = { ESimProfileSid: sid, ESimProfileStatus: "available", Eid: eid, ErrorCode: "", Extra: "new" };
const form = new URLSearchParams(fields).toString();
const twilio: CallbackSetup = {
  provider: "twilio",
  secret,
  callbackUrl,
  callbackMethod: "POST",
  path: "/hooks/esim",
};
const kore: CallbackSetup = { ...twilio, provider: "kore" };

const formType = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };

function byTwilio(change: Partial<CallbackRequest> = {}): CallbackRequest {
  const signature = signTwilioWebhook({ authToken: secret, url: callbackUrl, parameters: fields });
  const headers = { ...formType, "x-twilio-signature": signature, "i-twilio-idempotency-token": "T-1" };
  return { method: "POST", target: "/hooks/esim?unit=1", headers, rawBody: form, ...change };
}

function byKore(change: Partial<CallbackRequest> = {}): CallbackRequest {
  const signature = signKoreWebhook({ secret, method: "POST", url: callbackUrl, rawBody: form });
  const headers = { ...formType, "kore-signature": signature, "kore-idempotency-token": "K-1" };
  return { method: "POST", target: "/hooks/esim?unit=1", headers, rawBody: form, ...change };
}

const hint = (token: string | undefined) => ({ kind: "hint", hint: { sid, eid }, token });

describe("a callback of Twilio's", () => {
  it("is a hint about whom it names, and nothing of what it says", () => {
    expect(judgeCallback(twilio, byTwilio())).toEqual(hint("T-1"));
  });

  it("may come as a GET, whose query is signed", () => {
    const target = `/hooks/esim?unit=1&${form}`;
    const url = `https://fleet.example.com${target}`;
    const headers = { "x-twilio-signature": signTwilioWebhook({ authToken: secret, url, parameters: {} }) };
    const get = { method: "GET", target, headers, rawBody: "" };
    const setup: CallbackSetup = { ...twilio, callbackMethod: "GET" };
    expect(judgeCallback(setup, get)).toEqual(hint(undefined));
    expect(judgeCallback(setup, { ...get, target: `${target}&Eid=1` })).toMatchObject({ status: 403 });
    // Where POST was asked for, nobody is to send a GET.
    expect(judgeCallback(twilio, get)).toMatchObject({ status: 405 });
  });

  it("may have a body of JSON, whose hash stands in the signed URL", () => {
    const rawBody = JSON.stringify(fields);
    const target = `/hooks/esim?unit=1&bodySHA256=${createHash("sha256").update(rawBody).digest("hex")}`;
    const url = `https://fleet.example.com${target}`;
    const signature = signTwilioWebhook({ authToken: secret, url, parameters: {} });
    const headers = { "content-type": "application/json", "x-twilio-signature": signature };
    const post = { method: "POST", target, headers, rawBody };
    expect(judgeCallback(twilio, post)).toEqual(hint(undefined));
    expect(judgeCallback(twilio, { ...post, rawBody: rawBody.replace("available", "installed") })).toMatchObject({
      status: 403,
    });
  });

  it("arrives where a proxy sends it, and is checked against the URL that Twilio was given", () => {
    const setup: CallbackSetup = { ...twilio, path: "/inner" };
    expect(judgeCallback(setup, byTwilio({ target: "/inner?unit=1" }))).toEqual(hint("T-1"));
    expect(judgeCallback(setup, byTwilio())).toMatchObject({ status: 404 });
  });

  it.each([
    ["without its signature", byTwilio({ headers: formType }), 400],
    ["signed by somebody else", byTwilio({ headers: { ...formType, "x-twilio-signature": "AAAA" } }), 403],
    ["with a changed body", byTwilio({ rawBody: form.replace("available", "installed") }), 403],
    ["with a changed query", byTwilio({ target: "/hooks/esim?unit=2" }), 403],
    ["without its query", byTwilio({ target: "/hooks/esim" }), 403],
    ["of another type", byTwilio({ headers: { "content-type": "text/xml" } }), 415],
    ["to another path", byTwilio({ target: "/hooks" }), 404],
    ["by PUT", byTwilio({ method: "PUT" }), 405],
  ])("%s is refused", (_how, request, status) => {
    expect(judgeCallback(twilio, request)).toMatchObject({ kind: "refused", status });
  });

  it("that names nobody in a form that is known is no hint about anybody", () => {
    const parameters = { ESimProfileSid: ["HP1", "HP2"], Eid: "../../etc" };
    const rawBody = "ESimProfileSid=HP1&ESimProfileSid=HP2&Eid=..%2F..%2Fetc";
    const signature = signTwilioWebhook({ authToken: secret, url: callbackUrl, parameters });
    const judged = judgeCallback(
      twilio,
      byTwilio({ rawBody, headers: { ...formType, "x-twilio-signature": signature } }),
    );
    expect(judged).toEqual({ kind: "hint", hint: { sid: undefined, eid: undefined }, token: undefined });
  });
});

describe("a callback of KORE's", () => {
  it("is a hint about whom its body names", () => {
    expect(judgeCallback(kore, byKore())).toEqual(hint("K-1"));
  });

  it("is never a GET, of which the signature covers nothing that it says", () => {
    const signature = signKoreWebhook({ secret, method: "GET", url: callbackUrl, rawBody: "" });
    const get = { method: "GET", target: `/hooks/esim?${form}`, headers: { "kore-signature": signature }, rawBody: "" };
    expect(judgeCallback({ ...kore, callbackMethod: "GET" }, get)).toMatchObject({ kind: "refused", status: 405 });
  });

  it("says nothing by its query, which anybody can change", () => {
    const other = "89049032123451234512345678909999";
    expect(judgeCallback(kore, byKore({ target: `/hooks/esim?Eid=${other}` }))).toEqual(hint("K-1"));
  });

  it.each([
    ["while no secret was made: the header is empty", byKore({ headers: { ...formType, "kore-signature": "" } }), 400],
    ["with a changed body", byKore({ rawBody: `${form}&x=1` }), 403],
    ["with Twilio's signature alone", byTwilio(), 400],
  ])("%s is refused", (_how, request, status) => {
    expect(judgeCallback(kore, request)).toMatchObject({ kind: "refused", status });
  });
});
