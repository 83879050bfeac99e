import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/clock.js";
import { type Chunk, Relay } from "../../../src/emulator/modem/dialects/relay.js";

const responseHex = Buffer.from('HTTP/1.1 200 OK\r\n\r\n{"a":1}').toString("hex");

function relayWithRequest() {
  const clock = new VirtualClock();
  const relay = new Relay(clock, 60_000);
  const answer = relay.post("initiateAuthentication", "{}");
  answer.catch(() => undefined);
  return { clock, relay, answer };
}

function chunk(change: Partial<Chunk> = {}): Chunk {
  return {
    totalHex: responseHex.length,
    moreFollow: false,
    sequence: 0,
    lengthHex: responseHex.length,
    hex: responseHex,
    ...change,
  };
}

describe("a download whose HTTPS the host carries", () => {
  it("shows the request and takes the response in one chunk", async () => {
    const { relay, answer } = relayWithRequest();
    expect(await relay.next()).toEqual({ kind: "request", functionName: "initiateAuthentication", body: "{}" });
    expect(relay.take(chunk())).toBe("complete");
    expect(await answer).toEqual({ status: 200, body: '{"a":1}' });
  });

  it("puts chunks together in their order", async () => {
    const { relay, answer } = relayWithRequest();
    const [head, tail] = [responseHex.slice(0, 20), responseHex.slice(20)];
    expect(relay.take(chunk({ moreFollow: true, lengthHex: 20, hex: head }))).toBe("more");
    expect(relay.take(chunk({ sequence: 1, lengthHex: tail.length, hex: tail }))).toBe("complete");
    expect((await answer).status).toBe(200);
  });

  const half = responseHex.slice(0, 20);
  it.each<[string, Chunk]>([
    ["a sequence number that is not the next", chunk({ sequence: 1 })],
    ["a length that is not the chunk's", chunk({ lengthHex: 10 })],
    ["a last chunk that leaves the total open", chunk({ lengthHex: 20, hex: half })],
    ["more to follow when the total is reached", chunk({ moreFollow: true })],
    ["a total that is too small", chunk({ totalHex: 20 })],
    ["a total that is odd", chunk({ totalHex: responseHex.length + 1, moreFollow: true })],
    ["characters that are no hex", chunk({ hex: `zz${responseHex.slice(2)}` })],
    ["half a byte", chunk({ moreFollow: true, lengthHex: 3, hex: "414" })],
    ["an empty chunk", chunk({ moreFollow: true, lengthHex: 0, hex: "" })],
    [
      "a chunk beyond 1400 characters",
      chunk({ totalHex: 5000, moreFollow: true, lengthHex: 1402, hex: "41".repeat(701) }),
    ],
  ])("refuses %s, and goes on with the right one", async (_what, wrong) => {
    const { relay, answer } = relayWithRequest();
    expect(relay.take(wrong)).toBe("refused");
    expect(relay.take(chunk())).toBe("complete");
    expect((await answer).status).toBe(200);
  });

  it("refuses a total that changes on the way", () => {
    const { relay } = relayWithRequest();
    expect(relay.take(chunk({ moreFollow: true, lengthHex: 20, hex: half }))).toBe("more");
    const rest = responseHex.slice(20);
    const change = { totalHex: responseHex.length + 2, sequence: 1, lengthHex: rest.length, hex: rest };
    expect(relay.take(chunk(change))).toBe("refused");
  });

  it("refuses a chunk that nobody asked for", () => {
    expect(new Relay(new VirtualClock(), 1000).take(chunk())).toBe("refused");
  });

  it("fails the request when the response is no HTTP", async () => {
    const { relay, answer } = relayWithRequest();
    const hex = Buffer.from("hello").toString("hex");
    expect(relay.take(chunk({ totalHex: hex.length, lengthHex: hex.length, hex }))).toBe("complete");
    await expect(answer).rejects.toMatchObject({ code: "smdp_protocol" });
  });

  it("fails the request when the host does not answer in time", async () => {
    const { clock, relay, answer } = relayWithRequest();
    await clock.advance(59_999);
    expect(relay.isWaiting).toBe(true);
    await clock.advance(1);
    await expect(answer).rejects.toMatchObject({ code: "deadline" });
    expect(relay.isWaiting).toBe(false);
  });

  it("fails the request at once when the power goes", async () => {
    const { relay, answer } = relayWithRequest();
    relay.abort();
    await expect(answer).rejects.toMatchObject({ code: "cancelled" });
  });
});
