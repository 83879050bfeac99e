import { describe, expect, it } from "vitest";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { connectModem } from "../../src/daemon/modem-session.js";
import { type FakeModem, startFakeModem } from "../../src/emulator/modem/fake-modem.js";
import type { WorldInput } from "../../src/emulator/modem/scenario.js";
import { openMemoryWire } from "../../src/emulator/modem/transport/memory.js";
import { createPki } from "../../src/emulator/pki/pki.js";
import type { BaudWish } from "../../src/modem/baud.js";
import type { ModemLine } from "../../src/modem/exchange.js";
import { readIdentity } from "../../src/modem/identity.js";
import type { BytePort } from "../../src/serial/port.js";
import { startEagerClock } from "../support/eager-clock.js";

/** The emulated modem behind a UART, and the line as a run has it. */

const never = new AbortController().signal;

interface Bench {
  readonly modem: FakeModem;
  /** A run's line; `port` is the host's end of it. */
  connect(baud: BaudWish): Promise<{ readonly line: ModemLine; readonly port: BytePort }>;
}

async function atTheBench(
  uart: NonNullable<WorldInput["uart"]>,
  story: (bench: Bench) => Promise<void>,
): Promise<void> {
  const clock = startEagerClock();
  const wire = openMemoryWire();
  const common = { clock, random: seededRandom(7), log: silentLog };
  const scenario = { behaviours: [], world: { uart } };
  const modem = await startFakeModem({ ...common, pki: createPki(), wire: { kind: "memory", wire }, scenario });
  const connect: Bench["connect"] = async (baud) => {
    const port = await wire.openPort("memory", never);
    const parts = { ...common, wakeMs: 5_000, baud, besideEsimd: true as const, open: async () => port };
    return { line: await connectModem("/dev/ttyS1", parts, never), port };
  };
  try {
    await story({ modem, connect });
  } finally {
    await modem.close();
    clock.stop();
  }
}

const rates = [9_600, 115_200, 460_800, 921_600];

describe("the emulated modem behind a UART", () => {
  it("works at its highest rate for a run, and the next host finds it where it was", () =>
    atTheBench({ rates }, async ({ connect }) => {
      const { line } = await connect("auto");
      expect(line.channel.baud).toBe(921_600);
      expect(await readIdentity(line, never)).toMatchObject({ vendor: "Quectel" });
      await line.channel.close();
      const next = await connect("keep");
      expect(next.line.channel.baud).toBe(115_200);
      await next.line.channel.close();
    }));

  it("is found by the run after one that was killed", () =>
    atTheBench({ rates }, async ({ connect }) => {
      const killed = await connect("auto");
      await killed.port.close();
      const { line } = await connect("keep");
      expect(line.channel.baud).toBe(115_200);
      expect(await readIdentity(line, never)).toMatchObject({ vendor: "Quectel" });
      await line.channel.close();
    }));

  it("is lost where the line carries nothing at a rate that both ends take, until its power is cut", () =>
    atTheBench({ rates, cleanUpTo: 460_800 }, async ({ modem, connect }) => {
      await expect(connect("auto")).rejects.toMatchObject({
        code: "modem_silent",
        message: expect.stringMatching(/from \d+ to 921600 baud/),
      });
      await modem.unplug();
      await modem.replug();
      const { line } = await connect(460_800);
      expect(line.channel.baud).toBe(460_800);
      await line.channel.close();
    }));
});
