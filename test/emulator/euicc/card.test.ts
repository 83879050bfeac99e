import { beforeEach, describe, expect, it } from "vitest";
import { EuiccCard, isdrAid } from "../../../src/emulator/euicc/card.js";
import { EmulatedEuicc } from "../../../src/emulator/euicc/euicc.js";
import { createPki } from "../../../src/emulator/pki/pki.js";
import { decodeEid } from "../../../src/lpa/es10/eid.js";
import { createRspWorld, testEid } from "../../support/rsp-world.js";

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");
const aid = hex(isdrAid);
const pki = createPki();

describe("the card", () => {
  let card: EuiccCard;
  const send = (apdu: string): string => hex(card.transmit(bytes(apdu)));

  beforeEach(() => {
    card = new EuiccCard(new EmulatedEuicc({ pki, state: { eid: testEid } }));
  });

  it("gives the EID over MANAGE CHANNEL, SELECT, STORE DATA and GET RESPONSE", () => {
    expect(send("0070000001")).toBe("019000");
    expect(send(`01a4040010${aid}`)).toMatch(/^61/);
    expect(send("81e2910006 bf3e035c015a")).toBe("6115");
    const answer = bytes(send("81c0000015"));
    expect(hex(answer.subarray(-2))).toBe("9000");
    expect(decodeEid(answer.subarray(0, -2))).toBe(testEid);
    expect(send("00708001 00")).toBe("9000");
    expect(send("81e2910006 bf3e035c015a")).toBe("6881");
  });

  it("gives a channel as CCHO wants it, with the ISD-R selected", () => {
    expect(card.openChannel(isdrAid)).toEqual({ channel: 1 });
    expect(card.openChannel(bytes("a000000001"))).toEqual({ statusWord: 0x6a82 });
    expect(send("81e2910003 bf2d00")).toBe("6105");
    expect(send("81c0000005")).toBe("bf2d02a0009000");
    expect([card.closeChannel(1), card.closeChannel(1), card.closeChannel(0)]).toEqual([true, false, false]);
  });

  it("has three channels beside the basic one, and lends a closed one again", () => {
    const opened = [1, 2, 3].map(() => card.openChannel(isdrAid));
    expect(opened).toEqual([{ channel: 1 }, { channel: 2 }, { channel: 3 }]);
    expect(card.openChannel(isdrAid)).toEqual({ statusWord: 0x6a81 });
    expect(send("0070000001")).toBe("6a81");
    card.closeChannel(2);
    expect(send("0070000001")).toBe("029000");
  });

  it.each([
    { what: "an applet that it does not have", apdu: "00a4040005a000000001", sw: "6a82" },
    { what: "STORE DATA where the ISD-R is not selected", apdu: "80e2910003bf2d00", sw: "6d00" },
    { what: "a channel that is not open", apdu: "83e2910003bf2d00", sw: "6881" },
    { what: "a class that it does not know", apdu: "10e2910003bf2d00", sw: "6e00" },
    { what: "an instruction that it does not know", apdu: "80ca000000", sw: "6d00" },
    { what: "GET RESPONSE with nothing to give", apdu: "00c0000010", sw: "6985" },
    { what: "half an APDU", apdu: "80e2", sw: "6700" },
    { what: "closing the basic channel", apdu: "0070800000", sw: "6a86" },
  ])("refuses $what with $sw", ({ apdu, sw }) => {
    expect(send(apdu)).toBe(sw);
  });

  describe("with the ISD-R on channel 1", () => {
    beforeEach(() => {
      card.openChannel(isdrAid);
    });

    it.each([
      { what: "a length that does not fit the data", apdu: "81e2910004bf2d00", sw: "6700" },
      { what: "an empty STORE DATA", apdu: "81e2910000", sw: "6700" },
      { what: "a P1 that is neither 11 nor 91", apdu: "81e2900003bf2d00", sw: "6a86" },
      { what: "a first block that is not number 0", apdu: "81e2910103bf2d00", sw: "6a86" },
      { what: "a function that it does not have", apdu: "81e2910003bf7000", sw: "6a88" },
      { what: "broken TLV", apdu: "81e2910003bf2d05", sw: "6a80" },
    ])("refuses $what with $sw", ({ apdu, sw }) => {
      expect(send(apdu)).toBe(sw);
    });

    it("joins blocks in their order, and starts anew with block 0", () => {
      expect(send("81e2110003 bf3e03")).toBe("9000");
      expect(send("81e2910103 5c015a")).toBe("6115");
      expect(send("81e2110003 bf3e03")).toBe("9000");
      expect(send("81e2110003 bf3e03")).toBe("9000");
      expect(send("81e2910203 5c015a")).toBe("6a86");
      expect(send("81e2910103 5c015a")).toBe("6a86");
    });

    it("corrects an Le that is too large, and gives less when asked for less", () => {
      expect(send("81e2910006 bf3e035c015a")).toBe("6115");
      expect(send("81c0000016")).toBe("6c15");
      expect(send("81c0000004")).toBe("bf3e125a6111");
      expect(send("81c0000011").slice(-4)).toBe("9000");
    });

    it("forgets channels and chains in a reset, and keeps the rest", () => {
      expect(send("81e2110003 bf3e03")).toBe("9000");
      card.reset();
      expect(send("81e2910103 5c015a")).toBe("6881");
      expect(card.openChannel(isdrAid)).toEqual({ channel: 1 });
      expect(send("81e2910006 bf3e035c015a")).toBe("6115");
    });
  });
});

describe("a profile switch", () => {
  it("ends with 91xx when the LPA wants a REFRESH, until the modem has carried it out, and with 9000 when not", async () => {
    const world = createRspWorld({ pki });
    const { iccid } = world.order({ eid: testEid });
    await world.download();
    const card = new EuiccCard(world.euicc);
    card.openChannel(isdrAid);
    const bcd = hex(iccidBytes(iccid));
    const exchange = (command: string): string => {
      const apdu = `81e29100${(command.length / 2).toString(16).padStart(2, "0")}${command}`;
      expect(hex(card.transmit(bytes(apdu)))).toBe("6106");
      return hex(card.transmit(bytes("81c0000006")));
    };
    expect(exchange(`bf3111a00c5a0a${bcd}8101ff`)).toBe("bf3103800100910b");
    expect(hex(card.transmit(bytes("81e2910003bf2e00")))).toBe("6115");
    expect(hex(card.transmit(bytes("81c0000015"))).slice(-4)).toBe("910b");
    card.reset();
    card.openChannel(isdrAid);
    expect(exchange(`bf3111a00c5a0a${bcd}8101ff`)).toBe("bf31038001029000");
    expect(exchange(`bf3211a00c5a0a${bcd}810100`)).toBe("bf32038001009000");
  });
});

function iccidBytes(iccid: string): Uint8Array {
  const digits = iccid.padEnd(20, "f");
  return bytes(digits.replace(/(.)(.)/g, "$2$1"));
}
