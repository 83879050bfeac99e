import { describe, expect, it } from "vitest";
import { AtChannel } from "../../src/at/channel.js";
import { VirtualClock } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";
import { parseIccid } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { ensureApn, type PacketContext, restoreApn } from "../../src/modem/apn.js";
import { ownCatalogue } from "../../src/modem/dialects/index.js";
import type { ModemLine } from "../../src/modem/exchange.js";
import { cycleFunctionality } from "../../src/modem/power.js";
import { type TakeUp, takeUpProfile } from "../../src/modem/refresh.js";
import { switchToSlot } from "../../src/modem/slot.js";
import { MemoryPort } from "../support/memory-port.js";

/** A modem after a switch of profiles, as far as the host sees it; time is virtual. */

const wanted = parseIccid("8988307000000000001", "test");
const old = "8988307000000000019";
const never = new AbortController().signal;

interface Field {
  readonly port: MemoryPort;
  readonly line: ModemLine;
  readonly clock: VirtualClock;
}

function field(answer: (text: string, port: MemoryPort) => readonly string[] | "silence"): Field {
  const clock = new VirtualClock();
  const port = new MemoryPort();
  port.answer((text) => {
    const lines = answer(text, port);
    if (lines !== "silence") port.sayLines(...lines);
  });
  return { port, clock, line: { channel: new AtChannel(port, clock, silentLog), clock, random: seededRandom(1) } };
}

const dialect = ownCatalogue.find("quectel-iccid");

/** A modem that reads its card anew when `restartedBy` was sent, and not before. */
function stubborn(restartedBy: string | undefined, more: Readonly<Record<string, readonly string[]>> = {}): Field {
  let uses: string = old;
  return field((text) => {
    if (text === restartedBy) uses = wanted;
    if (more[text] !== undefined) return more[text];
    if (text === "AT+CPIN?") return ["+CPIN: READY", "OK"];
    if (text === "AT+QCCID") return [`+QCCID: ${uses}`, "OK"];
    return ["OK"];
  });
}

function takeUp({ line, clock }: Field, mayRestart = true): Promise<TakeUp> {
  return clock.runUntil(takeUpProfile({ line, dialect, wakeMs: 5_000, mayRestart, log: silentLog }, wanted, never));
}

function restarts({ port }: Field): readonly string[] {
  return port.sent.filter((text) => text.startsWith("AT+CFUN"));
}

describe("a modem after a switch of profiles", () => {
  it("that uses the new one is asked once, and left alone", async () => {
    const modem = stubborn("AT+CPIN?");
    expect(await takeUp(modem)).toEqual({ kind: "taken-up", after: "itself", pin: "ready" });
    expect(modem.port.sent).toEqual(["AT+CPIN?", "AT+QCCID"]);
  });

  it("gets the time that its family needs, and the SIM's own word hastens us", async () => {
    let ready = false;
    const modem = field((text) => {
      if (text === "AT+CPIN?") return ready ? ["+CPIN: READY", "OK"] : ["+CME ERROR: 14"];
      if (text === "AT+QCCID") return [`+QCCID: ${wanted}`, "OK"];
      return ["ERROR"];
    });
    modem.clock.setTimer(4_300, () => {
      ready = true;
      modem.port.sayLines("+QUSIM: 1");
    });
    expect(await takeUp(modem)).toMatchObject({ kind: "taken-up", after: "itself" });
    expect(modem.clock.monotonicMs()).toBe(4_300);
  });

  it("that goes on with the old one has its radio and SIM switched off and on", async () => {
    const modem = stubborn("AT+CFUN=1");
    expect(await takeUp(modem)).toEqual({ kind: "taken-up", after: "cfun", pin: "ready" });
    expect(restarts(modem)).toEqual(["AT+CFUN=0", "AT+CFUN=1"]);
    expect(modem.clock.monotonicMs()).toBeGreaterThanOrEqual(dialect.refresh.waitMs);
  });

  it("that does not heed that either is reset, and its line is brought up again", async () => {
    const modem = stubborn("AT+CFUN=1,1");
    expect(await takeUp(modem)).toMatchObject({ kind: "taken-up", after: "reset" });
    expect(restarts(modem)).toEqual(["AT+CFUN=0", "AT+CFUN=1", "AT+CFUN=1,1"]);
    expect(modem.port.sent).toContain("ATE0");
  });

  describe("with commands for the SIM's power", () => {
    const telit = ownCatalogue.find("etsi-apdu");
    const takeUpBy = ({ line, clock }: Field, signal = never): Promise<TakeUp> => {
      const options = { line, dialect: telit, wakeMs: 5_000, mayRestart: true, log: silentLog };
      return clock.runUntil(takeUpProfile(options, wanted, signal));
    };
    const powered = (answer: (text: string) => readonly string[] | "silence"): Field => {
      let uses: string = old;
      return field((text) => {
        if (text === "AT#SIMDET=1" || text === "AT+CFUN=1,1") uses = wanted;
        if (text.startsWith("AT#SIMDET")) return answer(text);
        if (text === "AT+CPIN?") return ["+CPIN: READY", "OK"];
        if (text === "AT+CCID") return [`+CCID: ${uses}`, "OK"];
        return /^AT\+[A-Z]+\?$/.test(text) ? [`${text.slice(2, -1)}: 1`, "OK"] : ["OK"];
      });
    };
    const steps = ({ port }: Field): readonly string[] => port.sent.filter((text) => /^AT(\+CFUN|#SIMDET)/.test(text));

    it("has that cycled after CFUN and before a reset", async () => {
      const modem = powered(() => ["OK"]);
      expect(await takeUpBy(modem)).toMatchObject({ kind: "taken-up", after: "sim-power" });
      expect(steps(modem)).toEqual(["AT+CFUN=0", "AT+CFUN=1", "AT#SIMDET=0", "AT#SIMDET=1"]);
    });

    it("that it does not know is reset at once", async () => {
      const modem = powered(() => ["ERROR"]);
      expect(await takeUpBy(modem)).toMatchObject({ kind: "taken-up", after: "reset" });
      expect(steps(modem)).toEqual(["AT+CFUN=0", "AT+CFUN=1", "AT#SIMDET=0", "AT+CFUN=1,1"]);
      expect(modem.clock.monotonicMs()).toBe(2 * telit.refresh.waitMs);
    });

    it("that it leaves unanswered has its SIM's power given back all the same", async () => {
      const modem = powered((text) => (text === "AT#SIMDET=0" ? "silence" : ["OK"]));
      expect(await takeUpBy(modem)).toMatchObject({ kind: "taken-up", after: "sim-power" });
      expect(steps(modem).at(-1)).toBe("AT#SIMDET=1");
    });

    it("is not left without it when the run is called off", async () => {
      const stop = new AbortController();
      const modem = powered(() => ["OK"]);
      modem.clock.setTimer(2 * telit.refresh.waitMs + 1_000, () => stop.abort(new EsimdError("cancelled", "stopped")));
      await expect(takeUpBy(modem, stop.signal)).rejects.toMatchObject({ code: "cancelled" });
      expect(steps(modem).slice(-2)).toEqual(["AT#SIMDET=0", "AT#SIMDET=1"]);
    });
  });

  it("that refuses one way is restarted in the next", async () => {
    const modem = stubborn("AT+CFUN=1,1", { "AT+CFUN=0": ["+CME ERROR: 3"] });
    expect(await takeUp(modem)).toMatchObject({ kind: "taken-up", after: "reset" });
  });

  it("that says nothing from CFUN=0 on is told CFUN=1 all the same, and at once (openpilot: CFUN=0 drops serial)", async () => {
    let off = false;
    let uses: string = old;
    const modem = field((text) => {
      if (text === "AT+CFUN=0") off = true;
      if (text === "AT+CFUN=1" && off) [off, uses] = [false, wanted];
      if (off) return "silence";
      if (text === "AT+CPIN?") return ["+CPIN: READY", "OK"];
      if (text === "AT+QCCID") return [`+QCCID: ${uses}`, "OK"];
      return /^AT\+[A-Z]+\?$/.test(text) ? [`${text.slice(2, -1)}: 1`, "OK"] : ["OK"];
    });
    expect(await takeUp(modem)).toMatchObject({ kind: "taken-up", after: "cfun" });
    const told = modem.port.sent.slice(modem.port.sent.indexOf("AT+CFUN=0"));
    expect(told.slice(0, 2)).toEqual(["AT+CFUN=0", "AT+CFUN=1"]);
  });

  it("that hears nothing while CFUN=0 is at work is told CFUN=1 until it answers", async () => {
    let heard = 0;
    const modem = field((text) => {
      if (text === "AT+CFUN=0" || (text === "AT+CFUN=1" && ++heard < 3)) return "silence";
      if (text === "AT+CPIN?") return ["+CPIN: READY", "OK"];
      if (text === "AT+QCCID") return [`+QCCID: ${heard === 3 ? wanted : old}`, "OK"];
      return /^AT\+[A-Z]+\?$/.test(text) ? [`${text.slice(2, -1)}: 1`, "OK"] : ["OK"];
    });
    expect(await takeUp(modem)).toMatchObject({ kind: "taken-up", after: "cfun" });
    expect(restarts(modem)).toEqual(["AT+CFUN=0", "AT+CFUN=1", "AT+CFUN=1", "AT+CFUN=1"]);
  });

  it("that answers nothing after CFUN=0 is reset, though it is out of step", async () => {
    let uses: string = old;
    let off = false;
    const modem = field((text) => {
      if (text === "AT+CFUN=0") off = true;
      if (text === "AT+CFUN=1,1") [off, uses] = [false, wanted];
      if (off) return "silence";
      if (text === "AT+CPIN?") return ["+CPIN: READY", "OK"];
      if (text === "AT+QCCID") return [`+QCCID: ${uses}`, "OK"];
      return /^AT\+[A-Z]+\?$/.test(text) ? [`${text.slice(2, -1)}: 1`, "OK"] : ["OK"];
    });
    expect(await takeUp(modem)).toMatchObject({ kind: "taken-up", after: "reset" });
  });

  it("whose restart is called off is not left with its radio off", async () => {
    const modem = stubborn(undefined, {});
    const stop = new AbortController();
    modem.port.answer((text) => {
      if (text === "AT+CFUN=0") stop.abort(new EsimdError("cancelled", "stopped"));
      modem.port.sayLines("OK");
    });
    const cycling = modem.clock.runUntil(cycleFunctionality(modem.line, stop.signal));
    await expect(cycling).rejects.toMatchObject({ code: "cancelled" });
    expect(restarts(modem)).toEqual(["AT+CFUN=0", "AT+CFUN=1"]);
  });

  it("that never takes it up is given up after the whole ladder, and it is said what it uses", async () => {
    const modem = stubborn(undefined);
    expect(await takeUp(modem)).toEqual({ kind: "not-taken-up", tried: ["cfun", "reset"], uses: old });
  });

  it("that is still starting its SIM after the family's time is not restarted for it", async () => {
    let ready = false;
    const modem = field((text) => {
      if (text === "AT+CPIN?") return ready ? ["+CPIN: READY", "OK"] : ["+CME ERROR: 14"];
      return text === "AT+QCCID" && ready ? [`+QCCID: ${wanted}`, "OK"] : ["ERROR"];
    });
    modem.clock.setTimer(2 * dialect.refresh.waitMs, () => {
      ready = true;
    });
    expect(await takeUp(modem)).toMatchObject({ kind: "taken-up", after: "itself" });
    expect(restarts(modem)).toEqual([]);
  });

  it("is not restarted where that is not allowed", async () => {
    const modem = stubborn("AT+CFUN=1");
    expect(await takeUp(modem, false)).toEqual({ kind: "not-taken-up", tried: [], uses: old });
    expect(restarts(modem)).toEqual([]);
  });

  it("that tells no ICCID is believed when its SIM is ready, and not restarted", async () => {
    const modem = field((text) => (text === "AT+CPIN?" ? ["+CPIN: READY", "OK"] : ["ERROR"]));
    expect(await takeUp(modem)).toEqual({ kind: "untold", pin: "ready" });
    expect(restarts(modem)).toEqual([]);
  });

  it("whose profile wants a PIN has taken it up all the same", async () => {
    const modem = field((text) => {
      if (text === "AT+CPIN?") return ["+CPIN: SIM PIN", "OK"];
      return text === "AT+QCCID" ? [`+QCCID: ${wanted}`, "OK"] : ["ERROR"];
    });
    expect(await takeUp(modem)).toEqual({ kind: "taken-up", after: "itself", pin: "pin" });
  });

  it("may leave the bus with its reset, which ends the run for now", async () => {
    const modem = field((text, port) => {
      if (text === "AT+CFUN=1,1") {
        port.unplug(new EsimdError("serial_gone", "unplugged"));
        return "silence";
      }
      if (text === "AT+CPIN?") return ["+CPIN: READY", "OK"];
      return text === "AT+QCCID" ? [`+QCCID: ${old}`, "OK"] : ["OK"];
    });
    await expect(takeUp(modem)).rejects.toMatchObject({ code: "serial_gone" });
  });
});

describe("the APN", () => {
  /** A modem with one context, of which it keeps what it is told, if it does. */
  function withContext(start: PacketContext | undefined, obeys = true): Field & { context: PacketContext | undefined } {
    const state = { context: start };
    const modem = field((text) => {
      const written = /^AT\+CGDCONT=1(?:,"(\w+)","([^"]*)")?$/.exec(text);
      if (written !== null && obeys) {
        const [, type, apn] = written;
        state.context = type === undefined || apn === undefined ? undefined : { type, apn };
      }
      if (text !== "AT+CGDCONT?" || state.context === undefined) return ["OK"];
      return [`+CGDCONT: 1,"${state.context.type}","${state.context.apn}","0.0.0.0",0,0`, "OK"];
    });
    return Object.defineProperty({ ...modem, context: start }, "context", { get: () => state.context });
  }

  const kept: (PacketContext | undefined)[] = [];
  const note = async (previous: PacketContext | undefined): Promise<void> => {
    kept.push(previous);
  };

  it("is written where another stands, and what stood there is kept first", async () => {
    const modem = withContext({ type: "IP", apn: "old.apn" });
    kept.length = 0;
    const change = await modem.clock.runUntil(ensureApn(modem.line, "super", note, never));
    expect(change).toEqual({ kind: "replaced", previous: { type: "IP", apn: "old.apn" } });
    expect(kept).toEqual([{ type: "IP", apn: "old.apn" }]);
    expect(modem.context).toEqual({ type: "IP", apn: "super" });
    await modem.clock.runUntil(restoreApn(modem.line, { type: "IP", apn: "old.apn" }, silentLog, never));
    expect(modem.context).toEqual({ type: "IP", apn: "old.apn" });
  });

  it("is not written where it stands already, in whatever case", async () => {
    const modem = withContext({ type: "IPV4V6", apn: "SUPER" });
    expect(await modem.clock.runUntil(ensureApn(modem.line, "super", note, never))).toEqual({ kind: "untouched" });
    expect(modem.port.sent).toEqual(["AT+CGDCONT?"]);
  });

  it("makes the context where there is none, and takes it away again", async () => {
    const modem = withContext(undefined);
    await modem.clock.runUntil(ensureApn(modem.line, "super", note, never));
    expect(modem.context).toEqual({ type: "IPV4V6", apn: "super" });
    await modem.clock.runUntil(restoreApn(modem.line, undefined, silentLog, never));
    expect(modem.context).toBeUndefined();
  });

  it("that the modem refuses to take back is said to be still there", async () => {
    const modem = field((text) => (text.startsWith("AT+CGDCONT=") ? ["+CME ERROR: 3"] : ["OK"]));
    const back = restoreApn(modem.line, { type: "IP", apn: "old.apn" }, silentLog, never);
    expect(await modem.clock.runUntil(back)).toBe(false);
  });

  it("is read back: a modem that says OK and keeps the old one is not believed", async () => {
    const modem = withContext({ type: "IP", apn: "old.apn" }, false);
    const written = modem.clock.runUntil(ensureApn(modem.line, "super", note, never));
    await expect(written).rejects.toMatchObject({
      code: "modem_refused",
      message: expect.stringContaining("shows old.apn"),
    });
  });
});

describe("the SIM slot", () => {
  function withSlot(start: number, obeys = true): Field {
    let slot = start;
    let busyLooks = 0;
    return field((text) => {
      const set = /^AT\+QUIMSLOT=(\d)$/.exec(text)?.[1];
      if (set !== undefined && obeys) {
        slot = Number(set);
        busyLooks = 3;
      }
      if (text === "AT+QUIMSLOT?") return [`+QUIMSLOT: ${slot}`, "OK"];
      if (text === "AT+CPIN?") return busyLooks-- > 0 ? ["+CME ERROR: 14"] : ["+CPIN: READY", "OK"];
      return ["OK"];
    });
  }

  const switchTo = ({ line, clock }: Field, slot: number): Promise<boolean> =>
    clock.runUntil(switchToSlot(line, dialect, slot, silentLog, never));

  it("is not touched when it is the active one", async () => {
    const modem = withSlot(2);
    expect(await switchTo(modem, 2)).toBe(false);
    expect(modem.port.sent).toEqual(["AT+QUIMSLOT?"]);
  });

  it("is switched, and the SIM there is waited for", async () => {
    const modem = withSlot(1);
    expect(await switchTo(modem, 2)).toBe(true);
    expect(modem.port.sent.filter((text) => text === "AT+CPIN?")).toHaveLength(4);
  });

  it("that the modem accepts and does not show is refused after a minute", async () => {
    const modem = withSlot(1, false);
    await expect(switchTo(modem, 2)).rejects.toMatchObject({ code: "slot_refused" });
    expect(modem.clock.monotonicMs()).toBeGreaterThanOrEqual(60_000);
  });

  it("of a modem without such a command is refused with the way out", async () => {
    const { line, clock } = withSlot(1);
    const refused = clock.runUntil(switchToSlot(line, ownCatalogue.find("simcom"), 2, silentLog, never));
    await expect(refused).rejects.toMatchObject({
      code: "slot_refused",
      hint: expect.stringContaining("dialect file"),
    });
  });
});
