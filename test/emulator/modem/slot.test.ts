import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseEid } from "../../../src/base/identifiers.js";
import { type World, worldSchema } from "../../../src/emulator/modem/scenario.js";
import { fillSlot, type SlotOptions } from "../../../src/emulator/modem/slot.js";
import { createPki } from "../../../src/emulator/pki/pki.js";
import { encodeDisableProfile, encodeSetNickname } from "../../../src/lpa/es10/profile-operations.js";

const pki = createPki();
const world: World = worldSchema.parse({});
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "esimd-slot-"));
});
afterEach(() => rm(folder, { recursive: true }));

const fill = (options: Partial<SlotOptions> = {}) =>
  fillSlot({ pki, bootstrap: false, world: () => world, ...options });

describe("the eUICC in the slot", () => {
  it("is new and empty, or comes with a bootstrap profile that is enabled", () => {
    expect(fill().euicc.profiles).toEqual([]);
    expect(fill({ bootstrap: true }).euicc.profiles).toMatchObject([
      { state: "enabled", profileClass: "provisioning" },
    ]);
  });

  it("has the EID that it was given, with a certificate for it", () => {
    const eid = parseEid("89049032000000000000000000000066", "the test");
    expect(fill({ eid }).euicc.eid).toBe(eid);
  });

  it("keeps what changed in its file, before the modem can answer", () => {
    const stateFile = join(folder, "euicc.json");
    const first = fill({ stateFile, bootstrap: true });
    const iccid = first.euicc.profiles[0]?.iccid;
    if (iccid === undefined) throw new Error("no bootstrap profile");
    first.ports.euicc.es10(encodeSetNickname(iccid, "Gate 7"));
    first.ports.euicc.es10(encodeDisableProfile({ id: { by: "iccid", iccid }, refresh: true }));
    // The bootstrap profile is for a new eUICC; this one has its own.
    const second = fill({ stateFile, bootstrap: true });
    expect(second.euicc.profiles).toMatchObject([{ iccid, nickname: "Gate 7", state: "disabled" }]);
    expect(readdirSync(folder)).toEqual(["euicc.json"]);
  });

  it("keeps its size in the file when a scenario calls it full", () => {
    const stateFile = join(folder, "euicc.json");
    const full: World = { ...world, euicc: "full" };
    expect(fill({ stateFile, world: () => full }).euicc.freeBytes).toBe(0);
    expect(fill({ stateFile }).euicc.freeBytes).toBeGreaterThan(100_000);
  });

  it("is not another one than its file says", () => {
    const stateFile = join(folder, "euicc.json");
    fill({ stateFile });
    const eid = parseEid("89049032000000000000000000000066", "the test");
    expect(() => fill({ stateFile, eid })).toThrow(/state file holds/);
  });

  it.each([
    ["no JSON", "{"],
    ["another file", '{"schema":"other"}'],
    ["a list", "[]"],
  ])("refuses %s and leaves it as it is", async (_what, text) => {
    const stateFile = join(folder, "euicc.json");
    await writeFile(stateFile, text);
    expect(() => fill({ stateFile })).toThrow(/euicc\.json/);
    expect(readFileSync(stateFile, "utf8")).toBe(text);
  });

  it("says when the file cannot be written", () => {
    expect(() => fill({ stateFile: join(folder, "no", "such") })).toThrow(/cannot be written/);
    expect(existsSync(join(folder, "no"))).toBe(false);
  });

  it("answers with another EID through raw APDUs, too, when a scenario says so", () => {
    const { card } = fill({ world: () => ({ ...world, reportedEid: "invalid" }) }).ports;
    const opened = card.openChannel(Buffer.from("A0000005591010FFFFFFFF8900000100", "hex"));
    expect(opened).toEqual({ channel: 1 });
    const more = card.transmit(Buffer.from("81E2910006BF3E035C015A", "hex"));
    expect(Buffer.from(more).toString("hex")).toBe("6115");
    const answer = Buffer.from(card.transmit(Buffer.from("81C0000015", "hex"))).toString("hex");
    expect(answer).toBe("bf3e125a10890490321234512345123456789012369000");
  });
});
