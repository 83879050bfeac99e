import { expect, it } from "vitest";
import { transcriptSchemaName } from "../../../src/at/transcript/format.js";
import { createRecording } from "../../../src/at/transcript/recording-port.js";
import { VirtualClock } from "../../../src/base/clock.js";
import { MemoryPort } from "../../support/memory-port.js";

const recordingOf = (lines: string[]) =>
  createRecording({
    clock: new VirtualClock(),
    sink: { append: (line) => lines.push(line), finish: (header) => lines.splice(0, 1, header) },
    madeBy: "esimd 1.0.0",
    sourceOf: (port) => (port.startsWith("/dev/tty") ? "hardware" : "unknown"),
    port: "auto",
  });
const head = (lines: readonly string[]): unknown => JSON.parse(lines[0] ?? "");

it("a transcript is of the port that was opened, whatever --port named, also while it is not finished", async () => {
  const lines: string[] = [];
  const recording = recordingOf(lines);
  const open = recording.wrap(async () => new MemoryPort());
  await open("/dev/ttyUSB2", new AbortController().signal);
  const expected = { schema: transcriptSchemaName, source: "hardware", port: "tty" };
  expect(head(lines)).toMatchObject(expected);
  recording.finish();
  expect(head(lines)).toMatchObject(expected);
});

it("a transcript of which no port was opened has its header all the same", () => {
  const lines: string[] = [];
  recordingOf(lines).finish();
  expect(head(lines)).toMatchObject({ source: "unknown", port: "tty" });
  expect(lines).toHaveLength(2);
});
