import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { fakeDialectNames, fakeDialects } from "../../../src/emulator/modem/dialects/index.js";
import { startFakeModem } from "../../../src/emulator/modem/fake-modem.js";
import { checkScenario, type WorldInput, worldSchema } from "../../../src/emulator/modem/scenario.js";
import { defaultEid, fillSlot } from "../../../src/emulator/modem/slot.js";
import { createPki } from "../../../src/emulator/pki/pki.js";
import { AtClient } from "./at-client.js";
import { type Conversation, converse, restart } from "./conversation.js";
import { deskEid, firstIccid, quietDesk } from "./desk.js";

const pki = createPki();
const openIsdR = 'AT+CCHO="A0000005591010FFFFFFFF8900000100"';
const getEid = "80E2910006BF3E035C015A";
const eidAnswer = `BF3E125A10${defaultEid}`;

/** An ordinary modem of this family with a whole eUICC. */
const wholeDesk = (dialect: string, options: WorldInput = {}) => {
  const world = worldSchema.parse(options);
  return quietDesk({ dialect, ports: fillSlot({ pki, bootstrap: true, world: () => world }).ports });
};

describe("every family", () => {
  it("is listed under its name", () => {
    expect(fakeDialectNames).toEqual([
      "quectel-iccid",
      "quectel-nwmode",
      "quectel-index",
      "etsi-apdu",
      "fibocom-mtk",
      "sierra",
      "simcom",
      "3gpp-r19",
    ]);
  });

  it.each(fakeDialects.map((dialect) => [dialect.name, dialect] as const))(
    "%s: brings a world that is one",
    (_, dialect) => {
      expect(worldSchema.safeParse(dialect.world ?? {}).error).toBeUndefined();
    },
  );
});

describe("what a family says of the world", () => {
  const written = { isdrWindow: { opensMs: 0, closesMs: 3_600_000 } };

  it("is kept where a scenario says nothing of it", () => {
    expect(checkScenario({ world: written }, "the test").world).toEqual(written);
    expect(() => checkScenario({ world: { slots: { active: 3 } } }, "the test")).toThrow("world.slots.active");
  });

  it("is overruled by what a scenario does say", async () => {
    const modem = await startFakeModem({
      clock: systemClock,
      random: seededRandom(1),
      log: silentLog,
      wire: { kind: "socket", listen: { kind: "tcp", host: "127.0.0.1", port: 0 } },
      dialect: "fibocom-mtk",
      pki,
      scenario: checkScenario({ world: written }, "the test"),
    });
    try {
      const host = await AtClient.open(modem.port);
      await host.ask("ATE0");
      expect(await host.ask(openIsdR)).toBe("1|OK");
      expect(await host.ask("AT+GTDUALSIM?")).toBe('+GTDUALSIM : 1, "SUB2", "NO SERVICE"|OK');
      await host.close();
    } finally {
      await modem.close();
    }
  });
});

describe("the answer behind 61xx", () => {
  it("is for the host to fetch on SIM7600 and A7908E, and no space stands before it", async () => {
    await converse(await wholeDesk("simcom"), [
      [openIsdR, "+CCHO: 1|OK"],
      [`AT+CGLA=1,22,"${getEid}"`, '+CGLA:4,"6115"|OK'],
      ['AT+CGLA=1,10,"80C0000015"', `+CGLA:46,"${eidAnswer}9000"|OK`],
      ['AT+CSIM=10,"0070000001"', '+CSIM:6,"029000"|OK'],
    ]);
  });

  it("comes at once, as one, from a Quectel 5G modem whose LPA is off", async () => {
    const desk = await wholeDesk("quectel-index");
    await desk.ask('AT+QESIM="lpa_enable",0');
    await restart(desk);
    await converse(desk, [
      [openIsdR, "+CCHO: 1|OK"],
      [`AT+CGLA=1,22,"${getEid}"`, `+CGLA: 46,"${eidAnswer}9000"|OK`],
    ]);
  });

  it("is more than 1 kB for a list of many profiles, in one answer or in pieces", async () => {
    const askList = 'AT+CGLA=1,16,"80E2910003BF2D00"';
    const host = await wholeDesk("simcom", { extraProfiles: 12 });
    await host.ask(openIsdR);
    expect(await host.ask(askList)).toBe('+CGLA:4,"6100"|OK');
    expect(await host.ask('AT+CGLA=1,10,"80C0000000"')).toMatch(/^\+CGLA:516,"BF2D[0-9A-F]{508}6100"\|OK$/);
    const modem = await wholeDesk("quectel-index", { extraProfiles: 12 });
    await modem.ask('AT+QESIM="lpa_enable",0');
    await restart(modem);
    await modem.ask(openIsdR);
    const list = await modem.ask(askList);
    expect(list).toMatch(/^\+CGLA: \d+,"BF2D[0-9A-F]+9000"\|OK$/);
    expect(list.length).toBeGreaterThan(1024);
  });
});

describe("the commands of other makers", () => {
  const conversations: Readonly<Record<string, Conversation>> = {
    simcom: [
      ["AT+CICCID", `+ICCID: ${firstIccid}|OK`],
      ["AT+ICCID", "+CME ERROR: 4"],
      ["AT+CGMI", "SIMCOM INCORPORATED|OK"],
      ["AT+CEID", "+CME ERROR: 4"],
    ],
    "etsi-apdu": [
      ["AT#CCID", `#CCID: ${firstIccid}|OK`],
      ["AT+QCCID", "+CME ERROR: 4"],
      ['AT+QESIM="eid"', "+CME ERROR: 4"],
      [openIsdR, "+CCHO: 1|OK"],
    ],
    "3gpp-r19": [
      ["AT+CGEUICCID=?", "OK"],
      ["AT+CGEUICCID", `+CGEUICCID: "${deskEid}"|OK`],
      ["AT+CGEUICCID?", "+CME ERROR: 4"],
      ["AT+CEUICCPD=?", "OK"],
      ["AT+CEUICCPM=?", "OK"],
      ["AT+CEUICCPMETAI=?", "OK"],
      ["AT+CEUICCSMDPA=?", "OK"],
      ["AT+CEUICCPNM=?", "OK"],
      ["AT+CEUICCMEMRESET=?", "OK"],
      ['AT+CEUICCPD="LPA:1$h$M"', "+CME ERROR: 4"],
      [openIsdR, "+CCHO: 1|OK"],
    ],
  };
  it.each(Object.entries(conversations))("%s", async (dialect, conversation) => {
    await converse(await quietDesk({ dialect }), conversation);
  });

  it("3gpp-r19 has no EID to tell where no eUICC is", async () => {
    const desk = await quietDesk({ dialect: "3gpp-r19", world: { euicc: "absent" } });
    expect(await desk.ask("AT+CGEUICCID")).toBe("+CME ERROR: 10");
  });
});
