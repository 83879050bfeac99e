import { describe, expect, it } from "vitest";
import type { Behaviour } from "../../../src/emulator/modem/behaviours.js";
import { lines, quietDesk, secondIccid } from "./desk.js";

/** A desk that misbehaves for `AT+CSQ` and is well otherwise. */
const deskWith = (action: Behaviour["do"], rest: Partial<Behaviour> = {}) =>
  quietDesk({ behaviours: [{ command: "^AT\\+CSQ", do: action, ...rest }] });

const csq = "+CSQ: 21,99|OK";

describe("a modem that misbehaves", () => {
  it("answers late, to the millisecond", async () => {
    const desk = await deskWith({ kind: "answer" }, { delayMs: 700 });
    expect(await desk.ask("AT+CSQ", 699)).toBe("");
    expect(lines(await desk.heard(1))).toBe(csq);
  });

  it("hangs on a command and answers the next", async () => {
    const desk = await deskWith({ kind: "silence" });
    expect(await desk.ask("AT+CSQ", 600_000)).toBe("");
    expect(await desk.ask("AT")).toBe("OK");
  });

  it("does what it was told and says nothing of it", async () => {
    const behaviours: Behaviour[] = [{ command: "enable", do: { kind: "silence", executed: true } }];
    const desk = await quietDesk({ behaviours });
    expect(await desk.ask(`AT+QESIM="enable","${secondIccid}"`)).toBe("");
    expect(await desk.ask("AT+CPIN?")).toBe("+CME ERROR: 14");
    expect(lines(await desk.heard(1500))).toContain("+QUSIM: 1");
    expect(await desk.ask("AT+QCCID")).toBe(`+QCCID: ${secondIccid}|OK`);
  });

  it("gives an old answer after newer ones", async () => {
    const desk = await deskWith({ kind: "late", ms: 5000 });
    expect(await desk.ask("AT+CSQ")).toBe("");
    expect(await desk.ask("AT+CMEE?")).toBe("+CMEE: 1|OK");
    expect(lines(await desk.heard(5000))).toBe(csq);
  });

  it("is busy so many times", async () => {
    const desk = await deskWith({ kind: "busy" }, { times: 2 });
    const answers = [await desk.ask("AT+CSQ"), await desk.ask("AT+CSQ"), await desk.ask("AT+CSQ")];
    expect(answers).toEqual(["+CME ERROR: 14", "+CME ERROR: 14", csq]);
  });

  it("refuses by number, in words, or plainly", async () => {
    const numbered = await deskWith({ kind: "error", number: 100 });
    expect(await numbered.ask("AT+CSQ")).toBe("+CME ERROR: 100");
    await numbered.ask("AT+CMEE=2");
    expect(await numbered.ask("AT+CSQ")).toBe("+CME ERROR: Unknown");
    const plain = await deskWith({ kind: "error" });
    expect(await plain.ask("AT+CSQ")).toBe("ERROR");
  });

  it("calls an error what it did all the same", async () => {
    const behaviours: Behaviour[] = [{ command: "nickname", do: { kind: "error", executed: true } }];
    const desk = await quietDesk({ behaviours });
    expect(await desk.ask(`AT+QESIM="nickname","${secondIccid}","Gate 7"`)).toBe("ERROR");
    expect(await desk.ask('AT+QESIM="list"')).toContain("Gate 7");
  });

  it("makes noise before or behind the answer", async () => {
    for (const where of ["before", "after"] as const) {
      const desk = await deskWith({ kind: "garbage", bytes: 24, where });
      desk.type("AT+CSQ\r");
      const text = await desk.heard();
      expect(text.length).toBe(24 + "\r\n+CSQ: 21,99\r\n\r\nOK\r\n".length);
      expect(text.indexOf("+CSQ: 21,99")).toBe(where === "before" ? 26 : 2);
    }
  });

  it("sends its answer in pieces", async () => {
    const desk = await deskWith({ kind: "split", chunkBytes: 3, pauseMs: 10 });
    desk.type("AT+CSQ\r");
    const pieces: string[] = [];
    while (pieces.join("").length < 21) pieces.push(await desk.heard(10));
    expect(pieces.slice(0, 3)).toEqual(["\r\n+CSQ", ": 2", "1,9"]);
    expect(lines(pieces.join(""))).toBe(csq);
  });

  it("talks of other things before it answers", async () => {
    const desk = await deskWith({ kind: "urc-storm", count: 3, lines: ["+CSQ: 1,1", "RING"] });
    expect(await desk.ask("AT+CSQ")).toBe(`+CSQ: 1,1|RING|+CSQ: 1,1|${csq}`);
    const storm = await deskWith({ kind: "urc-storm", count: 20 });
    const heard = (await storm.ask("AT+CSQ")).split("|");
    expect(heard.length).toBe(22);
    expect(heard.slice(-2).join("|")).toBe(csq);
  });

  it("says what a scenario puts into its mouth", async () => {
    const desk = await deskWith({ kind: "raw", text: "\r\n+CSQ: \r\n\r\nOK\r\n" });
    expect(await desk.ask("AT+CSQ")).toBe("+CSQ: |OK");
  });

  it("is pulled out before, after or in the middle", async () => {
    const before = await deskWith({ kind: "unplug", replugAfterMs: 2000 });
    expect(await before.ask("AT+CSQ")).toBe("");
    expect(before.unplugs).toEqual([2000]);
    const middle = await deskWith({ kind: "unplug", when: "mid-answer" });
    expect(await middle.ask("AT+CSQ")).toBe("+CSQ: 21,");
    expect(middle.unplugs).toEqual([undefined]);
    const behaviours: Behaviour[] = [{ command: "nickname", do: { kind: "unplug", when: "executed" } }];
    const after = await quietDesk({ behaviours });
    expect(await after.ask(`AT+QESIM="nickname","${secondIccid}","Gate 7"`)).toBe("");
    expect(await after.ask('AT+QESIM="list"')).toContain("Gate 7");
  });

  it("restarts its card by itself, and every channel is gone with it", async () => {
    const behaviours: Behaviour[] = [{ command: "\\+CGLA=", times: 1, do: { kind: "restart", what: "card" } }];
    const desk = await quietDesk({ behaviours });
    expect(await desk.ask('AT+CCHO="A0000005591010FFFFFFFF8900000100"')).toBe("+CCHO: 1|OK");
    expect(await desk.ask('AT+CGLA=1,10,"80E2910000"')).toBe("+CME ERROR: 13");
    expect(await desk.ask('AT+CGLA=1,10,"80E2910000"')).toBe("+CME ERROR: 14");
    await desk.heard(1500);
    expect(await desk.ask('AT+CGLA=1,10,"80E2910000"')).toBe("+CME ERROR: 22");
  });

  it("restarts itself in place of an answer", async () => {
    const desk = await deskWith({ kind: "restart", what: "modem" }, { times: 1 });
    expect(await desk.ask("AT+CSQ")).toBe("");
    expect(lines(await desk.heard(300))).toBe("RDY");
    expect(await desk.ask("AT+CMEE?")).toBe("AT+CMEE?|+CMEE: 0|OK");
  });

  it("forgets everything that was not kept when its power goes", async () => {
    const desk = await quietDesk({ delayMs: 1000 });
    await desk.ask('AT+CCHO="A0000005591010FFFFFFFF8900000100"', 1000);
    desk.type("AT+CSQ\rAT+CSQ\rAT+CS");
    desk.modem.powerOff();
    expect(await desk.heard(60_000)).toBe("");
    desk.modem.powerOn();
    expect(lines(await desk.heard(300))).toBe("RDY");
    // Echo is on again, and half a line of the past is gone.
    expect(await desk.ask("AT", 1000)).toBe("AT|OK");
    await desk.heard(10_000);
    expect(await desk.ask("AT+CMEE?;+CREG?", 1000)).toBe("AT+CMEE?;+CREG?|+CMEE: 0|+CREG: 0,5|OK");
  });

  it("counts what it refused, said unasked and could not keep", async () => {
    const desk = await quietDesk({ delayMs: 10 });
    for (let i = 0; i < 70; i++) desk.type("AT+NOSUCH\r");
    await desk.heard(10_000);
    expect(desk.modem.counts).toEqual({ commandLines: 67, refusals: 65, urcs: 0, dropped: 5 });
  });
});

describe("the reported EID", () => {
  it("can have wrong check digits, or be another's", async () => {
    const invalid = await quietDesk({ world: { reportedEid: "invalid" } });
    expect(await invalid.ask('AT+QESIM="eid"')).toBe('+QESIM: "eid",89049032123451234512345678901236|OK');
    const reportedEid = "89049032000000000000000000000066";
    const another = await quietDesk({ world: { reportedEid } });
    expect(await another.ask('AT+QESIM="eid"')).toBe(`+QESIM: "eid",${reportedEid}|OK`);
  });
});
