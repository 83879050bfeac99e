import { describe, expect, it } from "vitest";
import { encodeTranscriptLine, parseTranscript, type TranscriptEntry } from "../../../src/at/transcript/format.js";

const header = encodeTranscriptLine({
  schema: "esimd.transcript/1",
  madeBy: "esimd 1.0.0",
  source: "unknown",
  port: "tty",
});
const entry = (atMs: number, text: string): string => encodeTranscriptLine({ atMs, from: "modem", text });
const end = encodeTranscriptLine({ end: { complete: true, replaced: { eid: 1 }, blanked: 0 } });

describe("a transcript", () => {
  it("keeps every byte, in ASCII", () => {
    const text = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
    const line = entry(7, text);
    expect(line).toMatch(/^[\x20-\x7e]+\n$/);
    const entries: readonly TranscriptEntry[] = [{ atMs: 7, from: "modem", text }];
    expect(parseTranscript(header + line + end, "t").entries).toEqual(entries);
  });

  it("may be cut off: half a line at its end is left out, and it has no footer", () => {
    const cut = header + entry(1, "OK") + entry(2, "OK").slice(0, 12);
    expect(parseTranscript(cut, "t")).toMatchObject({ entries: [{ atMs: 1 }], footer: undefined });
  });

  it.each([
    ["nothing", "", "line 1 is no JSON"],
    ["another file", '{"a":1}\n', "line 1 is no header"],
    ["a later schema", header.replace("transcript/1", "transcript/2"), "schema"],
    ["half a line in its middle", `${header}{"atMs":1,\n${end}`, "line 2 is no JSON"],
    ["an entry of no kind", `${header}{"atMs":1,"said":"OK"}\n`, "line 2 is no entry"],
    ["a character above a byte", `${header}{"atMs":1,"from":"modem","text":"€"}\n`, "line 2 is no entry"],
    ["time that runs back", header + entry(5, "a") + entry(4, "b"), "line 3 is older"],
    ["lines behind its end", header + end + entry(5, "a"), "line 3 stands behind"],
    ["a line without measure", `${header}{"text":"${"x".repeat(500_000)}"}\n`, "line 2 has more than"],
  ])("is refused for %s, with the line and the reason", (_what, text, why) => {
    expect(() => parseTranscript(text, "field.jsonl")).toThrow(expect.objectContaining({ code: "transcript_invalid" }));
    expect(() => parseTranscript(text, "field.jsonl")).toThrow(why);
    expect(() => parseTranscript(text, "field.jsonl")).toThrow("field.jsonl");
  });
});
