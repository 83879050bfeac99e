import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseTranscript } from "../../src/at/transcript/format.js";
import { systemClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { cautionFor } from "../../src/commands/at-cautions.js";
import type { CommandContext } from "../../src/commands/command.js";
import { main } from "../../src/commands/main.js";
import { type FakeModem, startFakeModem } from "../../src/emulator/modem/fake-modem.js";
import { checkScenario, type ScenarioInput } from "../../src/emulator/modem/scenario.js";
import { createPki } from "../../src/emulator/pki/pki.js";
import { until } from "../stories/conditions.js";
import { type TestContext, testContext } from "./test-context.js";

/** `esimd at` as its user meets it: on an emulated modem, with commands given, piped in, or typed by a person. */

const pki = createPki();
let folder = "";
let modem: FakeModem | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "esimd-at-"));
});
afterEach(async () => {
  await modem?.close();
  modem = undefined;
  await rm(folder, { recursive: true });
});

async function plugIn(scenario?: ScenarioInput): Promise<FakeModem> {
  modem = await startFakeModem({
    clock: systemClock,
    random: seededRandom(7),
    log: silentLog,
    pki,
    wire: { kind: "pty", link: join(folder, "tty") },
    bootstrap: true,
    scenario: scenario === undefined ? undefined : checkScenario(scenario, "the test's scenario"),
    world: { simBusyMs: 30, registrationMs: 30 },
  });
  return modem;
}

/** Someone at a keyboard, or a script at the other end of a pipe. */
function keyboard(isTTY: boolean): PassThrough {
  return Object.assign(new PassThrough(), { isTTY });
}

interface Ended {
  readonly status: number;
  readonly test: TestContext;
}

function start(
  words: readonly string[],
  stdin?: PassThrough,
): { readonly test: TestContext; readonly ended: Promise<Ended> } {
  const test = testContext();
  const context: CommandContext = { ...test.context, clock: systemClock, ...(stdin && { stdin }) };
  const port = modem?.port ?? join(folder, "tty");
  const ended = main(["at", "--port", port, ...words], context).then((status) => ({ status, test }));
  return { test, ended };
}

const sent = (): readonly string[] =>
  (modem?.transcript ?? []).filter(({ from }) => from === "host").map(({ text }) => text);

describe("esimd at with commands", () => {
  it("shows every line of each answer and the result, URCs among them", async () => {
    await plugIn({
      behaviours: [{ command: "CSQ", do: { kind: "urc-storm", count: 2, lines: ["RING", "+CREG: 1"] } }],
    });
    const { status, test } = await start(["ATI", "AT+CSQ"]).ended;
    expect(status).toBe(0);
    const lines = test.stdout().trimEnd().split("\n");
    expect(lines[0]).toBe("Quectel");
    expect(lines.filter((line) => line === "OK")).toHaveLength(2);
    const storm = lines.indexOf("RING");
    expect(lines.slice(storm, storm + 2)).toEqual(["RING", "+CREG: 1"]);
    expect(lines.at(-2)).toMatch(/^\+CSQ: /);
  });

  it("goes on behind a refusal, and ends with 69", async () => {
    await plugIn();
    const { status, test } = await start(["AT+CPIN?", "AT+NONSENSE", "AT", "--json"]).ended;
    expect(status).toBe(69);
    expect(test.result()).toMatchObject({
      schema: "esimd.at/1",
      commands: [
        { command: "AT+CPIN?", lines: ["+CPIN: READY"], result: { kind: "ok", text: "OK" } },
        { command: "AT+NONSENSE", lines: [], result: { kind: "cme" } },
        { command: "AT", lines: [], result: { kind: "ok" } },
      ],
    });
  });

  it("waits no longer than it is told", async () => {
    await plugIn({ behaviours: [{ command: "CSQ", do: { kind: "silence" } }] });
    const startMs = systemClock.monotonicMs();
    const { status, test } = await start(["AT+CSQ", "--timeout", "0.2"]).ended;
    expect(status).toBe(69);
    expect(test.stderr()).toContain("within 200 ms");
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(5_000);
  });

  it.each([
    [["AT\u0007"], "no AT command"],
    [["AT", "--timeout", "soon"], "--timeout"],
    [["AT", "--timeout", "0"], "--timeout"],
  ])("refuses %j before it opens the port", async (words, why) => {
    const { status, test } = await start(words).ended;
    expect(status).toBe(64);
    expect(test.stderr()).toContain(why);
  });
});

describe("esimd at with lines from a pipe", () => {
  it("sends them in turn until they end", async () => {
    await plugIn();
    const stdin = keyboard(false);
    stdin.end("AT+CGMM\n\nAT+CPIN?\n");
    const { status, test } = await start([], stdin).ended;
    expect(status).toBe(0);
    expect(test.stdout()).toBe("EC25\nOK\n+CPIN: READY\nOK\n");
  });

  it("stops at a line that is dangerous, and nothing behind it is sent", async () => {
    await plugIn();
    const stdin = keyboard(false);
    stdin.end('AT+CGMM\nAT+QESIM="delete","8999970000000000019"\nAT+CSQ\n');
    const { status, test } = await start([], stdin).ended;
    expect(status).toBe(64);
    expect(test.stderr()).toContain("deletes a profile");
    expect(sent()).toContain("AT+CGMM");
    expect(sent().filter((line) => /delete|CSQ/.test(line))).toEqual([]);
  });
});

describe("esimd at with a person at it", () => {
  it("asks before what cannot be undone, shows URCs as they come, and ends with Ctrl-D", async () => {
    const { euicc } = await plugIn();
    const iccid = euicc.profiles[0]?.iccid ?? "";
    const stdin = keyboard(true);
    const { test, ended } = start([], stdin);
    await until(() => test.stderr().includes("Ctrl-D"), "the greeting");
    stdin.write(`AT+QESIM="delete","${iccid}"\n`);
    await until(() => test.stderr().includes("[y/N]"), "the question");
    stdin.write("n\n");
    await until(() => test.stderr().includes("was not sent"), "the refusal");
    expect(sent().filter((line) => line.includes("delete"))).toEqual([]);

    stdin.write(`AT+QESIM="disable","${iccid}"\n`);
    await until(() => test.stderr().includes("URC: +CPIN: NOT READY"), "the URC of the REFRESH");
    stdin.write(`AT+QESIM="delete","${iccid}"\n`);
    await until(() => test.stderr().split("[y/N]").length === 3, "the second question");
    stdin.write("y\n");
    await until(() => euicc.profiles.length === 0, "the profile's end");
    stdin.end();
    expect(await ended).toMatchObject({ status: 0 });
  });

  it("goes on when the modem stays silent to one command", async () => {
    await plugIn({ behaviours: [{ command: "CSQ", do: { kind: "silence" } }] });
    const stdin = keyboard(true);
    const { test, ended } = start(["--timeout", "0.2"], stdin);
    stdin.write("AT+CSQ\n");
    await until(() => test.stderr().includes("modem_silent"), "the sentence about the silence");
    stdin.end("AT+CGMM\n");
    await ended;
    expect(test.stdout()).toBe("EC25\nOK\n");
  });

  it("is stopped by a signal while it waits for a line", async () => {
    await plugIn();
    const { test, ended } = start([], keyboard(true));
    await until(() => test.stderr().includes("Ctrl-D"), "the greeting");
    test.abort(new Error("SIGINT"));
    expect((await ended).status).not.toBe(0);
  });
});

describe("esimd at --record", () => {
  it("writes what was said, with stand-ins, and which modem it was", async () => {
    const { euicc } = await plugIn();
    const file = join(folder, "field.jsonl");
    const { status, test } = await start(['AT+QESIM="eid"', "AT+CGSN", "--record", file]).ended;
    expect(status).toBe(0);
    expect(test.stdout()).toContain(euicc.eid);
    const text = await readFile(file, "utf8");
    expect(text).not.toContain(euicc.eid);
    const { header, entries, footer } = parseTranscript(text, file);
    expect(header).toMatchObject({ source: "unknown", port: "tty", vendor: "Quectel", model: "EC25" });
    expect(header.startedAt).toMatch(/^20/);
    expect(footer?.end).toMatchObject({ complete: true, replaced: { eid: 1, "imei-or-imsi": 1 } });
    expect(entries.some((entry) => "text" in entry && /"eid",8999\d{28}/.test(entry.text))).toBe(true);
    expect(test.stderr()).toContain("1 eid");
  });

  it("never writes over a file", async () => {
    await plugIn();
    const file = join(folder, "field.jsonl");
    await writeFile(file, "mine\n");
    const { status, test } = await start(["AT", "--record", file]).ended;
    expect(status).toBe(65);
    expect(test.stderr()).toContain("never overwritten");
    expect(await readFile(file, "utf8")).toBe("mine\n");
    expect(sent()).toEqual([]);
  });
});

describe("what is asked about first", () => {
  it.each([
    "AT&F",
    "at&f0",
    "AT+CMEE=1;&F",
    "ATE0&F",
    "ATE0V1Q0S0=0 & f0",
    "AT+CMEE=1&F",
    "ATE0+CFUN=1,1",
    "AT+CPIN=1234",
    "AT + CPIN = 1234",
    'AT+CMEE=2;+CPWD="SC",1234,4321',
    "AT+CLCK=SC,1,1234",
    "AT+CFUN=1,1",
    'AT+QESIM="delete","89…"',
    'AT+QESIM="delete_profile",1',
    'AT+QESIM="lpa_enable",0',
    'AT+EGMR=1,7,"001019000000017"',
    "AT+CEUICCMEMRESET=1",
    'AT+CGLA=1,24,"80E2910007BF3404820102"',
    'AT+CSIM=24,"81E2910007BF3303800101"',
    "AT+QPRTPARA=3",
    "AT+QUIMSLOT=2",
    'AT+CPIN="1234"',
    "AT+IPR=921600",
  ])("%s", (line) => expect(cautionFor(line)).toMatch(/./));

  it.each([
    "AT",
    "ATI",
    "AT+CFUN=0",
    "AT+CFUN?",
    'AT+QESIM="list"',
    'AT+QESIM="lpa_enable"',
    "AT+EGMR=0,7",
    "AT+CPIN?",
    "AT+CPIN=?",
    "ATE0V1Q0",
    "AT+CLCK=?",
    'AT+CGLA=1,22,"80E2910006BF3E035C015A"',
    "AT+QUIMSLOT?",
    "AT+IPR?",
    'AT+QESIM="nickname","89…","AT&F"',
  ])("not %s", (line) => expect(cautionFor(line)).toBeUndefined());
});
