import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.js";
import { parseArguments } from "../../src/commands/arguments.js";
import { fakeModemCommand } from "../../src/commands/fake-modem.js";
import { commandHelp } from "../../src/commands/help.js";
import { builtInScenarios } from "../../src/emulator/modem/built-in-scenarios.js";
import { AtClient } from "../emulator/modem/at-client.js";
import { testContext } from "./test-context.js";

const line = z.strictObject({ port: z.string(), eid: z.string(), dialect: z.string() });
type Ready = z.output<typeof line>;

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "esimd-fake-modem-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs the command until its line is there and `look` is done with it, then stops it as SIGTERM does. */
async function runWhile(
  words: readonly string[],
  look: (ready: Ready, modem: AtClient) => Promise<void>,
): Promise<number> {
  const test = testContext();
  const context = { ...test.context, clock: systemClock };
  const running = fakeModemCommand.run(context, parseArguments(fakeModemCommand, words));
  running.catch(() => undefined);
  while (test.stdout() === "") await Promise.race([running, new Promise(setImmediate)]);
  try {
    const ready = line.parse(test.result());
    const modem = await AtClient.open(ready.port);
    await look(ready, modem);
    await modem.close();
  } finally {
    test.abort(new Error("SIGTERM"));
  }
  return running;
}

describe("esimd fake-modem", () => {
  it("is a modem on a pseudo-terminal under a link, until it is stopped", async () => {
    const link = join(folder, "modem");
    const status = await runWhile(["--link", link], async ({ port, eid, dialect }, modem) => {
      expect({ port, dialect }).toEqual({ port: link, dialect: "quectel-iccid" });
      expect(await modem.ask('AT+QESIM="eid"')).toBe(`+QESIM: "eid",${eid}|OK`);
    });
    expect(status).toBe(0);
    expect(existsSync(link)).toBe(false);
  });

  it("serves TCP and Unix sockets, in the dialect and with the EID that it was told", async () => {
    const eid = "89049032000000000000000000000066";
    for (const listen of ["127.0.0.1:0", `unix:${join(folder, "socket")}`]) {
      const words = ["--listen", listen, "--dialect", "quectel-nwmode", "--eid", eid];
      await runWhile(words, async (ready, modem) => {
        expect(ready).toMatchObject({ eid, dialect: "quectel-nwmode" });
        expect(await modem.ask('AT+QESIM="eid"')).toBe(`+QESIM: "eid",0,"${eid}"|OK`);
      });
    }
  });

  it("keeps its eUICC over restarts, and its certificates", async () => {
    const words = [
      "--listen",
      ":0",
      "--pki",
      join(folder, "pki"),
      "--state",
      join(folder, "euicc.json"),
      "--bootstrap",
    ];
    let iccid = "";
    await runWhile(words, async (_ready, modem) => {
      iccid = /"(\d{19})",1/.exec(await modem.ask('AT+QESIM="list"'))?.[1] ?? "";
      await modem.ask(`AT+QESIM="nickname","${iccid}","Gate 7"`);
    });
    const certificate = await readFile(join(folder, "pki", "euicc.der"));
    await runWhile(words, async (_ready, modem) => {
      expect(await modem.ask('AT+QESIM="list"')).toContain(`"${iccid}",1,-1,1,"Gate 7"`);
    });
    expect(await readFile(join(folder, "pki", "euicc.der"))).toEqual(certificate);
  });

  it("plays a scenario by name or from a file, paced and delayed", async () => {
    await runWhile(["--listen", ":0", "--scenario", "no-euicc"], async (_ready, modem) => {
      expect(await modem.ask("AT+CMEE=1;+CPIN?")).toBe("+CME ERROR: 10");
    });
    const file = join(folder, "mine.json");
    await writeFile(file, JSON.stringify({ behaviours: [{ command: "CSQ", do: { kind: "error", number: 30 } }] }));
    const words = ["--listen", ":0", "--scenario", file, "--pace", "115200", "--delay-ms", "5"];
    await runWhile(words, async (_ready, modem) => {
      await modem.ask("AT+CMEE=1");
      expect(await modem.ask("AT+CSQ")).toBe("+CME ERROR: 30");
      expect(await modem.ask("AT+IPR?")).toBe("+IPR: 115200|OK");
    });
  });

  it("lists its dialects and scenarios in the help", () => {
    const help = commandHelp(fakeModemCommand);
    for (const name of [...Object.keys(builtInScenarios), "quectel-iccid", "quectel-nwmode"])
      expect(help).toContain(name);
  });

  it.each([
    [["--link", "/x", "--listen", ":0"], "usage"],
    [["--pace", "fast"], "usage"],
    [["--delay-ms", "1.5"], "usage"],
    [["--log-level", "loud"], "usage"],
    [["--listen", "7000"], "bad_input"],
    [["--listen", ":0", "--dialect", "hayes"], "bad_input"],
    [["--listen", ":0", "--eid", "123"], "bad_eid"],
    [["--listen", ":0", "--scenario", "nonsense"], "scenario_invalid"],
    [["--listen", ":0", "--smdp-roots", "/no/such/folder"], "bad_input"],
    [["--listen", ":0", "--state", "/no/such/folder/state"], "bad_input"],
    [["--link", "/no/such/folder/link"], "bad_input"],
  ])("refuses %j with %s", async (words, code) => {
    const { context } = testContext();
    const args = parseArguments(fakeModemCommand, words);
    await expect(fakeModemCommand.run(context, args)).rejects.toMatchObject({ code });
  });
});
