import { describe, expect, it } from "vitest";
import { requestCeilings } from "./ceilings.js";
import { measureRequests, type RequestSetting } from "./requests.js";

/** The gate of `npm run bench -- --only requests`: each provider and each method, with a fast API and with one that takes a minute. */

const settings: readonly RequestSetting[] = [
  { provider: "twilio", method: "eid", api: "fast" },
  { provider: "kore", method: "activation-code", api: "fast" },
  { provider: "twilio", method: "activation-code", api: "minute" },
  { provider: "kore", method: "eid", api: "minute" },
];

describe("a whole provision of a new device", () => {
  it.each(settings)("asks the provider no more than its ceiling: %j", async (setting) => {
    const { requests, tokenRequests, sent } = await measureRequests(setting);
    expect(requests, sent.join("\n")).toBeLessThanOrEqual(requestCeilings[setting.api]);
    // Fewer than these cannot have happened: the list, the POST, the profile's SM-DP+, the Sim.
    expect(requests).toBeGreaterThanOrEqual(4);
    expect(tokenRequests).toBe(setting.provider === "kore" ? 1 : 0);
    // What costs money is sent once, and after the provider's whole list for this EID.
    const post = sent.indexOf("reserving: POST /v1/ESimProfiles");
    expect(sent.lastIndexOf("reserving: POST /v1/ESimProfiles")).toBe(post);
    expect(sent.slice(0, post)).toContain("surveying: GET /v1/ESimProfiles?Eid");
  });
});
