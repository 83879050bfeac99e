import { describe, expect, it } from "vitest";
import { Es10Channel } from "../../../src/lpa/apdu/es10-channel.js";

const never = new AbortController().signal;

/** A card that gives these answers in turn; `sent` is what it was asked. */
function cardThat(...answers: readonly string[]): { isdR: Es10Channel; sent: string[] } {
  const sent: string[] = [];
  const left = [...answers];
  const isdR = new Es10Channel({
    way: "CGLA",
    transmit: (apdu) => {
      sent.push(Buffer.from(apdu).toString("hex").toUpperCase());
      return Promise.resolve(Buffer.from(left.shift() ?? "6F00", "hex"));
    },
    close: () => Promise.resolve(),
  });
  return { isdR, sent };
}

describe("an ES10 command", () => {
  it("fetches what the card keeps ready, piece by piece", async () => {
    const { isdR, sent } = cardThat("6104", "BF306102", "80006101", "019000");
    expect(Buffer.from(await isdR.command(Buffer.from("BF3003800107", "hex"), never)).toString("hex")).toBe(
      "bf30800001",
    );
    expect(sent).toEqual(["80E2910006BF3003800107", "80C0000004", "80C0000002", "80C0000001"]);
    expect(isdR.exchanges).toBe(4);
  });

  it.each([["6100"], ["6110"]])("that announces an answer and never gives it ends: %s", async (word) => {
    const { isdR, sent } = cardThat(word, word, word, "9000");
    await expect(isdR.command(Uint8Array.of(1), never)).rejects.toMatchObject({
      code: "modem_protocol",
      message: expect.stringContaining("does not give it"),
    });
    expect(sent).toHaveLength(2);
  });

  it("is cut into blocks that say which is the last", async () => {
    const { isdR, sent } = cardThat("9000", "9000", "9000");
    isdR.segmentBytes = 2;
    expect(await isdR.command(Uint8Array.of(1, 2, 3, 4, 5), never)).toHaveLength(0);
    expect(sent).toEqual(["80E21100020102", "80E21101020304", "80E291020105"]);
  });

  it("whose answer nobody needs takes one exchange", async () => {
    const { isdR, sent } = cardThat("6106");
    await isdR.tell(Buffer.from("BF3003800107", "hex"), never);
    expect(sent).toEqual(["80E2910006BF3003800107"]);
  });

  it("that the card refuses fails, whether its answer is needed or not", async () => {
    await expect(cardThat("6985").isdR.command(Uint8Array.of(1), never)).rejects.toThrow("6985");
    await expect(cardThat("6985").isdR.tell(Uint8Array.of(1), never)).rejects.toThrow("6985");
  });
});
