import { describe, expect, it } from "vitest";
import type { errorRegistry } from "../../../src/base/error-registry.js";
import { EsimdError } from "../../../src/base/errors.js";
import { groupIn } from "../../../src/daemon/doctor/accounts.js";
import {
  type Check,
  checkNames,
  type Examination,
  found,
  type Outcome,
  skipped,
  well,
} from "../../../src/daemon/doctor/check.js";
import { checks } from "../../../src/daemon/doctor/checks.js";
import { judgeClock } from "../../../src/daemon/doctor/clock.js";
import { diagnosisOf } from "../../../src/daemon/doctor/examine.js";
import { judgeReport } from "../../../src/daemon/doctor/last-run.js";
import { type PermissionFacts, permissionAdvice } from "../../../src/daemon/doctor/permission.js";
import { ledgerTrouble } from "../../../src/daemon/doctor/state.js";
import { judgeDates, judgeKeys } from "../../../src/daemon/doctor/trust.js";
import { emptyJournal } from "../../../src/provision/journal.js";
import type { Report } from "../../../src/report/schema.js";
import { rootWithoutKeyId } from "../../support/root-without-key-id.js";

/** What the doctor makes of what it was told; how it is told is for the stories. */

/** An outcome in short: severity and code of each trouble, or its kind. */
function short(outcome: Outcome): unknown {
  if (outcome.kind !== "found") return outcome.kind;
  return outcome.troubles.map(({ severity, error }) => `${severity} ${error.code}`);
}

const day = 86_400_000;
const now = Date.UTC(2026, 10, 24);

describe("the table of checks", () => {
  it("has each check once, in the order of its names", () => {
    expect(checks.map(({ name }) => name)).toEqual([...checkNames]);
  });

  it("has no check that waits for itself, over whichever others", () => {
    const waitsFor = ({ needs, after }: Check): readonly string[] => [...needs, ...after];
    const settled = new Set<string>();
    for (let round = 0; round < checks.length; round++)
      for (const check of checks) if (waitsFor(check).every((name) => settled.has(name))) settled.add(check.name);
    expect(checks.map(({ name }) => name).filter((name) => !settled.has(name))).toEqual([]);
  });

  it("keeps what is asked of the modem in a row, since one line carries one command at a time", () => {
    const onModem = ["modem", "dialect", "sim", "euicc", "lpa"] as const;
    for (const [at, name] of onModem.entries()) {
      const before = onModem[at - 1];
      const check = checks.find((one) => one.name === name);
      if (before !== undefined) expect([...(check?.needs ?? []), ...(check?.after ?? [])]).toContain(before);
    }
  });
});

describe("the exit status", () => {
  const warning = found(new EsimdError("no_stock", "none"), "warning");
  it.each([
    ["nothing found", [well(), skipped("why")], 0],
    ["warnings alone", [well(), warning], 0],
    [
      "the first error's",
      [warning, found(new EsimdError("disk_full", "full")), found(new EsimdError("wrong_port", "it"))],
      74,
    ],
  ])("%s", (_name, outcomes, status) => {
    const examined = outcomes.map((outcome, at) => ({ name: checkNames[at] ?? "port", outcome }));
    expect(diagnosisOf(examined).exitStatus).toBe(status);
  });
});

describe("credentials", () => {
  const check = checks.find(({ name }) => name === "credentials");
  const whole = { provider: "twilio", key: `SK${"0".repeat(32)}`, secret: "s" };
  it.each([
    ["an API key", whole, "well"],
    ["the whole account's", { ...whole, key: `AC${"0".repeat(32)}` }, ["warning credentials_broad"]],
    ["a client of KORE's", { ...whole, provider: "kore", key: "ACME" }, "well"],
    ["none", { ...whole, key: undefined }, ["error credentials_missing"]],
    ["none, and none are needed", { ...whole, provider: "none", key: undefined }, "skipped"],
  ])("%s", async (_name, api, expected) => {
    const examination = { surroundings: { config: { api } }, facts: {} } as unknown as Examination;
    const outcome = await check?.run(examination, new AbortController().signal);
    expect(outcome === undefined ? undefined : short(outcome)).toEqual(expected);
  });
});

describe("the clock", () => {
  const host = { nowMs: now, builtAtMs: now - 365 * day, isSynchronised: undefined, trust: "evidence" } as const;
  it.each([
    ["alone, with a modem that could not be asked", {}, "well"],
    ["with the API's answer of the same day", { apiDateMs: now + 0.9 * day }, "well"],
    ["two days before the API's answer", { apiDateMs: now + 2 * day }, ["error clock_insane"]],
    ["two days behind it", { apiDateMs: now - 2 * day }, ["error clock_insane"]],
    [
      "with the API, and far from the modem's",
      { apiDateMs: now, modemClockMs: now - 900 * day },
      ["error clock_insane"],
    ],
    [
      "with the API, and a modem whose clock is unset",
      { apiDateMs: now, modemClockMs: undefined },
      ["error clock_insane"],
    ],
    ["without an API and with the modem", { modemClockMs: now - 0.9 * day }, "well"],
    ["without an API and two days from the modem", { modemClockMs: now - 2 * day }, ["error clock_insane"]],
  ])("%s", (_name, facts, expected) => {
    expect(short(judgeClock(host, facts))).toEqual(expected);
  });

  it("that is synchronised, or trusted by the operator, needs no modem's word, but not the API's contradiction", () => {
    for (const vouched of [{ isSynchronised: true }, { trust: "build-date" }] as const) {
      expect(short(judgeClock({ ...host, ...vouched }, { modemClockMs: now - 900 * day }))).toBe("well");
      expect(short(judgeClock({ ...host, ...vouched }, { apiDateMs: now + 2 * day }))).toEqual(["error clock_insane"]);
    }
  });
});

describe("a port that this user may not open", () => {
  const facts: PermissionFacts = {
    subsystem: "tty",
    groupName: "dialout",
    gid: 20,
    groupMayWrite: true,
    userName: "alice",
    inSession: false,
    inFile: false,
  };
  it.each<[string, Partial<PermissionFacts>, RegExp, RegExp]>([
    ["is not in the group", {}, /alice is not in that group/, /usermod -aG dialout alice, then log in anew/],
    ["was added after the session began", { inFile: true }, /after this session began/, /Log in anew/],
    ["is in the group, and is refused all the same", { inSession: true }, /alice is in that group/, /DeviceAllow=/],
    [
      "a device without a group of its own",
      { gid: 0, groupName: "root" },
      /to no user but its owner/,
      /udev rule: SUBSYSTEM=="tty"/,
    ],
    [
      "a modem on PCIe",
      { subsystem: "wwan", gid: 0 },
      /to no user but its owner/,
      /SUBSYSTEM=="wwan", KERNEL=="wwan\*at\*"/,
    ],
    ["a device that its group may not write", { groupMayWrite: false }, /to no user but its owner/, /udev rule/],
    ["a group without a name", { groupName: undefined }, /its group 20/, /usermod -aG 20/],
  ])("%s", (_name, change, said, hint) => {
    const advice = permissionAdvice({ ...facts, ...change });
    expect(advice.said).toMatch(said);
    expect(advice.hint).toMatch(hint);
  });

  it("belongs to a group that /etc/group names", () => {
    const text = "root:x:0:\ndialout:x:20:alice,bob\nempty:x:21:\nbroken\n";
    expect(groupIn(text, 20)).toEqual({ name: "dialout", members: ["alice", "bob"] });
    expect(groupIn(text, 21)).toEqual({ name: "empty", members: [] });
    expect(groupIn(text, 22)).toBeUndefined();
  });
});

describe("the CI keys of eUICC and ci_roots", () => {
  const [gsma, other] = ["81370F5125D0B1D408D4C3B232E6D25E795BEBFB", "AA".repeat(20)];
  it.each([
    ["all there", [gsma], [gsma, other], false, "well"],
    ["none there", [gsma], [other], false, ["error smdp_untrusted"]],
    ["none there, whoever was trusted", [gsma], [], true, ["error smdp_untrusted"]],
    ["some there, and no SM-DP+ was asked", [gsma, other], [gsma], false, ["warning smdp_untrusted"]],
    ["some there, and an SM-DP+ chains to one", [gsma, other], [gsma], true, "well"],
  ])("%s", (_name, listed, present, trusted, expected) => {
    expect(short(judgeKeys(listed, present, trusted, "/etc/esimd/ci-roots"))).toEqual(expected);
  });

  it("names the missing one as people know it", () => {
    const outcome = judgeKeys([gsma], [], false, "/roots");
    expect(outcome.kind === "found" ? outcome.troubles[0]?.error.message : "").toContain(
      `missing is ${gsma} (GSM Association - RSP2 Root CI1)`,
    );
  });
});

describe("the dates of the roots", () => {
  const root = rootWithoutKeyId;
  it.each([
    ["today", Date.UTC(2030, 0, 1), "well"],
    ["before they begin", Date.UTC(2026, 0, 1), ["error smdp_untrusted"]],
    ["after they ended", Date.UTC(2127, 0, 1), ["error smdp_untrusted"]],
  ])("%s", (_name, atMs, expected) => {
    expect(short(judgeDates([root], atMs, "/roots"))).toEqual(expected);
  });

  it("name the root", () => {
    const outcome = judgeDates([root], Date.UTC(2127, 0, 1), "/roots");
    expect(outcome.kind === "found" ? outcome.troubles[0]?.error.message : "").toMatch(
      /a root in \/roots is not valid today: CN=No key id ended Oct 31 .* 2126 GMT/,
    );
  });
});

describe("the ledger beside a journal", () => {
  const path = "/state/ledger.jsonl";
  const journal = (ledgerEntries: number) =>
    ({ kind: "good", journal: { ...emptyJournal("8".repeat(32), now), ledgerEntries } }) as const;
  const line = `${JSON.stringify({ v: 1, at: "2026-11-24T00:00:00.000Z", kind: "created", id: "1", sid: "HP1" })}\n`;
  it.each([
    ["new, with nothing", journal(0), "", undefined],
    ["as long as it was", journal(1), line, undefined],
    ["longer than it was", journal(1), line + line, undefined],
    ["with a torn last line", journal(1), `${line}{"v":1`, undefined],
    ["shorter than it was", journal(2), line, /has 1 entries, and the journal saw 2/],
    ["gone", journal(1), "", /is missing or empty, and the journal saw 1/],
    ["gone beside a damaged journal", { kind: "damaged", why: "it is not JSON" } as const, "", /is missing or empty/],
    ["there beside a damaged journal", { kind: "damaged", why: "it is not JSON" } as const, line, undefined],
    ["damaged", journal(1), "hello\n", /is damaged: line 1 is not JSON/],
  ])("%s", (_name, reading, text, said) => {
    const trouble = ledgerTrouble(reading, text, path);
    if (said === undefined) expect(trouble).toBeUndefined();
    else expect(trouble).toMatchObject({ code: "ledger_damaged", message: expect.stringMatching(said) });
  });
});

describe("the last run", () => {
  const ended = (state: Report["state"], code: keyof typeof errorRegistry | undefined): Report => ({
    schema: "esimd.report/1",
    state,
    changed: false,
    eid: null,
    iccid: null,
    sim: null,
    modem: { port: "/dev/ttyUSB2", vendor: null, model: null, revision: null, imei: null, dialect: null, lpa: null },
    network: null,
    error: code === undefined ? null : { code, message: "as planted", actor: "none", retry: "later", hint: "wait" },
    timings: {},
    startedAt: "2026-11-24T00:00:00.000Z",
    finishedAt: "2026-11-24T00:01:00.000Z",
  });
  const others = new Set(["port_busy", "euicc_full"] as const);
  it.each([
    ["that is provisioned", ended("provisioned", undefined), "well"],
    ["that failed for what no check sees", ended("failed", "no_stock"), ["warning no_stock"]],
    ["that failed for what a check looks for now", ended("failed", "port_busy"), "well"],
    ["that was stopped", ended("failed", "cancelled"), "well"],
    ["that is held", ended("held", "reservation_unclear"), ["error reservation_unclear"]],
    ["that is held for what a check looks for, too", ended("held", "euicc_full"), ["error euicc_full"]],
  ])("%s", (_name, report, expected) => {
    expect(short(judgeReport(report, others))).toEqual(expected);
  });
});
