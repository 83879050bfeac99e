import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eids, StationRig, type UnitInSlot } from "./station-rig.js";

let rig: StationRig;
beforeEach(async () => {
  rig = await StationRig.make();
});
afterEach(() => rig.close());

const [eid1, eid2, eid3] = eids as readonly [(typeof eids)[0], (typeof eids)[0], (typeof eids)[0]];
const unit1: UnitInSlot = { eid: eid1, imei: "001019000000017" };
const unit2: UnitInSlot = { eid: eid2, imei: "001019000000025" };

describe("a unit at a slot", () => {
  it("is put in, scanned, provisioned, labelled and taken out; each step is on disk", async () => {
    const station = await rig.start();
    expect(rig.phaseOf(1)).toBe("empty");
    await rig.putIn(1, unit1);
    expect(station.view().slots[0]).toMatchObject({
      phase: { kind: "needs-serial" },
      next: "Scan the unit's serial number.",
    });
    expect(station.scan("SN-1")).toMatchObject({ isTaken: true, slot: 1 });
    await rig.settle();
    expect(rig.phaseOf(1)).toBe("running");
    await rig.finish(1);
    expect(station.view().slots[0]).toMatchObject({
      phase: { kind: "passed", again: false },
      unit: { serial: "SN-1", eid: eid1 },
      next: "Take the unit out.",
    });
    expect(rig.labels).toEqual(["SN-1"]);
    await rig.takeOut(1);
    expect(rig.phaseOf(1)).toBe("empty");
    expect((await rig.entries()).map(({ kind }) => kind)).toEqual(["batch", "begun", "identified", "ended", "label"]);
    expect(rig.events.map(({ kind }) => kind)).toEqual(["put-in", "begun", "ended", "taken-out"]);
    expect(station.view().batch).toMatchObject({ passed: 1, failed: 0, runs: 1, passedFirst: 1 });
  });

  it("begins by itself when its number was scanned before it was put in", async () => {
    const station = await rig.start();
    expect(station.scan("SN-1")).toMatchObject({ isTaken: true, slot: 1, sentence: "Slot 1 is SN-1: put it in." });
    await rig.putIn(1, unit1);
    expect(rig.runIn(1)).toBeDefined();
  });

  it("is the one whose slot was chosen by its label, or that waits the longest", async () => {
    const station = await rig.start();
    await rig.putIn(2, unit2);
    await rig.putIn(1, unit1);
    await rig.putIn(3, { eid: eid3 });
    expect(station.scan("SLOT 3")).toMatchObject({ isTaken: true, slot: 3 });
    expect(station.scan("SN-C").slot).toBe(3);
    expect(station.scan("SN-B").slot).toBe(2);
    expect(station.scan("SN-A").slot).toBe(1);
    expect(station.scan("SN-D")).toMatchObject({
      isTaken: false,
      sentence: "No slot is free: take out a unit that is done.",
    });
  });

  it.each([
    ["", "is not a serial number"],
    ["=cmd()", "is not a serial number"],
    ["SLOT 9", "There is no slot 9."],
    ["9@SN-1", "There is no slot 9."],
  ])("is not begun by a scan of %j", async (text, sentence) => {
    const station = await rig.start();
    await rig.putIn(1, unit1);
    const taken = station.scan(text);
    expect(taken.isTaken).toBe(false);
    expect(taken.sentence).toContain(sentence);
    expect(station.view().scan).toMatchObject({ isTaken: false });
    expect(rig.phaseOf(1)).toBe("needs-serial");
  });

  it("is not taken for the next one while it is still in its slot", async () => {
    const station = await rig.start({}, 1);
    await rig.putIn(1, unit1);
    station.scan("SN-1");
    await rig.settle();
    await rig.finish(1);
    expect(station.scan("SN-2", 1)).toMatchObject({
      isTaken: false,
      sentence: "The unit of before is still in slot 1: take it out first.",
    });
  });

  it("that is changed for another between two looks is another one", async () => {
    const station = await rig.start({}, 1);
    await rig.putIn(1, unit1);
    station.scan("SN-1");
    await rig.settle();
    await rig.finish(1);
    await rig.takeOut(1);
    await rig.putIn(1, unit2);
    expect(rig.phaseOf(1)).toBe("needs-serial");
    expect(rig.events.slice(-2).map(({ kind }) => kind)).toEqual(["taken-out", "put-in"]);
  });

  it("fails with its reason, and runs again when a person asks for it", async () => {
    const station = await rig.start();
    await rig.putIn(1, unit1);
    station.scan("SN-1");
    await rig.settle();
    await rig.finish(1, "download_failed");
    expect(station.view().slots[0]).toMatchObject({ phase: { kind: "failed", code: "download_failed" } });
    expect(rig.labels).toEqual([]);
    station.retry(1);
    await rig.settle();
    await rig.finish(1);
    expect(station.view().batch).toMatchObject({ passed: 1, failed: 0, runs: 2, passedFirst: 0 });
    expect(rig.labels).toEqual(["SN-1"]);
  });

  it("whose label was not printed passed all the same; the slot says so, and it can be printed again", async () => {
    const station = await rig.start();
    rig.printer = "fails";
    await rig.putIn(1, unit1);
    station.scan("SN-1");
    await rig.settle();
    await rig.finish(1);
    expect(station.view().slots[0]).toMatchObject({ phase: { kind: "passed" } });
    expect(station.view().slots[0]?.next).toContain("the printer has no paper");
    rig.printer = "works";
    await station.reprint("SN-1", new AbortController().signal);
    expect(rig.labels).toEqual(["SN-1"]);
    const labels = (await rig.entries()).filter((entry) => entry.kind === "label");
    expect(labels).toMatchObject([
      { copy: 1, result: { kind: "failed" } },
      { copy: 1, result: { kind: "printed" } },
    ]);
  });
});

describe("who a unit is", () => {
  async function passed(serial: string, unit: UnitInSlot, slot = 1): Promise<void> {
    await rig.putIn(slot, unit);
    rig.station?.scan(serial, slot);
    await rig.settle();
    await rig.finish(slot);
    await rig.takeOut(slot);
  }

  it.each<[string, string, UnitInSlot]>([
    ["another eUICC under its serial number", "SN-1", { eid: eid2 }],
    ["its eUICC under another serial number", "SN-2", { eid: eid1 }],
    ["its IMEI in another unit", "SN-2", { eid: eid2, imei: "001019000000017" }],
  ])("%s: refused before anything is paid for, in another batch, too", async (_what, serial, unit) => {
    await rig.start();
    await passed("SN-1", unit1);
    await rig.cutOff();
    rig = await rig.restarted();
    const station = await rig.start({ batch: "b2" });
    await rig.putIn(1, unit);
    station.scan(serial, 1);
    await rig.settle();
    await rig.finish(1);
    expect(station.view().slots[0]).toMatchObject({ phase: { kind: "failed", code: "unit_duplicate" } });
    expect([...rig.charges.values()]).toEqual([1]);
    expect(station.search("SN-1", 5)).toMatchObject([{ verdict: "PASS", batch: "b1", eid: eid1 }]);
  });

  it("comes back and is known: it passes, is not paid for and gets no second label", async () => {
    const station = await rig.start();
    await passed("SN-1", unit1);
    await rig.putIn(2, unit1);
    expect(station.scan("SN-1", 2).sentence).toContain("passed before");
    await rig.settle();
    await rig.finish(2);
    expect(station.view().slots[1]).toMatchObject({ phase: { kind: "passed", again: true } });
    expect(rig.labels).toEqual(["SN-1"]);
    expect(station.view().batch).toMatchObject({ passed: 1, runs: 2 });
  });

  it("is one of two slots that get one number at the same time", async () => {
    const station = await rig.start();
    await rig.putIn(1, unit1);
    await rig.putIn(2, unit2);
    station.scan("SN-1", 1);
    expect(station.scan("SN-1", 2)).toMatchObject({
      isTaken: false,
      code: "station_refused",
      sentence: "SN-1 is in slot 1 already.",
    });
  });

  it("may be scanned anew once a person took its number back, with why", async () => {
    const station = await rig.start();
    await passed("SN-1", unit1);
    await station.voidUnit("SN-1", "scanned for the wrong unit", "ana");
    await passed("SN-2", unit1);
    await passed("SN-1", unit2);
    expect(station.view().batch).toMatchObject({ failed: 0 });
    await expect(station.voidUnit("SN-9", "no such", null)).rejects.toMatchObject({ code: "station_refused" });
  });

  it("is on the sheet of work, with the eUICC that the sheet has for it, or is not made", async () => {
    const units = new Map([["SN-1", { fleet: "line-fleet", eid: eid1, imei: null, activationCode: null }]]);
    const station = await rig.start({ work: { place: "sheet.csv", units } });
    await rig.putIn(1, unit1);
    expect(station.scan("SN-2", 1)).toMatchObject({
      isTaken: false,
      code: "bad_input",
      sentence: "SN-2 is not on the sheet of work.",
    });
    station.scan("SN-1", 1);
    await rig.settle();
    const { config } = rig.runIn(1).parts;
    expect(config.sim.fleet).toBe("line-fleet");
    expect(config.modem.expectedEid).toBe(eid1);
    expect(station.view().batch.sheet).toEqual({ total: 1, left: 1 });
    await rig.finish(1);
    expect(station.view().batch.sheet).toEqual({ total: 1, left: 0 });
  });

  it("whose user activates it is identified, labelled and passed, and nothing is paid for it here", async () => {
    const units = new Map([["SN-1", { fleet: null, eid: null, imei: null, activationCode: "1$smdp.example.com$ABC" }]]);
    const station = await rig.start({ work: { place: "sheet.csv", units } });
    await rig.putIn(1, unit1);
    station.scan("SN-1", 1);
    await rig.settle();
    await rig.finish(1);
    expect(station.view().slots[0]).toMatchObject({ phase: { kind: "passed" }, unit: { eid: eid1 } });
    expect(rig.labels).toEqual(["SN-1"]);
    expect(rig.charges.size).toBe(0);
  });

  it("is its IMEI where the station reads serial numbers from modems: no scan is needed", async () => {
    const station = await rig.start({ serialFrom: "imei" });
    await rig.putIn(1, unit1);
    await rig.finish(1);
    expect(station.view().slots[0]).toMatchObject({ phase: { kind: "passed" }, unit: { serial: "001019000000017" } });
    expect(station.scan("SN-1")).toMatchObject({ isTaken: false });
  });
});

describe("what a batch may pay for", () => {
  it("is not gone over by slots that pay at the same moment; what passed before costs nothing", async () => {
    const station = await rig.start({ budget: 2 });
    for (const slot of [1, 2, 3]) {
      await rig.putIn(slot, { eid: eids[slot - 1] ?? eid1 });
      station.scan(`SN-${slot}`, slot);
    }
    await rig.settle();
    const runs = [1, 2, 3].map((slot) => rig.runIn(slot));
    for (const run of runs) await run.identify();
    for (const run of runs) await run.pay();
    for (const run of runs) run.end("well");
    await rig.settle();
    expect([1, 2, 3].map((slot) => rig.phaseOf(slot))).toEqual(["passed", "passed", "failed"]);
    expect(station.view().slots[2]?.phase).toMatchObject({ code: "batch_budget_spent" });
    expect(rig.charges.size).toBe(2);
  });
});

describe("a station that ends", () => {
  it("finishes what runs when it is drained, and takes nothing more", async () => {
    const station = await rig.start();
    await rig.putIn(1, unit1);
    station.scan("SN-1", 1);
    await rig.settle();
    station.drain();
    await rig.putIn(2, unit2);
    expect(station.scan("SN-2", 2)).toMatchObject({ isTaken: false, sentence: "The station takes no more units." });
    expect(rig.ended).toBeUndefined();
    await rig.finish(1);
    expect(rig.ended).toMatchObject({ units: 1, passed: 1, failed: 0 });
  });

  it("says nothing of a unit that it was stopped at, and goes on with it at the next start, if it is still there", async () => {
    const first = await rig.start();
    await rig.putIn(1, unit1);
    first.scan("SN-1", 1);
    await rig.settle();
    await rig.runIn(1).identify();
    await rig.runIn(1).pay();
    await rig.cutOff();
    expect(rig.ended).toMatchObject({ units: 0 });
    rig = await rig.restarted();
    const second = await rig.start();
    expect(rig.phaseOf(1)).toBe("running");
    await rig.finish(1);
    expect(second.view().slots[0]).toMatchObject({ phase: { kind: "passed" }, unit: { serial: "SN-1" } });
    expect([...rig.charges.values()]).toEqual([1]);
  });

  it("does not give a cut-off unit's number to another one that was put in meanwhile", async () => {
    const first = await rig.start();
    await rig.putIn(1, unit1);
    first.scan("SN-1", 1);
    await rig.settle();
    await rig.runIn(1).identify();
    await rig.cutOff();
    await rig.putIn(1, unit2);
    rig = await rig.restarted();
    const second = await rig.start();
    await rig.runIn(1).identify();
    await rig.settle();
    expect(second.view().slots[0]).toMatchObject({ phase: { kind: "needs-serial" }, unit: { serial: null } });
    expect((await rig.entries()).some((entry) => entry.kind === "ended")).toBe(false);
  });

  it("wants a cut-off unit scanned again whose eUICC had not answered yet", async () => {
    const first = await rig.start();
    await rig.putIn(1, unit1);
    first.scan("SN-1", 1);
    await rig.settle();
    await rig.cutOff();
    rig = await rig.restarted();
    await rig.start();
    expect(rig.phaseOf(1)).toBe("needs-serial");
    expect((await rig.entries()).filter(({ kind }) => kind === "interrupted")).toHaveLength(1);
  });

  it("ends by itself after so many verdicts", async () => {
    const station = await rig.start({ units: 1 });
    await rig.putIn(1, unit1);
    station.scan("SN-1", 1);
    await rig.settle();
    await rig.finish(1);
    expect(rig.ended).toMatchObject({ units: 1, passed: 1 });
    expect(station.view().phase).toBe("stopped");
  });
});
