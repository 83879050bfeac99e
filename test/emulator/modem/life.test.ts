import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.js";
import { parseIccid } from "../../../src/base/identifiers.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { type FakeModem, type FakeModemOptions, startFakeModem } from "../../../src/emulator/modem/fake-modem.js";
import { loadScenario } from "../../../src/emulator/modem/scenario.js";
import { defaultEid } from "../../../src/emulator/modem/slot.js";
import { createPki } from "../../../src/emulator/pki/pki.js";
import { encodeDisableProfile } from "../../../src/lpa/es10/profile-operations.js";
import { AtClient } from "./at-client.js";

/** The fake modem on real wires with its real eUICC, driven by a host that knows nothing of it. */

const pki = createPki();
let folder = "";
let modem: FakeModem | undefined;
let host: AtClient | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "esimd-modem-life-"));
});
afterEach(async () => {
  await host?.close();
  host = undefined;
  await modem?.close();
  modem = undefined;
  await rm(folder, { recursive: true });
});

async function start(options: Partial<FakeModemOptions> = {}): Promise<{ modem: FakeModem; host: AtClient }> {
  modem = await startFakeModem({
    clock: systemClock,
    random: seededRandom(7),
    log: silentLog,
    pki,
    wire: { kind: "socket", listen: { kind: "unix", path: join(folder, "modem") } },
    bootstrap: true,
    ...options,
    world: { simBusyMs: 30, registrationMs: 30, ...options.world },
  });
  host = await AtClient.open(modem.port);
  return { modem, host };
}

const iccid = parseIccid("8999970000000000019", "the bootstrap profile");

const pty = (): FakeModemOptions["wire"] => ({ kind: "pty", link: join(folder, "tty") });
const unix = (): FakeModemOptions["wire"] => ({
  kind: "socket",
  listen: { kind: "unix", path: join(folder, "modem") },
});

describe.each([
  ["a pseudo-terminal", pty],
  ["a Unix socket", unix],
])("a modem on %s", (_name, wire) => {
  it.each([
    ["quectel-iccid", 'AT+QESIM="list"', `"${iccid}",1`, "1"],
    ["quectel-nwmode", 'AT+QESIM="list",0', `${iccid},1`, "0x85000202"],
  ])("lives as %s: EID, list, disable, enable, REFRESH and registration", async (dialect, list, row, refused) => {
    const { host } = await start({ wire: wire(), dialect });
    expect(await host.ask("ATE0")).toBe("OK");
    expect(await host.ask("AT+CMEE=1;+CEREG=1")).toBe("OK");
    expect(await host.ask('AT+QESIM="eid"')).toContain(defaultEid);
    expect(await host.ask(list)).toContain(row);
    expect(await host.ask("AT+CEREG?")).toBe("+CEREG: 1,5|OK");
    expect(await host.ask(`AT+QESIM="disable","${iccid}"`)).toBe('+QESIM: "disable",0|OK');
    await host.line(/^\+CEREG: 0$/);
    await host.line(/^\+CPIN: NOT READY$/);
    expect(await host.ask(`AT+QESIM="disable","${iccid}"`)).toBe(`+QESIM: "disable",${refused}|OK`);
    const from = host.lines.length;
    expect(await host.ask(`AT+QESIM="enable","${iccid}"`)).toBe('+QESIM: "enable",0|OK');
    for (const urc of ["+CPIN: READY", "+QUSIM: 1", "+QIND: PB DONE", "+CEREG: 2", "+CEREG: 5"]) {
      await host.line(new RegExp(`^${urc.replace("+", "\\+")}$`), from);
    }
    expect(await host.ask("AT+QCCID")).toBe(`+QCCID: ${iccid}|OK`);
  });

  it("has lines for a host that comes late", async () => {
    const { host } = await start({
      wire: wire(),
      scenario: { behaviours: [], world: { staleUrcs: ["+ESIMS: 1,29"] } },
    });
    expect(await host.line(/ESIMS/)).toBe("+ESIMS: 1,29");
  });

  it("is pulled out and put back: the host sees a hang-up, and the settings are gone", async () => {
    const first = await start({ wire: wire() });
    await first.host.ask("ATE0");
    await first.modem.unplug();
    await first.host.closed;
    expect(existsSync(first.modem.port.replace("unix:", ""))).toBe(false);
    await first.modem.replug();
    host = await AtClient.open(first.modem.port);
    await host.wake();
    // The echo is on again.
    expect(host.lines).toContain("AT");
    await host.line(/^\+CPIN: READY$/);
    expect(await host.ask("AT+QCCID")).toContain(iccid);
  });
});

describe("a standard LPA that starts", () => {
  it("asks for the test forms with CR LF and echo on, and reads the EID in lower case with a channel of its own in CLA", async () => {
    const { host } = await start();
    for (const command of ["AT", "AT+CCHO=?", "AT+CCHC=?", "AT+CGLA=?"])
      expect(await host.ask(`${command}\r\n`)).toBe("OK");
    expect(await host.ask('AT+CCHO="a0000005591010ffffffff8900000100"')).toBe("+CCHO: 1|OK");
    expect(await host.ask('AT+CCHO="a0000005591010ffffffff8900000100"')).toBe("+CCHO: 2|OK");
    // The second session, and the LPA writes channel 1 into CLA all the same.
    expect(await host.ask('AT+CGLA=2,22,"81e2910006bf3e035c015a"')).toBe('+CGLA: 4,"6115"|OK');
    expect(await host.ask('AT+CGLA=2,10,"81c0000015"')).toBe(`+CGLA: 46,"BF3E125A10${defaultEid}9000"|OK`);
    expect(await host.ask("AT+CCHC=2")).toBe("OK");
    expect(await host.ask('AT+CGLA=2,10,"81c0000015"')).toBe("ERROR");
  });

  it("reads the EID through CSIM where it opens the channel itself", async () => {
    const { host } = await start();
    expect(await host.ask('AT+CSIM=10,"0070000001"')).toBe('+CSIM: 6,"019000"|OK');
    const select = "01A4040010A0000005591010FFFFFFFF8900000100";
    expect(await host.ask(`AT+CSIM=42,"${select}"`)).toMatch(/^\+CSIM: 4,"61..".OK$/);
    expect(await host.ask('AT+CSIM=22,"81E2910006BF3E035C015A"')).toBe('+CSIM: 4,"6115"|OK');
    expect(await host.ask('AT+CSIM=10,"81C0000015"')).toBe(`+CSIM: 46,"BF3E125A10${defaultEid}9000"|OK`);
    expect(await host.ask('AT+CSIM=10,"0070800100"')).toBe('+CSIM: 4,"9000"|OK');
    expect(await host.ask('AT+CSIM=22,"81E2910006BF3E035C015A"')).toBe('+CSIM: 4,"6881"|OK');
  });

  it("disables a profile by APDU: 91xx, a REFRESH, and its sessions are gone", async () => {
    const { host } = await start();
    await host.ask('AT+CCHO="A0000005591010FFFFFFFF8900000100"');
    const command = encodeDisableProfile({ id: { by: "iccid", iccid }, refresh: true });
    const apdu = [0x81, 0xe2, 0x91, 0x00, command.length, ...command];
    const disable = Buffer.from(apdu).toString("hex").toUpperCase();
    const answer = await host.ask(`AT+CGLA=1,${disable.length},"${disable}"`);
    expect(answer).toBe('+CGLA: 4,"6106"|OK');
    expect(await host.ask('AT+CGLA=1,10,"81C0000006"')).toBe('+CGLA: 16,"BF3203800100910B"|OK');
    await host.line(/^\+CPIN: NOT READY$/);
    expect(await host.ask('AT+CGLA=1,22,"81E2910006BF3E035C015A"')).toBe("ERROR");
  });
});

describe("the built-in scenarios", () => {
  const play = async (name: string, options: Partial<FakeModemOptions> = {}) =>
    start({ ...options, scenario: await loadScenario(name), world: {} });

  it("slow: every answer takes its time", async () => {
    const { host } = await play("slow");
    const startMs = systemClock.monotonicMs();
    await host.ask("AT");
    expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(690);
  });

  it("silence: nothing but the echo", async () => {
    const { modem, host } = await play("silence");
    host.write("AT\r");
    await host.line(/^AT$/);
    expect(modem.transcript.map(({ from, text }) => `${from} ${text}`)).toEqual(["host AT", "modem AT"]);
  });

  it("busy-then-ok: three times, then it answers", async () => {
    const { host } = await play("busy-then-ok");
    await host.ask("AT+CMEE=1");
    const answers: string[] = [];
    for (let i = 0; i < 4; i++) answers.push(await host.ask('AT+QESIM="eid"'));
    expect(answers).toEqual([...Array(3).fill("+CME ERROR: 14"), `+QESIM: "eid",${defaultEid}|OK`]);
  });

  it("garbage: noise around answers that are good", async () => {
    const { modem, host } = await play("garbage");
    await host.ask("ATE0");
    for (let i = 0; i < 12; i++) expect(await host.ask("AT+CGMM")).toContain("EC25|OK");
    expect(modem.transcript.filter(({ text }) => text.includes("noise")).length).toBeGreaterThanOrEqual(6);
  });

  it("split-bytes: the same answer in pieces", async () => {
    const { host } = await play("split-bytes");
    expect(await host.ask('AT+QESIM="eid"')).toBe(`+QESIM: "eid",${defaultEid}|OK`);
  });

  it("urc-storm: the answer is there behind the noise", async () => {
    const { host } = await play("urc-storm");
    const answer = (await host.ask("AT+CPIN?")).split("|");
    expect(answer.length).toBe(22);
    expect(answer.slice(-2)).toEqual(["+CPIN: READY", "OK"]);
  });

  it("error-by-number: once", async () => {
    const { host } = await play("error-by-number");
    await host.ask("AT+CMEE=1");
    expect(await host.ask('AT+QESIM="eid"')).toBe("+CME ERROR: 100");
    expect(await host.ask('AT+QESIM="eid"')).toContain("OK");
  });

  it("unplug: gone in the middle of the download, and back", async () => {
    const { modem, host: first } = await play("unplug", { wire: pty() });
    first.write('AT+QESIM="download","LPA:1$smdp.example$X"\r');
    await first.closed;
    for (let isBack = false; !isBack; ) {
      await new Promise(setImmediate);
      isBack = existsSync(modem.port);
    }
    host = await AtClient.open(modem.port);
    await host.wake();
    await host.ask("AT+CMEE=1");
    expect(modem.transcript.map(({ text }) => text)).toContain("RDY");
    // The download is forgotten.
    expect(await host.ask('AT+QESIM="trans",4,0,0,4,"4142"')).toMatch(/\+CME ERROR: (3|14)$/);
  });

  it("wrong-eid: check digits that are wrong, on both ways to read it", async () => {
    const { host } = await play("wrong-eid");
    expect(await host.ask('AT+QESIM="eid"')).toContain("89049032123451234512345678901236");
    await host.ask('AT+CCHO="A0000005591010FFFFFFFF8900000100"');
    await host.ask('AT+CGLA=1,22,"80E2910006BF3E035C015A"');
    expect(await host.ask('AT+CGLA=1,10,"80C0000015"')).toContain("89049032123451234512345678901236");
  });

  it("no-euicc: no SIM", async () => {
    const { host } = await play("no-euicc");
    await host.ask("AT+CMEE=2");
    expect(await host.ask('AT+QESIM="eid"')).toBe("+CME ERROR: SIM not inserted");
  });

  it("full-euicc: no room", async () => {
    const { modem } = await play("full-euicc");
    expect(modem.euicc.freeBytes).toBe(0);
  });
});
