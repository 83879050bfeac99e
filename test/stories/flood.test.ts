import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.js";
import type { ErrorCode } from "../../src/base/errors.js";
import { configured } from "./conditions.js";
import { byModem, inField } from "./in-field.js";
import { intercept } from "./intercepted.js";

/** A modem that says far too much: a clear error within the deadline, and memory that does not grow with what is said. */

interface Flood {
  /** Said in answer to the command for the profiles. */
  readonly say: () => Iterable<string>;
  readonly code: ErrorCode;
  readonly status: number;
  readonly message: RegExp;
  readonly withinMs: number;
}

const megabyte = "x".repeat(1 << 20);

const floods: Readonly<Record<string, Flood>> = {
  "with a line of 100 MB": {
    *say() {
      for (let n = 0; n < 100; n++) yield megabyte;
      yield "\r\nOK\r\n";
    },
    code: "modem_protocol",
    status: 76,
    message: /a line longer than any AT answer/,
    withinMs: 20_000,
  },
  "with 5,000 lines": {
    *say() {
      const rows = Array.from(
        { length: 5_000 },
        (_unused, n) => `\r\n"${8_900_000_000_000_000_000n + BigInt(n)}",0\r\n`,
      );
      yield rows.join("");
      yield "\r\nOK\r\n";
    },
    code: "modem_protocol",
    status: 76,
    message: /has more than 1000 lines/,
    withinMs: 10_000,
  },
  "with URCs that never end, and no answer": {
    *say() {
      for (;;) yield "\r\n+CREG: 5\r\n".repeat(50);
    },
    code: "modem_silent",
    status: 69,
    message: /answers nothing since a command timed out/,
    withinMs: 40_000,
  },
};

/** Far less than what is said, far more than a run needs. */
const memoryBytes = 150 * 2 ** 20;

describe("a modem that answers", () => {
  it.each(Object.entries(floods))("%s", { timeout: 180_000 }, (_name, flood) =>
    inField(
      { world: { wire: { kind: "socket", listen: { kind: "tcp", host: "127.0.0.1", port: 0 } } } },
      async (field) => {
        const modem = await intercept(field.world.port, (command) =>
          command.includes('QESIM="list"') ? flood.say() : undefined,
        );
        const peak = watchMemory();
        try {
          const startMs = systemClock.monotonicMs();
          const words = ["--port", modem.port, "--json", ...byModem, ...(await configured(field))];
          const ended = await field.esimd(["provision", ...words]);
          expect(ended).toMatchObject({ status: flood.status });
          expect(systemClock.monotonicMs() - startMs).toBeLessThan(flood.withinMs);
          const { error } = ended.report();
          expect(error).toMatchObject({ code: flood.code, message: expect.stringMatching(flood.message) });
          expect(ended.stdout.length + ended.stderr.length).toBeLessThan(20_000);
          expect(field.charges()).toBe(0);
        } finally {
          const grownBytes = peak.stop();
          await modem.close();
          expect(grownBytes).toBeLessThan(memoryBytes);
        }
      },
    ),
  );
});

/** How far the process grew at most since the call. */
function watchMemory(): { readonly stop: () => number } {
  const startBytes = process.memoryUsage.rss();
  let peakBytes = startBytes;
  let cancel = (): void => undefined;
  const look = (): void => {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
    cancel = systemClock.setTimer(20, look);
  };
  look();
  return {
    stop: () => {
      cancel();
      return peakBytes - startBytes;
    },
  };
}
