import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { connectModem } from "../../src/daemon/modem-session.js";
import type { World } from "../../src/emulator/modem/world-options.js";
import { byHand, listed } from "./by-hand.js";
import { configured, endOf, endsAs, impatient, provisioned } from "./conditions.js";
import type { Field, FieldOptions } from "./field.js";
import { hurriedClock } from "./hurried-clock.js";
import { inField } from "./in-field.js";
import { type RewrittenLine, startRewrittenLine } from "./rewritten-line.js";

/** How firmware spells its answers where TS 27.007 would have it otherwise, each as reported in the field. */

type Dialect = NonNullable<FieldOptions["dialect"]>;

/** As in field.ts. */
const quick = { simBusyMs: 150, registrationMs: 200 };

function modemWith(dialect: Dialect, world: Partial<World> = {}, more: FieldOptions = {}): FieldOptions {
  return { dialect, lpa: "auto", ...more, world: { modemWorld: { ...quick, ...world }, ...more.world } };
}

function lines(field: Field, from: "host" | "modem", pattern: RegExp): readonly string[] {
  return field.world.modem.transcript
    .filter((line) => line.from === from && pattern.test(line.text))
    .map(({ text }) => text);
}

/** With another tool, which leaves the line as it is. */
async function tell(field: Field, text: string): Promise<void> {
  const { signal } = new AbortController();
  const parts = { clock: systemClock, random: seededRandom(1), log: silentLog, wakeMs: 10_000 };
  const { channel } = await connectModem(field.world.port, parts, signal);
  await channel.execute({ text, answer: { kind: "none" }, timeoutMs: 5_000 }, signal);
  await channel.close();
}

async function isProvisioned(field: Field, words: readonly string[] = []): Promise<void> {
  expect(endOf(await field.provision([...(await configured(field)), ...words]))).toEqual(provisioned);
  expect(field.charges()).toBe(1);
}

describe.concurrent("test forms", () => {
  it("of card commands are never asked: they fail or are silent where the command works (lpac #300, pull requests 139 and 442)", () =>
    inField(modemWith("fibocom-mtk", { isdrWindow: { opensMs: 0, closesMs: 3_600_000 } }), async (field) => {
      await isProvisioned(field);
      expect(lines(field, "host", /^AT\+(CCHO|CCHC|CGLA|CSIM)=\?/)).toEqual([]);
    }));

  it("that nothing answers are no sign of a family, and no hang (as FM350 leaves them, lpac pull request 442)", () => {
    const modem = { behaviours: [{ command: "=\\?$", do: { kind: "silence" } } as const] };
    return inField(modemWith("etsi-apdu", {}, { modem, clock: hurriedClock(8) }), async (field) => {
      await isProvisioned(field);
      expect(lines(field, "host", /^AT\+QESIM=\?/).length).toBeGreaterThan(0);
    });
  });
});

describe.concurrent("lines that are spelt otherwise", () => {
  it.each<[string, (line: string) => string]>([
    ["AT+CCHO answers a bare number (lpac #179, #445)", (line) => line.replace(/^\+CCHO: /, "")],
    ["AT+CCHO answers in quotes", (line) => line.replace(/^\+CCHO: (\d+)/, '+CCHO: "$1"')],
    [
      "AT+CGLA answers without quotes and without a space (lpac pull request 238)",
      (line) => line.replace(/^\+CGLA: (\d+),"(\w+)"/, "+CGLA:$1,$2"),
    ],
    [
      "AT+CGLA answers with a space on either side of its colon and its comma, in small letters",
      (line) => line.replace(/^\+CGLA: (\d+),"(\w+)"/, (_, length, hex) => `+CGLA : ${length}, "${hex.toLowerCase()}"`),
    ],
  ])("%s", async (_title, spell) => {
    const dir = await mkdtemp(join(tmpdir(), "esimd-line-"));
    const path = join(dir, "modem.sock");
    let line: RewrittenLine | undefined;
    try {
      const wire = { kind: "socket", listen: { kind: "unix", path } } as const;
      await inField(modemWith("etsi-apdu", {}, { world: { wire } }), async (field) => {
        line = await startRewrittenLine(path, spell);
        await isProvisioned(field, ["--port", line.port]);
        // Nothing went by the other way.
        expect(lines(field, "host", /^AT\+CSIM=/)).toEqual([]);
      });
    } finally {
      await line?.close();
      await rm(dir, { recursive: true, force: true });
    }
  });

  it("what is sent to the card stands between quotes, in capitals (ddimension/wwand sim.uc; lpac #428)", () =>
    inField(modemWith("etsi-apdu"), async (field) => {
      await isProvisioned(field);
      const sent = lines(field, "host", /^AT\+CGLA=/);
      expect(sent.length).toBeGreaterThan(20);
      expect(sent.filter((text) => !/^AT\+CGLA=\d+,\d+,"[0-9A-F]+"$/.test(text))).toEqual([]);
    }));

  it.each(["lf", "cr", "crcrlf", "behind"] as const)(
    "lines end in another way: %s (V.250 5.7.1 has CR LF)",
    (lineEnds) => inField(modemWith("etsi-apdu", { lineEnds }), (field) => isProvisioned(field)),
  );
});

describe.concurrent("echoes", () => {
  /** The host cannot switch the echo off. */
  const echoing = { behaviours: [{ command: "^ATE0", do: { kind: "error" } } as const] };

  it.each([
    ["fibocom-mtk", { vendor: "Fibocom Wireless Inc.", model: "FM350-GL" }, 0],
    ["fibocom-mtk", { vendor: "Fibocom Wireless Inc.", model: "FM350-GL" }, 1],
    // Where answers have no prefix an echo is hardest to tell.
    ["quectel-iccid", { vendor: "Quectel", model: "EC25" }, 0],
    ["quectel-iccid", { vendor: "Quectel", model: "EC25" }, 1],
    ["quectel-iccid", { vendor: "Quectel", model: "EC25" }, 3],
  ] as const)("that stay on are no answers: %s, %o, with %i characters lost (`T+CCHC=1`, lpac #179)", (...row) => {
    const [dialect, identity, partialEcho] = row;
    const isdrWindow = { opensMs: 0, closesMs: 3_600_000 };
    return inField(modemWith(dialect, { partialEcho, isdrWindow }, { modem: echoing }), async (field) => {
      const ended = await field.provision(await configured(field));
      expect(endOf(ended)).toEqual(provisioned);
      expect(ended.report().modem).toMatchObject({ ...identity, dialect, lpa: "host" });
      expect(lines(field, "modem", /^A?T?\+?CGLA=/).length).toBeGreaterThan(0);
    });
  });

  it("that stay on do not spoil the relay of a modem's HTTPS", () =>
    inField(modemWith("quectel-iccid", {}, { modem: echoing, lpa: "modem" }), (field) => isProvisioned(field)));
});

describe.concurrent("errors", () => {
  it("in the maker's words are understood where numbers are refused: a SIM that is busy is waited for (EM9191, lpac #187)", () => {
    const modem: FieldOptions["modem"] = {
      behaviours: [
        { command: "CMEE=1", do: { kind: "error" } },
        { command: "CCHO=", times: 3, do: { kind: "busy" } },
      ],
    };
    return inField(modemWith("etsi-apdu", { cmeWords: "other" }, { modem, clock: hurriedClock(4) }), async (field) => {
      // Another tool left the modem with words.
      await tell(field, "AT+CMEE=2");
      await isProvisioned(field);
      expect(lines(field, "modem", /CME ERROR: \(U\)SIM busy/).length).toBeGreaterThan(3);
      // Taken for refused, it would have gone another way.
      expect(lines(field, "host", /^AT\+CSIM=/)).toEqual([]);
    });
  });

  it("by +CME ERROR end a command at once, though only ERROR was to be expected (lpac driver/apdu/at_cmd_unix.c waits for ever)", () =>
    inField(modemWith("simcom", { cardAccess: "csim" }), async (field) => {
      await isProvisioned(field);
      expect(lines(field, "modem", /\+CME ERROR: 4/).length).toBeGreaterThan(0);
    }));

  it("while a SIM starts are 10 and 13, too, and the profile is waited for all the same (TS 27.007 9.2.1)", () =>
    inField(
      modemWith("etsi-apdu", { simBusyMs: 1_200, simBusyErrors: [10, 13, 14] }, { clock: hurriedClock(4) }),
      async (field) => {
        await isProvisioned(field);
        expect(lines(field, "modem", /\+CME ERROR: 1[03]/).length).toBeGreaterThan(0);
        // None of them is taken for a SIM that needs a restart.
        expect(lines(field, "host", /CFUN=/)).toEqual([]);
      },
    ));
});

describe.concurrent("an answer of more than 1 kB", () => {
  it("is read whole: fourteen profiles in one AT+CGLA (lpac pull request 129, on RM520)", () =>
    inField(modemWith("quectel-index", { extraProfiles: 14 }), async (field) => {
      const changes = { modem: { take_isdr: true, ...(await impatient(field, 300)) } };
      const words = ["--lpa", "host", ...(await configured(field, changes))];
      expect((await listed(field, words)).profiles).toHaveLength(14);
      expect(lines(field, "modem", /^\s*\+CGLA: \d{4}/).length).toBeGreaterThan(0);
    }));

  it("is read line by line from a modem's own LPA", () =>
    inField(modemWith("quectel-iccid", { extraProfiles: 14 }, { lpa: "modem" }), async (field) => {
      await isProvisioned(field, ["--lpa", "modem"]);
      const { profiles } = await listed(field, ["--lpa", "modem", ...(await configured(field))]);
      expect(profiles).toHaveLength(15);
    }));
});

describe.concurrent("+CME ERROR: 3 to what leads to the card", () => {
  it("is a setting inside the modem: who must act is said, and nothing is paid (lpac docs/backends/at.md)", () =>
    inField(modemWith("etsi-apdu", {}, { modem: "device-settings" }), async (field) => {
      const ended = await field.provision(await configured(field));
      expect(endOf(ended)).toEqual(endsAs(69, "failed", "modem_refused"));
      const { error } = ended.report();
      expect(error?.message).toContain("+CME ERROR: 3 (operation not allowed): a setting inside the modem");
      expect(error?.hint).toContain("device internal settings: ask the modem's vendor (FAE)");
      expect(field.charges()).toBe(0);
      const probe = await byHand(field, ["probe"]);
      expect(probe.stdout).toContain("device internal settings");
    }));

  it("is told also where a channel opens and takes no APDU", () => {
    const modem = { behaviours: [{ command: "CGLA=", do: { kind: "error", number: 3 } } as const] };
    return inField(modemWith("etsi-apdu", {}, { modem }), async (field) => {
      const ended = await field.provision(await configured(field));
      expect(endOf(ended)).toEqual(endsAs(69, "failed", "modem_refused"));
      expect(ended.report().error?.hint).toContain("device internal settings");
    });
  });

  it("does not keep the modem's own LPA from its work", () =>
    inField(modemWith("quectel-iccid", {}, { modem: "device-settings" }), async (field) => {
      const ended = await field.provision(await configured(field));
      expect(endOf(ended)).toEqual(provisioned);
      expect(ended.report().modem.lpa).toBe("modem-relay");
    }));
});
