import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../src/base/clock.js";
import { type Eid, parseEid } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { main } from "../../src/commands/main.js";
import type { LedgerFact } from "../../src/provision/ledger.js";
import { realDisk } from "../../src/provision/store/disk.js";
import { realProcesses } from "../../src/provision/store/lock.js";
import { openStore } from "../../src/provision/store/store.js";
import { testContext } from "./test-context.js";

/** `esimd reservation` without a modem and without a provider: what it takes, and what it shows of the ledgers. */

const eid = parseEid("89049032123451234512345678901235", "the test");
const other = parseEid("89049032000001000000000000000074", "the test");
let stateDir: string;

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "esimd-reservation-"));
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

async function record(of: Eid, ...facts: readonly LedgerFact[]): Promise<void> {
  const clock = new VirtualClock();
  const store = await openStore(stateDir, of, { disk: realDisk, processes: realProcesses, clock, log: silentLog });
  for (const fact of facts) await store.record(fact);
  await store.saveJournal({ reservationSid: "HP2" });
  await store.close();
}

async function run(...words: readonly string[]) {
  const test = testContext({ env: { ESIMD_STATE_DIR: stateDir, ESIMD_PROVIDER: "none" } });
  const status = await main(["reservation", ...words], test.context);
  return { status, stdout: test.stdout(), stderr: test.stderr() };
}

const facts: readonly LedgerFact[] = [
  { kind: "intent", id: "i1", method: "eid", why: "the world shows no reservation" },
  { kind: "created", id: "i1", sid: "HP1" },
  { kind: "charged", sid: "HP1" },
  { kind: "burned", sid: "HP1", why: "install error 7" },
  { kind: "released", sid: "HP1", by: "person", why: "the provider refunds it" },
  { kind: "intent", id: "i2", method: "eid", why: "a person gave up an earlier one" },
  { kind: "created", id: "i2", sid: "HP2" },
  { kind: "intent", id: "i3", method: "activation-code", why: "test" },
  { kind: "unclear", id: "i3" },
];

describe("esimd reservation", () => {
  it.each([
    [[], "say what to do: list, adopt, release, rebuild"],
    [["buy"], 'there is no "buy"'],
    [["list", "HP1"], "nothing must stand behind it"],
    [["adopt"], "SID must stand behind it"],
    [["release", "HP1", "HP2"], "ID must stand behind it"],
    [["release", "HP1", "--why", "x".repeat(501)], "--why has 501 characters"],
    [["release", "HP1"], "knows no eUICC yet"],
    [["adopt", "HP1"], "knows no eUICC yet"],
  ])("%j is refused", async (words, sentence) => {
    const ended = await run(...words);
    expect(ended).toMatchObject({ status: 64, stdout: "" });
    expect(ended.stderr).toContain(sentence);
  });

  it("wants to know which eUICC is meant, where there is more than one", async () => {
    await record(eid, ...facts);
    await record(other, ...facts);
    const ended = await run("release", "HP1", "--confirm", "HP1");
    expect(ended.status).toBe(64);
    expect(ended.stderr).toContain("--eid");
  });

  it("takes no EID that is none", async () => {
    expect(await run("list", "--eid", "1234")).toMatchObject({ status: 65, stdout: "" });
  });

  it("shows every charge with when, how it ended and why, and what is left of the budget", async () => {
    await record(eid, ...facts);
    const { stdout, status } = await run("list", "--offline");
    expect(status).toBe(0);
    const at = "1970-01-01T00:00:00.000Z";
    const lines = stdout
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, at)
      .split("\n")
      .map((text) => text.replace(/ {2,}/g, " | "));
    expect(lines).toEqual([
      `eUICC ${eid}: spent 3 of 3, left 0`,
      "WHEN | WHAT | LEDGER | PROVIDER | WHY",
      `${at} | HP1 | given up by a person (the provider refunds it) | - | the world shows no reservation`,
      `${at} | HP2 * | reserved | - | a person gave up an earlier one`,
      `${at} | POST i3 | unclear | - | test`,
      "* what this eUICC works on",
      `next: esimd reservation adopt SID --eid ${eid}, or esimd reservation release i3 --eid ${eid}`,
      "",
      "the provider was not asked (--offline)",
      "",
    ]);
  });

  it("shows one eUICC of several, and one of which nothing is known", async () => {
    await record(eid, ...facts);
    await record(other, ...facts);
    expect((await run("list", "--offline")).stdout.match(/^eUICC /gm)).toHaveLength(2);
    expect((await run("list", "--offline", "--eid", other)).stdout.match(/^eUICC \d+/gm)).toEqual([`eUICC ${other}`]);
    await rm(join(stateDir, "euicc"), { recursive: true });
    expect((await run("list", "--offline", "--eid", eid)).stdout).toContain(`eUICC ${eid}: spent 0 of 1, left 1`);
    expect((await run("list", "--offline")).stdout).toContain("knows no eUICC");
  });

  it("adopts nothing without a provider to fetch it from", async () => {
    await record(eid, ...facts);
    const ended = await run("adopt", "HP3");
    expect(ended.status).toBe(78);
    expect(ended.stderr).toContain("provider none has no API");
  });
});
