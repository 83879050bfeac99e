import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  encodeTranscriptLine,
  parseTranscript,
  type TranscriptEntry,
  type TranscriptFile,
} from "../../../src/at/transcript/format.js";
import { systemClock } from "../../../src/base/clock.js";
import { parseArguments } from "../../../src/commands/arguments.js";
import { fakeModemCommand } from "../../../src/commands/fake-modem.js";
import { exchangesOf, ReplayCursor, startReplay } from "../../../src/emulator/modem/replay.js";
import { testContext } from "../../commands/test-context.js";
import { AtClient } from "./at-client.js";

/** A modem that answers from a transcript: in order, and never more than was recorded. */

const host = (atMs: number, text: string): TranscriptEntry => ({ atMs, from: "host", text });
const modem = (atMs: number, text: string): TranscriptEntry => ({ atMs, from: "modem", text });

const entries: readonly TranscriptEntry[] = [
  { atMs: 0, port: "opened" },
  modem(0, "\r\nRDY\r\n"),
  host(10, "AT\r"),
  modem(20, "AT\r\r\nOK\r\n"),
  host(30, "ATE0\r"),
  modem(40, "ATE0\r\r\nOK\r\n"),
  host(50, "AT+CEREG?\r\n"),
  modem(60, "\r\n+CEREG: 0,2\r\n\r\nOK\r\n"),
  host(70, 'AT+CCHO="A0'),
  host(75, '"\r'),
  modem(370, "\r\n+CC"),
  modem(380, "HO: 1\r\n\r\nOK\r\n"),
  modem(400, "\r\n+QIND: 1\r\n"),
  host(500, "AT+CEREG?\r"),
  modem(510, "\r\n+CEREG: 0,5\r\n\r\nOK\r\n"),
  host(520, "AT+CSQ\r"),
  host(5_520, "AT+CGMM\r"),
  modem(5_530, "\r\nM\xe4\r\n\r\nOK\r\n"),
];
const transcript: TranscriptFile = {
  header: { schema: "esimd.transcript/1", madeBy: "esimd 1.0.0", source: "hardware", port: "tty" },
  entries,
  footer: undefined,
};

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "esimd-replay-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function replayed(
  work: (client: AtClient, unknown: readonly string[]) => Promise<void>,
  options: { readonly kind?: "pty" | "socket"; readonly timing?: number } = {},
): Promise<void> {
  const unknown: string[] = [];
  const replay = await startReplay({
    clock: systemClock,
    wire:
      options.kind === "socket"
        ? { kind: "socket", listen: { kind: "unix", path: join(folder, "modem") } }
        : { kind: "pty", link: join(folder, "modem") },
    transcript,
    timing: options.timing ?? 0,
    onUnknown: (line) => unknown.push(line),
  });
  const client = await AtClient.open(replay.port);
  try {
    await work(client, unknown);
  } finally {
    await client.close();
    await replay.close();
  }
}

describe.each(["pty", "socket"] as const)("a modem that answers from a transcript, on a %s", (kind) => {
  it("says what was recorded: echo, framing, URCs behind the answer that they followed", () =>
    replayed(
      async (client, unknown) => {
        await client.ask("AT");
        expect(client.lines).toEqual(["RDY", "AT", "OK"]);
        await client.ask("ATE0");
        expect(await client.ask("AT+CEREG?")).toBe("+CEREG: 0,2|OK");
        expect(await client.ask('AT+CCHO="A0"')).toBe("+CCHO: 1|OK");
        await client.line(/^\+QIND: 1$/);
        expect(await client.ask("AT+CEREG?")).toBe("+CEREG: 0,5|OK");
        expect(await client.ask("AT+CGMM")).toBe("M\xe4|OK");
        expect(unknown).toEqual([]);
      },
      { kind },
    ));
});

describe("another order than the recorded one", () => {
  it("gets the next answer of the same command, then the last one again", () =>
    replayed(async (client) => {
      expect(await client.ask("AT+CGMM")).toContain("OK");
      // Both are behind us: the later one is the modem's last word.
      expect(await client.ask("AT+CEREG?")).toBe("+CEREG: 0,5|OK");
      expect(await client.ask("AT+CEREG?")).toBe("+CEREG: 0,5|OK");
    }));

  it("skips to where a command was recorded", () =>
    replayed(async (client) => {
      expect(await client.ask("at+cereg?")).toContain("+CEREG: 0,2");
      expect(await client.ask("AT+CEREG?")).toContain("+CEREG: 0,5");
    }));

  it("refuses what was never recorded, and says so", () =>
    replayed(async (client, unknown) => {
      expect(await client.ask("AT+CIMI")).toContain("ERROR");
      expect(await client.ask('AT+CCHO="a0"')).toBe("ERROR");
      expect(await client.ask("AT+CMEE=1")).toBe("ERROR");
      expect(unknown).toEqual(["AT+CIMI", 'AT+CCHO="a0"', "AT+CMEE=1"]);
    }));

  it("begins anew with what a host says first", () =>
    replayed(async (client) => {
      for (const round of [1, 2]) {
        await client.ask("AT");
        expect(await client.ask("AT+CEREG?"), `round ${round}`).toBe("+CEREG: 0,2|OK");
        expect(await client.ask("AT+CEREG?"), `round ${round}`).toContain("+CEREG: 0,5|OK");
      }
    }));

  it("knows what is said on a channel by what is said, since a modem numbers its channels as it likes", () => {
    const command = (atMs: number, text: string, answer: string): readonly TranscriptEntry[] => [
      host(atMs, `${text}\r`),
      modem(atMs, answer),
    ];
    const recorded = [
      command(0, 'AT+CCHO="A0"', "+CCHO: 1"),
      command(1, 'AT+CGLA=1,10,"80C0000015"', "+CGLA: first"),
      command(2, "AT+CCHC=1", "closed 1"),
      command(3, 'AT+CCHO="A0"', "+CCHO: 000385a7"),
      command(4, 'AT+CGLA=000385A7,10,"80C0000015"', "+CGLA: second"),
      command(5, "AT+CCHC=000385A7", "closed 2"),
    ].flat();
    const cursor = new ReplayCursor(exchangesOf(recorded).slice(1));
    const said = (line: string): unknown => cursor.next(line)?.pieces[0]?.text;
    expect(said('AT+CGLA=9,10,"80C0000015"')).toBe("+CGLA: first");
    expect(said('AT+CGLA=1,10,"80C0000015"')).toBe("+CGLA: second");
    expect(said('AT+CGLA=1,10,"80C0000016"')).toBeUndefined();
    expect(said("AT+CCHC=1")).toBe("closed 2");
    cursor.rewind();
    expect(said("AT+CCHC=000385a7")).toBe("closed 1");
  });

  it("is silent where the modem was", () =>
    replayed(async (client) => {
      client.write("AT+CSQ\r");
      expect(await client.ask("AT+CGMM")).toBe("RDY|M\xe4|OK");
    }));
});

it("takes the recorded time when it is told to", () =>
  replayed(
    async (client) => {
      await client.ask("AT");
      const startMs = systemClock.monotonicMs();
      await client.ask('AT+CCHO="A0"');
      expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(145);
    },
    { timing: 0.5 },
  ));

describe("esimd fake-modem --replay", () => {
  const readySchema = z.strictObject({ port: z.string(), replay: z.string(), recordedCommands: z.number() });

  it("serves the transcript until it is stopped, and tells of commands that are not in it", async () => {
    const file = join(folder, "field.jsonl");
    await writeFile(file, [transcript.header, ...entries].map(encodeTranscriptLine).join(""));
    expect(
      parseTranscript([transcript.header, ...entries].map(encodeTranscriptLine).join(""), file).entries,
    ).toHaveLength(entries.length);
    const test = testContext();
    const args = parseArguments(fakeModemCommand, ["--replay", file, "--link", join(folder, "modem")]);
    const running = fakeModemCommand.run({ ...test.context, clock: systemClock }, args);
    while (test.stdout() === "") await Promise.race([running, new Promise(setImmediate)]);
    const ready = readySchema.parse(test.result());
    expect(ready).toEqual({ port: join(folder, "modem"), replay: file, recordedCommands: 7 });
    const client = await AtClient.open(ready.port);
    expect(await client.ask("AT+CGMM")).toContain("OK");
    expect(await client.ask("AT+CIMI")).toBe("ERROR");
    await client.close();
    test.abort(new Error("SIGTERM"));
    expect(await running).toBe(0);
    expect(test.stderr()).toContain('"AT+CIMI" is not in the transcript and gets ERROR (1 so far)');
  });

  it.each([
    [["--replay", "/no/such/file"], "transcript_invalid"],
    [["--replay", "/dev/null"], "transcript_invalid"],
    [["--replay", "x", "--dialect", "sierra"], "usage"],
    [["--replay", "x", "--replay-timing", "slow"], "transcript_invalid"],
  ])("refuses %j with %s", async (words, code) => {
    const { context } = testContext();
    const args = parseArguments(fakeModemCommand, words);
    await expect(fakeModemCommand.run(context, args)).rejects.toMatchObject({ code });
  });
});
