import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  signKoreWebhook,
  signTwilioWebhook,
  verifyKoreWebhook,
  verifyTwilioWebhook,
} from "../../src/api/webhook-signature.js";

const authToken = "12345";
const call = {
  CallSid: "CA1234567890ABCDE",
  Caller: "+14158675309",
  Digits: "1234",
  From: "+14158675309",
  To: "+18005551212",
};

describe("Twilio's signature", () => {
  const url = "https://mycompany.com/myapp.php?foo=1&bar=2";

  it("is the one of Twilio's own documentation", () => {
    expect(signTwilioWebhook({ authToken, url, parameters: call })).toBe("RSOYDt4T1cUTdK1PDd93/VVr8B8=");
  });

  it.each([
    ["as signed", url, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", true],
    [
      "with a port that was not signed",
      "https://mycompany.com:1234/myapp.php?foo=1&bar=2",
      "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
      true,
    ],
    ["without the port 443 that was signed", url, "kvajT1Ptam85bY51eRf/AJRuM3w=", true],
    ["another host", "https://other.example/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", false],
    ["another signature of the same length", url, "RSOYDt4T1cUTdK1PDd93/VVr8B9=", false],
    ["an empty signature", url, "", false],
    ["no signature", url, undefined, false],
    ["a URL that is none", "not a url", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", false],
  ])("%s", (_name, givenUrl, signature, valid) => {
    expect(verifyTwilioWebhook({ authToken, url: givenUrl, parameters: call, signature })).toBe(valid);
  });

  it("refuses a changed parameter and another token", () => {
    const signature = signTwilioWebhook({ authToken, url, parameters: call });
    expect(verifyTwilioWebhook({ authToken, url, parameters: { ...call, Digits: "1235" }, signature })).toBe(false);
    expect(verifyTwilioWebhook({ authToken: "54321", url, parameters: call, signature })).toBe(false);
  });

  it("refuses a JSON body whose hash is not the URL's", () => {
    const jsonUrl = `${url}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620`;
    const json = { authToken, url: jsonUrl, parameters: {}, signature: "a9nBmqA0ju/hNViExpshrM61xv4=" };
    expect(verifyTwilioWebhook({ ...json, rawBody: '{"property": "value", "boolean": true}' })).toBe(true);
    expect(verifyTwilioWebhook({ ...json, rawBody: '{"property": "other", "boolean": true}' })).toBe(false);
  });
});

describe("KORE's signature", () => {
  const webhook = {
    secret: "12345",
    method: "POST",
    url: "https://testendpoint.com",
    rawBody: "field1=value1&field2=value2",
  };
  const signature = "f562d3959f68b5a30fc7a63f8bbf40987f633575f4231ffceb4f76dd154ea3ce";

  it("is the one of KORE's documentation, with query and fragment left out", () => {
    expect(signKoreWebhook(webhook)).toBe(signature);
    expect(signKoreWebhook({ ...webhook, url: "https://testendpoint.com?a=1#cbs=kore" })).toBe(signature);
  });

  it("refuses a changed body, another method, and a missing header", () => {
    expect(verifyKoreWebhook({ ...webhook, signature })).toBe(true);
    expect(verifyKoreWebhook({ ...webhook, rawBody: "field1=value1", signature })).toBe(false);
    expect(verifyKoreWebhook({ ...webhook, method: "GET", signature })).toBe(false);
    expect(verifyKoreWebhook({ ...webhook, signature: undefined })).toBe(false);
  });
});

const vectorsPath = resolve(import.meta.dirname, "../../../shared/api/signature-vectors.json");

describe.skipIf(!existsSync(vectorsPath))("the published vectors (skipped without ../shared)", () => {
  const parameters = z.record(z.string(), z.union([z.string(), z.array(z.string())]));
  const derived = z.object({ url: z.string(), params: parameters, signature: z.string() });
  const vectors = existsSync(vectorsPath)
    ? z
        .object({
          twilio: z.object({
            authToken: z.string(),
            form: z.array(derived.extend({ name: z.string(), signature: z.string().nullable(), valid: z.boolean() })),
            json: z.array(z.object({ name: z.string(), url: z.string(), body: z.string(), signature: z.string() })),
            derivedHere: z.object({ post: derived, get: derived }),
          }),
          kore: z.object({
            vectors: z.array(
              z.object({
                secret: z.string(),
                method: z.string(),
                url: z.string(),
                body: z.string(),
                signature: z.string(),
              }),
            ),
          }),
        })
        .parse(JSON.parse(readFileSync(vectorsPath, "utf8")))
    : undefined;

  it("hold for Twilio's forms", () => {
    const wrong = vectors?.twilio.form.filter(
      ({ url, params, signature, valid }) =>
        verifyTwilioWebhook({ authToken, url, parameters: params, signature: signature ?? undefined }) !== valid,
    );
    expect(wrong).toEqual([]);
    expect(vectors?.twilio.form).toHaveLength(14);
  });

  it("hold for Twilio's JSON bodies", () => {
    const wrong = vectors?.twilio.json.filter(
      ({ url, body, signature }) => !verifyTwilioWebhook({ authToken, url, parameters: {}, signature, rawBody: body }),
    );
    expect(wrong).toEqual([]);
  });

  it("hold for the callbacks of an ESimProfile", () => {
    for (const vector of [vectors?.twilio.derivedHere.post, vectors?.twilio.derivedHere.get]) {
      if (vector === undefined) throw new Error("the vectors have no ESimProfile callback");
      expect(signTwilioWebhook({ authToken, url: vector.url, parameters: vector.params })).toBe(vector.signature);
    }
  });

  it("hold for KORE", () => {
    const wrong = vectors?.kore.vectors.filter(
      ({ body, ...vector }) => !verifyKoreWebhook({ ...vector, rawBody: body }),
    );
    expect(wrong).toEqual([]);
    expect(vectors?.kore.vectors).toHaveLength(3);
  });
});
