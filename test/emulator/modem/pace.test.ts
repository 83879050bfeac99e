import { describe, expect, it } from "vitest";
import { type Clock, sleep, VirtualClock } from "../../../src/base/clock.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { startFakeModem } from "../../../src/emulator/modem/fake-modem.js";
import { openMemoryWire } from "../../../src/emulator/modem/transport/memory.js";
import { createPki } from "../../../src/emulator/pki/pki.js";

/** A paced modem takes the time of its line: ten bits a byte in both directions, and its delay before every answer. */

const pki = createPki();
const never = new AbortController().signal;

interface Slowness {
  readonly paceBaud?: number;
  readonly delayMs?: number;
}

/** When the last byte of the answers to these lines was across, each line sent once the one before was answered. */
async function answeredAtMs(slowness: Slowness, lines: readonly string[], timers?: (clock: Clock) => Clock) {
  const virtual = new VirtualClock();
  const clock = timers === undefined ? virtual : timers(virtual);
  const wire = openMemoryWire();
  const parts = { clock, random: seededRandom(1), log: silentLog, pki };
  const modem = await startFakeModem({ ...parts, wire: { kind: "memory", wire }, dialect: "etsi-apdu", ...slowness });
  const port = await wire.openPort("memory", never);
  let heard = "";
  port.onData((bytes) => {
    heard += Buffer.from(bytes).toString("latin1");
  });
  const answered = async (): Promise<void> => {
    while (!heard.endsWith("\r\nOK\r\n")) await sleep(virtual, 0.01);
  };
  const atMs: number[] = [];
  for (const line of lines) {
    heard = "";
    await port.write(Buffer.from(`${line}\r`));
    await virtual.runUntil(answered());
    atMs.push(virtual.monotonicMs());
  }
  await port.close();
  await modem.close();
  return { atMs, heard };
}

/** As Node's timers: whole milliseconds, and late. */
const coarse = (clock: Clock): Clock => ({
  nowMs: () => clock.nowMs(),
  monotonicMs: () => clock.monotonicMs(),
  setTimer: (delayMs, fire) => clock.setTimer(Math.floor(delayMs) + 0.9, fire),
});

describe("a paced modem", () => {
  it("answers when every byte of the line and of its answer has had its time", async () => {
    // 4800 baud are 480 bytes a second. ATE0, its CR, its echo beside it, and the six bytes of OK; then AT and its CR.
    const { atMs } = await answeredAtMs({ paceBaud: 4_800 }, ["ATE0", "AT"]);
    const byteMs = 10_000 / 4_800;
    expect(atMs[0]).toBeCloseTo((5 + 6) * byteMs, 0);
    expect((atMs[1] ?? 0) - (atMs[0] ?? 0)).toBeCloseTo((3 + 6) * byteMs, 0);
  });

  it("waits its delay between the last byte of a line and the first of its answer", async () => {
    const { atMs } = await answeredAtMs({ paceBaud: 115_200, delayMs: 50 }, ["ATE0", "AT"]);
    expect((atMs[1] ?? 0) - (atMs[0] ?? 0)).toBeCloseTo(50 + (9 * 10_000) / 115_200, 1);
    const alone = await answeredAtMs({ delayMs: 50 }, ["ATE0", "AT"]);
    expect((alone.atMs[1] ?? 0) - (alone.atMs[0] ?? 0)).toBeCloseTo(50, 1);
  });

  it("is never early for coarse timers, and late by one of them at most, however long the answer", async () => {
    const lines = ["ATE0", "AT+CGMI;+CGMM;+CGMR;+CGSN"];
    const exact = await answeredAtMs({ paceBaud: 9_600, delayMs: 3 }, lines);
    const late = await answeredAtMs({ paceBaud: 9_600, delayMs: 3 }, lines, coarse);
    expect(exact.heard.length).toBeGreaterThan(40);
    const [begin = 0, end = 0] = exact.atMs;
    const [lateBegin = 0, lateEnd = 0] = late.atMs;
    const beyondMs = lateEnd - lateBegin - (end - begin);
    expect(beyondMs).toBeGreaterThan(-0.1);
    expect(beyondMs).toBeLessThan(2);
  });
});
