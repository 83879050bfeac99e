import { describe, expect, it } from "vitest";
import { converse, restart } from "./conversation.js";
import { deskEid, firstIccid, quietDesk, secondIccid } from "./desk.js";

const dialect = "fibocom-mtk";
const openIsdR = 'AT+CCHO="A0000005591010FFFFFFFF8900000100"';
const windowMs = 3_000;
const atr = "3B9F97C00A3FC7828031E073FE211F65D002341512810F50";

describe("a Fibocom modem on MediaTek", () => {
  it("tells who it is between quotes, by commands and by questions", async () => {
    const desk = await quietDesk({ dialect });
    await converse(desk, [
      ["AT+CGMM", '+CGMM: "FM350-GL"|OK'],
      ["AT+CGMM?", '+CGMM: "FM350-GL"|OK'],
      ["AT+CGSN", '+CGSN: "867698040000010"|OK'],
    ]);
  });

  it("tells its eUICC, its slots and an ICCID with its filler", async () => {
    const desk = await quietDesk({ dialect });
    await converse(desk, [
      ["AT+EID?", `+EID: "${deskEid}"|OK`],
      ["AT+EID", `+EID: ${deskEid}|OK`],
      ["AT+SIMTYPE?", "+SIMTYPE: 1|OK"],
      ["AT+GTDUALSIM=?", "+GTDUALSIM: (0-1)|OK"],
      ["AT+GTDUALSIM?", '+GTDUALSIM : 1, "SUB2", "L"|OK'],
      ["AT+ICCID", `+ICCID: ${firstIccid}F|OK`],
      [
        "AT+ESLOTSINFO?",
        `+ESLOTSINFO: 2, "+CME ERROR: 10", "1", "0", "", "", "", "+CPIN: READY", "1", "1", "${atr}", "${deskEid}", "${firstIccid}"|OK`,
      ],
      ["AT+CSQ", "+CSQ: 99,99|OK"],
      ["AT+CESQ", "+CESQ: 99,99,255,255,20,54|OK"],
    ]);
  });

  it.each(["AT+QUIMSLOT?", 'AT+QESIM="eid"', "AT+QCCID", "AT+GTDUALSIM=2", "AT+GTDUALSIM", "AT+GTESIMCFG=1,1,0"])(
    "refuses %s",
    async (command) => {
      expect(await (await quietDesk({ dialect })).ask(command)).toMatch(/^\+CME ERROR: (4|50)$/);
    },
  );

  it("calls an eUICC without an enabled profile EMPTY_EUICC, as one is delivered", async () => {
    const desk = await quietDesk({ dialect, profiles: [] });
    await converse(desk, [
      ["AT+CPIN?", "+CPIN: EMPTY_EUICC|OK"],
      ["AT+ICCID", "+CME ERROR: 13"],
      ["AT+GTDUALSIM?", '+GTDUALSIM : 1, "SUB2", "NO SERVICE"|OK'],
      ["AT+EID?", `+EID: "${deskEid}"|OK`],
    ]);
    expect(await desk.ask("AT+ESLOTSINFO?")).toContain(`"+CPIN: EMPTY_EUICC", "1", "1", "${atr}", "${deskEid}", ""`);
  });

  it("answers CCHO with a bare number, and its test forms not at all", async () => {
    const desk = await quietDesk({ dialect });
    await desk.heard(windowMs);
    await converse(desk, [
      ["AT+CCHO=?", ""],
      ["AT+CCHC=?", ""],
      ["AT+CGLA=?", ""],
      [openIsdR, "1|OK"],
      ['AT+CGLA=1,10,"80CA010112"', '+CGLA: 8,"81CA9000"|OK'],
      ["AT+CCHC=1", "OK"],
      ["AT+CCHC=1", "+CME ERROR: 22"],
    ]);
  });

  it("has the ISD-R for itself for a while after each start, and after each change of slots", async () => {
    const desk = await quietDesk({ dialect });
    await converse(desk, [
      [openIsdR, "+CME ERROR: 100"],
      ["AT+EID?", `+EID: "${deskEid}"|OK`],
    ]);
    await desk.heard(windowMs);
    await converse(desk, [
      [openIsdR, "1|OK"],
      ["AT+GTDUALSIM=0", "OK"],
      ["AT+GTDUALSIM=1", /^OK/, 2_000],
      [openIsdR, "+CME ERROR: 100"],
    ]);
    await desk.heard(windowMs);
    expect(await desk.ask(openIsdR)).toBe("2|OK");
  });

  it("keeps the chosen slot over a restart, and tells no EID of a slot that has no eUICC", async () => {
    const desk = await quietDesk({ dialect, world: { slots: { active: 2, euicc: 2, other: "sim" } } });
    expect(await desk.ask("AT+GTDUALSIM=0", 2_000)).toContain("+CPIN: READY");
    expect(await restart(desk)).toContain("+ESIMS: 1,29");
    await converse(desk, [
      ["AT+GTDUALSIM?", /^\+GTDUALSIM : 0, "SUB1", /],
      ["AT+EID?", "+EID:|OK"],
      ["AT+SIMTYPE?", "+SIMTYPE: 0|OK"],
      [openIsdR, "+CME ERROR: 22"],
    ]);
  });

  it("has no SIM at all in an empty slot", async () => {
    const desk = await quietDesk({ dialect });
    await desk.ask("AT+GTDUALSIM=0", 10_000);
    await converse(desk, [
      ["AT+CPIN?", "+CME ERROR: 10"],
      ["AT+SIMTYPE?", "+CME ERROR: 0"],
      ["AT+EID?", "+EID:|OK"],
    ]);
  });

  it("tells no EID before the SIM has its PIN", async () => {
    const desk = await quietDesk({ dialect, world: { pin: "locked" } });
    expect(await desk.ask("AT+EID?")).toBe("+CME ERROR: 11");
    expect(await desk.ask('AT+CPIN="1234"')).toMatch(/^OK/);
    expect(await desk.ask("AT+EID?")).toBe(`+EID: "${deskEid}"|OK`);
  });

  it("puts the eSIM out of use, over restarts", async () => {
    const desk = await quietDesk({ dialect });
    await converse(desk, [
      ["AT+GTESIMCFG?", "+GTESIMCFG: 0,0,0|OK"],
      ["AT+GTESIMCFG=1,0,0", "OK"],
    ]);
    await restart(desk);
    await converse(desk, [
      ["AT+GTESIMCFG?", "+GTESIMCFG: 1,0,0|OK"],
      ["AT+EID?", "+EID:|OK"],
      [openIsdR, "+CME ERROR: 100"],
      ["AT+GTESIMCFG=0,0,0", "OK"],
      [openIsdR, "1|OK"],
    ]);
  });

  it("follows a switch of profiles that a host makes on the card", async () => {
    const desk = await quietDesk({ dialect });
    await desk.heard(windowMs);
    await desk.ask(openIsdR);
    // The desk's card asks for a REFRESH where 31 is in a command, and a host enabled the second profile by it.
    desk.euicc.profiles = desk.euicc.profiles.map((profile) => ({
      ...profile,
      state: profile.iccid === secondIccid ? "enabled" : "disabled",
    }));
    expect(await desk.ask('AT+CGLA=1,10,"80E2910031"')).toContain('"81E29100"');
    expect(await desk.heard(2_000)).toContain("+ESIMS: 0,1");
    expect(await desk.ask("AT+ICCID")).toBe(`+ICCID: ${secondIccid}F|OK`);
    expect(await desk.ask('AT+CGLA=1,10,"80CA010112"')).toBe("+CME ERROR: 22");
  });
});
