import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { encodeTranscriptLine, parseTranscript } from "../../src/at/transcript/format.js";
import { systemClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { main } from "../../src/commands/main.js";
import { fakeDialectNames } from "../../src/emulator/modem/dialects/index.js";
import { startFakeModem } from "../../src/emulator/modem/fake-modem.js";
import { loadTranscript, startReplay } from "../../src/emulator/modem/replay.js";
import { createPki } from "../../src/emulator/pki/pki.js";
import { testContext } from "../commands/test-context.js";

/**
 * A transcript stands for the modem that it was recorded from: `esimd probe` finds the same on both, each on a pseudo-terminal.
 * `ESIMD_TRANSCRIPTS=write npx vitest run test/at/transcripts.test.ts` records test/transcripts anew from the emulated modems.
 */

const kept = join(import.meta.dirname, "../transcripts");
const findingsFile = "findings.json";
const writes = process.env["ESIMD_TRANSCRIPTS"] === "write";

const findingsSchema = z.record(z.string(), z.unknown());
type Findings = z.output<typeof findingsSchema>;

const pki = createPki();
let folder = "";
const recorded: Record<string, Lasting> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "esimd-transcripts-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  if (!writes) return;
  // Those from the field stay.
  const all = { ...(await keptFindings()), ...recorded };
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFile(join(kept, findingsFile), `${JSON.stringify(sorted, undefined, 2)}\n`);
});

async function probe(port: string, ...words: readonly string[]): Promise<Findings> {
  const test = testContext();
  await main(["probe", "--port", port, "--json", ...words], { ...test.context, clock: systemClock });
  return findingsSchema.parse(test.result());
}

/** What must be the same on the modem and on its transcript: all but the port, and of identifiers the length. */
function withoutIdentity({ port: _port, ...rest }: Findings): Findings {
  const text = JSON.stringify(rest).replace(/\d{15,32}/g, (digits) => `${digits.length} digits`);
  return findingsSchema.parse(JSON.parse(text.replaceAll(JSON.stringify(_port).slice(1, -1), "PORT")));
}

/** Of the findings what a transcript is kept for, so that probe may learn to tell more without a new recording. */
const lasting = z.object({
  vendor: z.string(),
  model: z.string(),
  revision: z.string(),
  imei: z.string(),
  dialect: z.string(),
  lpa: z.string(),
  eid: z.string().nullable(),
  network: z.object({ registered: z.boolean(), state: z.string() }),
});
type Lasting = z.output<typeof lasting>;

async function keptFindings(): Promise<Record<string, Lasting>> {
  return z.record(z.string(), lasting).parse(JSON.parse(await readFile(join(kept, findingsFile), "utf8")));
}

/** Played to two that ask one after the other, as a modem answers: the second finds what the first did. */
async function probeReplay(file: string, name: string): Promise<{ findings: Findings; unknown: readonly string[] }> {
  const unknown: string[] = [];
  const modem = await startReplay({
    clock: systemClock,
    wire: { kind: "pty", link: join(folder, `${name}-replay`) },
    transcript: await loadTranscript(file),
    timing: 0,
    onUnknown: (line) => unknown.push(line),
  });
  try {
    const findings = await probe(modem.port);
    expect(await probe(modem.port)).toEqual(findings);
    return { findings, unknown };
  } finally {
    await modem.close();
  }
}

describe.each(fakeDialectNames)("a recorded probe of the emulated %s modem", (dialect) => {
  it("is played back, and probe finds the same", async () => {
    const file = join(folder, `${dialect}.jsonl`);
    const modem = await startFakeModem({
      clock: systemClock,
      random: seededRandom(7),
      log: silentLog,
      pki,
      dialect,
      wire: { kind: "pty", link: join(folder, dialect) },
      bootstrap: true,
      world: { simBusyMs: 30, registrationMs: 30 },
    });
    let live: Findings;
    try {
      live = withoutIdentity(await probe(modem.port, "--record", file));
    } finally {
      await modem.close();
    }
    const text = await readFile(file, "utf8");
    expect(text).not.toContain(modem.euicc.eid);
    const { findings, unknown } = await probeReplay(file, dialect);
    expect(unknown).toEqual([]);
    expect(withoutIdentity(findings)).toEqual(live);
    expect(live["vendor"]).toMatch(/./);
    if (writes) {
      recorded[dialect] = lasting.parse(live);
      await writeFile(join(kept, `${dialect}.jsonl`), asKept(text, file));
    }
  }, 30_000);
});

/** The same whenever it is recorded, as far as a header goes, and honest about where it comes from. */
function asKept(text: string, file: string): string {
  const { startedAt: _startedAt, ...header } = parseTranscript(text, file).header;
  return encodeTranscriptLine({ ...header, source: "emulator" }) + text.slice(text.indexOf("\n") + 1);
}

describe.skipIf(writes)("the transcripts that are kept", async () => {
  const names = (await readdir(kept))
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => name.replace(/\.jsonl$/, ""));
  const expected = await keptFindings();

  it("are as many as the findings beside them", () => {
    expect(names.sort()).toEqual(Object.keys(expected).sort());
  });

  it.each(names)("%s: probe finds what it found when it was recorded", async (name) => {
    const { findings } = await probeReplay(join(kept, `${name}.jsonl`), `kept-${name}`);
    expect(lasting.parse(withoutIdentity(findings))).toEqual(expected[name]);
  });
});
