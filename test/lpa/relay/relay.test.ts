import { describe, expect, it } from "vitest";
import { cutIntoChunks, httpResponseText } from "../../../src/lpa/relay/http-text.js";
import { parseRelayLine } from "../../../src/lpa/relay/lines.js";
import { ownCatalogue } from "../../../src/modem/dialects/index.js";

const { download: relay } = ownCatalogue.find("quectel-iccid").ownLpa ?? {};
if (relay?.kind !== "host-relay") throw new Error("the dialect does not relay");

describe("a line of the relay", () => {
  const json = '{"smdpAddress":"a,b","euiccChallenge":"x=="}';
  it("carries a request whose JSON has quotes and commas of its own", () => {
    const line = `+QESIM: "trans",0,"gsma/rsp2/es9plus/initiateAuthentication",${json.length},"${json}"`;
    expect(parseRelayLine(line, relay)).toEqual({ kind: "request", name: "initiateAuthentication", json });
  });

  it.each([
    ['+QESIM:"download",0', { kind: "end", code: "0" }],
    ['+QESIM: "download",1', { kind: "end", code: "1" }],
    ['+QESIM: "download","1"', { kind: "end", code: "1" }],
    ['+QESIM : "download", 8500090a', { kind: "end", code: "8500090a" }],
    ['+QESIM: "download",0x85000016', { kind: "end", code: "85000016" }],
    ['+QESIM: "download",2231370262', { kind: "end", code: "2231370262" }],
  ])("%s", (line, expected) => {
    expect(parseRelayLine(line, relay)).toEqual(expected);
  });

  it.each([
    ["a length that is not the JSON's", `+QESIM: "trans",0,"gsma/rsp2/es9plus/cancelSession",3,"${json}"`],
    ["a path outside ES9+", '+QESIM: "trans",0,"evil/path",2,"{}"'],
    ["a path that climbs", '+QESIM: "trans",0,"gsma/rsp2/es9plus/../admin",2,"{}"'],
    ["a result that is not 0", '+QESIM: "trans",1,"gsma/rsp2/es9plus/cancelSession",2,"{}"'],
    ["fields that are none", '+QESIM: "trans",0'],
  ])("is malformed with %s", (_name, line) => {
    expect(parseRelayLine(line, relay)).toMatchObject({ kind: "malformed" });
  });

  it.each(["+CEREG: 1", '+QESIM: "list",0', "OK"])("leaves %s alone", (line) => {
    expect(parseRelayLine(line, relay)).toBeUndefined();
  });
});

describe("the HTTP response for the modem", () => {
  it("comes back whole from its chunks", () => {
    const text = httpResponseText(200, JSON.stringify({ a: "ü".repeat(900) }));
    const chunks = cutIntoChunks(text, 1400);
    expect(chunks.length).toBeGreaterThan(1);
    expect(chunks.map(({ sequence }) => sequence)).toEqual(chunks.map((_chunk, index) => index));
    expect(chunks.map(({ more }) => more)).toEqual([...chunks.slice(1).map(() => 1), 0]);
    for (const { length, hex, total } of chunks) {
      expect(hex).toHaveLength(length);
      expect(length).toBeLessThanOrEqual(1400);
      expect(total).toBe(Buffer.byteLength(text) * 2);
    }
    expect(Buffer.from(chunks.map(({ hex }) => hex).join(""), "hex").toString("utf8")).toBe(text);
  });

  it("has no body for 204, and a length in bytes for any other", () => {
    expect(httpResponseText(204, "")).toMatch(/^HTTP\/1\.1 204 No Content\r\n.*\r\n\r\n$/s);
    expect(httpResponseText(200, "ü")).toContain("Content-Length: 2\r\n");
  });
});
