import { describe, expect, it } from "vitest";
import { AtChannel } from "../../src/at/channel.js";
import { VirtualClock } from "../../src/base/clock.js";
import { parseIccid, parseSmdpAddress } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { createModemProfiles } from "../../src/lpa/modem-profiles.js";
import { hasOwnLpa } from "../../src/modem/dialects/dialect.js";
import { ownCatalogue } from "../../src/modem/dialects/index.js";
import { MemoryPort } from "../support/memory-port.js";

/** Profiles by an index of the modem's list: whatever the list does, no other profile than the one that is meant is deleted. */

const never = new AbortController().signal;
const meant = parseIccid("8988307000000000001", "test");
const other = parseIccid("8988307000000000019", "test");

/** A modem that shows these lists one after another, and the last one from then on. */
function modemWith(...lists: readonly (readonly string[])[]) {
  const clock = new VirtualClock();
  const port = new MemoryPort();
  let reads = -1;
  const shown = (): readonly string[] => lists[Math.min(reads, lists.length - 1)] ?? [];
  port.answer((text) => {
    const index = /^AT\+QESIM="profile_detail",(\d+)$/.exec(text)?.[1];
    if (text === 'AT+QESIM="profile_brief"') {
      reads++;
      port.sayLines(`+QESIM: "profile_brief",${shown().length}`, "OK");
    } else if (index === undefined) port.sayLines("OK");
    else port.sayLines(`+QESIM: "profile_detail",${shown()[Number(index) - 1] ?? ""},0,"","",""`, "OK");
  });
  const line = { channel: new AtChannel(port, clock, silentLog), clock, random: seededRandom(1) };
  const dialect = ownCatalogue.find("quectel-index");
  if (!hasOwnLpa(dialect)) throw new Error("the dialect lost its LPA");
  const lpa = createModemProfiles(line, dialect);
  const deleted = (): readonly string[] => port.sent.filter((text) => text.includes("delete_profile"));
  return { deleted, delete: () => clock.runUntil(lpa.deleteProfile(meant, never)) };
}

describe("deleting by index", () => {
  it("takes the place that the list shows twice", async () => {
    const modem = modemWith([other, meant], [other, meant], [other]);
    await modem.delete();
    expect(modem.deleted()).toEqual(['AT+QESIM="delete_profile",2']);
  });

  it("takes the new place where the list shifted in between", async () => {
    const modem = modemWith([other, meant], [meant, other], [meant, other], [other]);
    await modem.delete();
    expect(modem.deleted()).toEqual(['AT+QESIM="delete_profile",1']);
  });

  it("deletes nothing where the list does not hold still", async () => {
    const modem = modemWith([other, meant], [meant, other], [other, meant], [meant, other]);
    await expect(modem.delete()).rejects.toMatchObject({ code: "modem_busy" });
    expect(modem.deleted()).toEqual([]);
  });

  it("deletes nothing where two places claim to be the profile", async () => {
    const modem = modemWith([meant, meant]);
    await expect(modem.delete()).rejects.toMatchObject({ code: "modem_busy" });
    expect(modem.deleted()).toEqual([]);
  });
});

describe("the default SM-DP+", () => {
  const address = parseSmdpAddress("smdp.operator.example", "test");

  /** A modem that takes an address up only when it was written so often. */
  function modemThatTakes(afterWrites: number) {
    const clock = new VirtualClock();
    const port = new MemoryPort();
    const writes = (): number => port.sent.filter((text) => text.includes('"def_svr_addr","')).length;
    port.answer((text) => {
      if (text !== 'AT+QESIM="def_svr_addr"') return port.sayLines("OK");
      const shown = writes() >= afterWrites ? address : "esim.vendor.example";
      return port.sayLines(`+QESIM: "def_svr_addr","${shown}"`, "OK");
    });
    const line = { channel: new AtChannel(port, clock, silentLog), clock, random: seededRandom(1) };
    const dialect = ownCatalogue.find("quectel-index");
    if (!hasOwnLpa(dialect)) throw new Error("the dialect lost its LPA");
    const lpa = createModemProfiles(line, dialect);
    return { writes, port, set: () => clock.runUntil(lpa.setDefaultSmdp(address, never)) };
  }

  it("is written by the modem's own command until it reads back", async () => {
    const modem = modemThatTakes(3);
    await modem.set();
    expect(modem.writes()).toBe(3);
    expect(modem.port.sent).toContain('AT+QESIM="def_svr_addr","smdp.operator.example"');
  });

  it("that never reads back is written so often and no more, and what stands there is for who asked to see", async () => {
    const modem = modemThatTakes(Number.POSITIVE_INFINITY);
    await modem.set();
    expect(modem.writes()).toBe(15);
  });
});
