import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { asRecord, recordingsAreHere, sharedRsp } from "../support/recordings.js";
import { countTurns, downloadStep, tally } from "./exchanges.js";
import type { Turn } from "./wire-tap.js";

const turn = (sent: string, received: string): Turn => ({ sent: `${sent}\r`, received });
const answered = (line: string): string => `\r\n${line}\r\n\r\nOK\r\n`;

describe("the count of what crossed the line", () => {
  it("names an exchange by the command that it carries, continues or fetches the answer of", () => {
    const counted = countTurns([
      turn('AT+CCHO="A0000005591010FFFFFFFF8900000100"', answered("+CCHO: 1")),
      turn('AT+CGLA=1,16,"80E2910003BF2E00"', answered('+CGLA: 4,"6115"')),
      turn('AT+CGLA=1,10,"80C0000015"', answered('+CGLA: 8,"BF2E9000"')),
      turn('AT+CGLA=1,20,"80E2110005BF38820003"', answered('+CGLA: 4,"9000"')),
      turn('AT+CGLA=1,16,"80E2910103860101"', answered('+CGLA: 4,"9000"')),
      turn('AT+CGLA=1,16,"80E2910003860100"', answered('+CGLA: 4,"9000"')),
      turn('AT+CSIM=10,"0070000001"', answered('+CSIM: 6,"019000"')),
    ]);
    expect(counted.map(({ exchange }) => exchange?.purpose)).toEqual([
      undefined,
      "challenge",
      "challenge",
      "authenticate server",
      "authenticate server",
      "load package",
      "channel",
    ]);
  });

  it("takes the shortest frame of an exchange for its floor, and everything else for more", () => {
    const short = turn('AT+CGLA=1,16,"80E2910003BF2E00"', answered('+CGLA: 4,"6115"'));
    expect(tally(countTurns([short]))).toMatchObject({ exchanges: 1, bytes: 32 + 25, floorBytes: 57, ratio: 1 });
    const echoed = { ...short, received: short.sent + short.received };
    expect(tally(countTurns([echoed]))).toMatchObject({ bytes: 32 + 32 + 25, floorBytes: 57 });
    const urc = { ...short, received: `${short.received}\r\n+CREG: 1\r\n` };
    expect(tally(countTurns([urc]))).toMatchObject({ bytes: 32 + 25 + 12, floorBytes: 57 });
  });

  it.skipIf(!recordingsAreHere).each([
    ["ok-mss255", 83],
    ["ok-mss120", 142],
  ])("gives the recorded download %s of another LPA its %i exchanges (needs ../shared/rsp)", (name, exchanges) => {
    expect(tally(downloadStep(countTurns(recorded(name, "2-download")))).exchanges).toBe(exchanges);
  });
});

function recorded(name: string, step: string): Turn[] {
  const turns: Turn[] = [];
  for (const text of readFileSync(join(sharedRsp, "recordings", `${name}.jsonl`), "utf8").split("\n")) {
    const event = text === "" ? {} : asRecord(JSON.parse(text));
    const { step: of, at, line } = event;
    if (of !== step || typeof line !== "string") continue;
    if (at === "host") turns.push(turn(line, ""));
    const last = turns.at(-1);
    if (at === "modem" && last !== undefined) last.received += `\r\n${line}\r\n`;
  }
  return turns;
}
