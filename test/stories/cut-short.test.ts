import { existsSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { EsimdError } from "../../src/base/errors.js";
import type { ScenarioInput } from "../../src/emulator/modem/scenario.js";
import { realHost } from "../../src/serial/host-roots.js";
import { until } from "./conditions.js";
import type { Field } from "./field.js";
import { inField } from "./in-field.js";

/** A command that is cut off leaves modem and port as it found them: a card has three channels, and a lock file names a process. */

function sent(field: Field, start: string): number {
  return field.world.modem.transcript.filter(({ from, text }) => from === "host" && text.startsWith(start)).length;
}

/** Cut off while the modem works on the `nth` command of a name, which takes it this long. */
async function cutAt(field: Field, words: readonly string[], command: string, nth: number): Promise<void> {
  const stop = new AbortController();
  const ended = field.esimd([...words, "--port", field.world.port, "--json"], {}, stop.signal);
  await until(() => sent(field, `AT+${command}`) === nth, `the ${nth}. ${command} of ${words.join(" ")}`);
  stop.abort(new EsimdError("deadline", "the story's deadline"));
  await ended;
}

const late = { kind: "late", ms: 500 } as const;

describe.concurrent("a command that is cut off while it talks to the card", () => {
  it.each([
    [["probe"], "CGLA", 1],
    [["probe"], "CGLA", 2],
    [["probe"], "CCHO", 2],
    [["profile", "list", "--lpa", "host"], "CGLA", 1],
    [["doctor"], "CGLA", 1],
    [["doctor"], "CGLA", 3],
    [["provision", "--lpa", "host"], "CGLA", 1],
    [["provision", "--lpa", "host"], "CCHO", 2],
  ] as const)("leaves no channel open: %j at %s %i", (words, command, nth) => {
    const modem: ScenarioInput = { behaviours: [{ command, nth, do: late }] };
    return inField({ dialect: "etsi-apdu", lpa: "host", modem }, async (field) => {
      await cutAt(field, words, command, nth);
      expect(sent(field, "AT+CCHC")).toBe(sent(field, "AT+CCHO"));
    });
  });
});

describe.concurrent("a command that is cut off while it waits for a modem", () => {
  it.each(["doctor", "provision", "probe"])("leaves no lock file: %s", async (name) => {
    const run = await mkdtemp(join(tmpdir(), "esimd-run-"));
    await mkdir(join(run, "lock"));
    const modem: ScenarioInput = { behaviours: [{ do: { kind: "silence" } }] };
    try {
      await inField({ dialect: "etsi-apdu", modem, host: { ...realHost, run } }, async (field) => {
        const lock = join(run, "lock", `LCK..${basename(realpathSync(field.world.port))}`);
        const stop = new AbortController();
        const ended = field.esimd([name, "--port", field.world.port, "--json"], {}, stop.signal);
        await until(() => existsSync(lock), "the port is open");
        stop.abort(new EsimdError("deadline", "the story's deadline"));
        await ended;
        expect(existsSync(lock)).toBe(false);
      });
    } finally {
      await rm(run, { recursive: true });
    }
  });
});
