import { describe, expect, it } from "vitest";
import { parseIccid } from "../../src/base/identifiers.js";
import { emptyJournal } from "../../src/provision/journal.js";
import type { LedgerEntry } from "../../src/provision/ledger.js";
import { type Report, reportSchema } from "../../src/report/schema.js";
import { sweepKills } from "./kills.js";
import { againWrong, alwaysWrong, endWrong, type Past, type Sight, wronglySaid } from "./kills-check.js";
import { type DevicePlan, drawDevice, families } from "./kills-plan.js";

describe("the program is killed at random points", () => {
  it("and every device ends as if nothing had happened", { timeout: 120_000 }, async () => {
    const violations: string[] = [];
    const result = await sweepKills({
      kills: 12,
      seed: 5,
      workers: 1,
      onViolation: ({ where, what }) => violations.push(`${where}: ${what}`),
      signal: new AbortController().signal,
    });
    expect(violations).toEqual([]);
    expect(result).toMatchObject({ kills: 12, devices: expect.any(Number) });
    const fell = Object.values(result.moments).reduce((sum, kills) => sum + kills, 0);
    expect(fell).toBe(12);
  });

  it("that the seed decides, for each device by itself", () => {
    expect(drawDevice(3, 41)).toEqual(drawDevice(3, 41));
    expect(drawDevice(4, 41)).not.toEqual(drawDevice(3, 41));
    const plans = Array.from({ length: 60 }, (_, index) => drawDevice(3, index));
    expect(new Set(plans.map(({ family }) => family)).size).toBe(families.length);
    // Settling is drawn for a reservation by EID alone; all the others by both methods.
    const drawnMoments = new Set(plans.flatMap(({ targets }) => targets.map(({ moment }) => moment)));
    expect(drawnMoments.size).toBe(19);
  });
});

/** A device that is done, as it should be seen. */
const iccid = parseIccid("8988307000000000019", "the test");
const eid = "89049032123451234512345678901235";
const at = "2026-01-01T00:00:00.000Z";
const ledger: readonly LedgerEntry[] = [
  { v: 1, at, kind: "intent", id: "a", method: "eid", why: "no reservation in sight" },
  { v: 1, at, kind: "created", id: "a", sid: "HP1" },
  { v: 1, at, kind: "charged", sid: "HP1" },
];
const good: Sight = {
  charges: 1,
  reservationPosts: 1,
  orders: [{ iccid, state: "Installed" }],
  profiles: [{ iccid, state: "enabled" }],
  notifications: 0,
  successResults: 1,
  journal: { ...emptyJournal(eid, 0), state: "provisioned", provisioned: true, ledgerEntries: 3 },
  ledger,
};
const past: Past = { iccids: new Set([iccid]), killedInDownload: false };
const report: Report = reportSchema.parse({
  schema: "esimd.report/1",
  state: "provisioned",
  changed: true,
  eid,
  iccid,
  esimProfile: { sid: "HP1", status: "installed", method: "eid", smdpAddress: null },
  sim: { sid: "HS1", status: "ready", fleet: null },
  modem: { port: "/dev/tty0", vendor: null, model: null, revision: null, imei: null, dialect: null, lpa: "host" },
  network: { registered: true, state: "roaming", operator: null },
  error: null,
  timings: {},
  startedAt: at,
  finishedAt: at,
});
const byHost = kindOf("host");

function kindOf(by: DevicePlan["family"]["by"]): Pick<DevicePlan, "family" | "method" | "provider"> {
  const family = families.find((one) => one.by === by);
  if (family === undefined) throw new Error(`no family downloads by ${by}`);
  return { family, method: "eid", provider: "twilio" };
}

/** All that is wrong about the end of a run, with the world doctored. */
function found(doctored: Partial<Sight>, more: { readonly past?: Partial<Past>; readonly kind?: typeof byHost } = {}) {
  const [sight, was, kind] = [{ ...good, ...doctored }, { ...past, ...more.past }, more.kind ?? byHost];
  return [...alwaysWrong(sight, was, kind), ...endWrong({ status: 0, report }, sight, was, kind)];
}

describe("the judge of a killed device", () => {
  it("has nothing to say of a good one", () => {
    expect(found({})).toEqual([]);
    expect(againWrong({ status: 0, report: { ...report, changed: false } }, { status: 0, report })).toEqual([]);
  });

  it.each<[string, Partial<Sight>, RegExp]>([
    ["a second charge", { charges: 2 }, /^2 charges/],
    ["a profile that vanished", { profiles: [] }, /^the profile 8988307000000000019 is gone/],
    ["a profile left disabled", { profiles: [{ iccid, state: "disabled" }] }, /is disabled$/],
    ["an order that was ended", { orders: [{ iccid, state: "Error" }] }, /is in Error$/],
    ["a POST without an intent", { reservationPosts: 2 }, /2 POSTs, and the ledger has 1 intents/],
    ["a journal that is torn", { journal: "it is not JSON" }, /^the journal cannot be read/],
    ["a ledger that is torn", { ledger: "line 2 is not JSON" }, /^the ledger cannot be read/],
    ["an SM-DP+ that heard nothing", { successResults: 0, orders: [{ iccid, state: "Downloaded" }] }, /0 results/],
    ["a notification left behind", { notifications: 1 }, /^1 notifications are left on the eUICC/],
    [
      "an intent left open",
      { ledger: [...ledger, { v: 1, at, kind: "intent", id: "b", method: "eid", why: "" }] },
      /POST/,
    ],
  ])("sees %s", (_what, doctored, complaint) => {
    expect(found(doctored)).toContainEqual(expect.stringMatching(complaint));
  });

  it("forgives a lost result only where the modem relays, and was left alone in a download", () => {
    const lost: Partial<Sight> = { successResults: 0, orders: [{ iccid, state: "Downloaded" }] };
    const kind = kindOf("modem-relay");
    expect(found(lost, { kind, past: { killedInDownload: true } })).toEqual([]);
    expect(found(lost, { kind })).toHaveLength(1);
    expect(found(lost, { past: { killedInDownload: true } })).toHaveLength(1);
  });

  it("lets a device be held only where an answer is missing in the ledger", () => {
    const error = { code: "reservation_unclear", message: "?", actor: "operator", retry: "never", hint: "?" } as const;
    const end = { status: 79, report: { ...report, state: "held", error } } as const;
    const byCode = { ...byHost, method: "activation-code" } as const;
    const open = { ...good, ledger: ledger.slice(0, 1) };
    expect(endWrong(end, open, past, byCode)).toEqual([]);
    expect(endWrong(end, open, past, byHost)).toHaveLength(1);
    expect(endWrong(end, good, past, byCode)).toHaveLength(1);
    expect(endWrong({ ...end, status: 0 }, open, past, byCode)).toHaveLength(1);
  });

  it("sees a stack trace, a run without a report, and a second run with something to do", () => {
    expect(wronglySaid("esimd: the modem is gone (serial_gone)\n")).toEqual([]);
    expect(wronglySaid("TypeError: x\n    at run (/lib/run.js:1:2)\n")).toHaveLength(1);
    expect(endWrong({ status: 1, report: undefined }, good, past, byHost)).toHaveLength(1);
    expect(againWrong({ status: 0, report }, { status: 0, report })).toHaveLength(1);
  });
});
