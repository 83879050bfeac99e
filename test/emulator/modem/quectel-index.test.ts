import { describe, expect, it } from "vitest";
import { converse, restart } from "./conversation.js";
import { type Desk, deskEid, firstIccid, quietDesk, secondIccid } from "./desk.js";

const dialect = "quectel-index";
const openIsdR = 'AT+CCHO="A0000005591010FFFFFFFF8900000100"';
const selectIsdR = 'AT+CSIM=42,"01A4040010A0000005591010FFFFFFFF8900000100"';
const effectMs = 2_500;

const detail = (index: number): string => `AT+QESIM="profile_detail",${index}`;
const first = (state: 0 | 1, nickname = ""): string =>
  `+QESIM: "profile_detail",${firstIccid},${state},"${nickname}","Boot","Start",1|OK`;
const second = (state: 0 | 1, nickname = ""): string =>
  `+QESIM: "profile_detail",${secondIccid},${state},"${nickname}","KORE","Super SIM",2|OK`;
const states = (desk: Desk): readonly string[] => desk.euicc.profiles.map(({ state }) => state);

describe("the LPA of a Quectel 5G modem", () => {
  it("lists the operations of its family", async () => {
    const desk = await quietDesk({ dialect });
    const listed = await desk.ask("AT+QESIM=?");
    expect(listed.split("|")).toHaveLength(10);
    for (const operation of ["lpa_enable", "profile_brief", "def_svr_addr"]) expect(listed).toContain(`"${operation}"`);
    expect(await desk.ask("AT+QESIM?")).toBe("+CME ERROR: 4");
    expect(await desk.ask("AT+QESIM")).toBe("+CME ERROR: 4");
  });

  it("is on at first, tells the EID and the profiles, and keeps the ISD-R to itself", async () => {
    const desk = await quietDesk({ dialect });
    await converse(desk, [
      ['AT+QESIM="lpa_enable"', '+QESIM: "lpa_enable",1|OK'],
      ['AT+QESIM="eid"', `+QESIM: "eid",${deskEid}|OK`],
      ['AT+QESIM="profile_brief"', '+QESIM: "profile_brief",2|OK'],
      [detail(1), first(1)],
      [detail(2), second(0)],
      [openIsdR, "+CME ERROR: 3"],
      [selectIsdR, '+CSIM: 4,"6985"|OK'],
    ]);
  });

  it("writes names with commas between quotes, and of a quote makes another mark", async () => {
    const desk = await quietDesk({ dialect });
    desk.euicc.profiles = desk.euicc.profiles.map((profile) => ({ ...profile, name: 'Test, "the" first' }));
    expect(await desk.ask(detail(1))).toContain(`"Boot","Test, 'the' first",1`);
  });

  it.each([",-1", ",2", ',"0"', ",0,1"])("refuses lpa_enable%s", async (value) => {
    const desk = await quietDesk({ dialect });
    expect(await desk.ask(`AT+QESIM="lpa_enable"${value}`)).toBe("ERROR");
    expect(await desk.ask('AT+QESIM="lpa_enable"')).toBe('+QESIM: "lpa_enable",1|OK');
  });

  it("lets go of the ISD-R with a reset, and not before; the setting outlives resets", async () => {
    const desk = await quietDesk({ dialect });
    await converse(desk, [
      ['AT+QESIM="lpa_enable",0', "OK"],
      ['AT+QESIM="lpa_enable"', '+QESIM: "lpa_enable",0|OK'],
      [openIsdR, "+CME ERROR: 3"],
      ['AT+QESIM="eid"', `+QESIM: "eid",${deskEid}|OK`],
    ]);
    for (let reset = 0; reset < 2; reset++) {
      await restart(desk);
      await converse(desk, [
        ['AT+QESIM="lpa_enable"', '+QESIM: "lpa_enable",0|OK'],
        [openIsdR, /^\+CCHO: \d+\|OK$/],
        ['AT+QESIM="eid"', "ERROR"],
        ['AT+QESIM="profile_brief"', "ERROR"],
        ['AT+QESIM="enable_profile",2', "ERROR"],
        ['AT+QESIM="def_svr_addr"', "ERROR"],
      ]);
    }
    expect(await desk.ask('AT+QESIM="lpa_enable",1')).toBe("OK");
    await restart(desk);
    expect(await desk.ask(openIsdR)).toBe("+CME ERROR: 3");
  });

  it("has no power over its eUICC while the SIM is off", async () => {
    const desk = await quietDesk({ dialect });
    await converse(desk, [
      ["AT+CFUN=0", "OK"],
      ['AT+QESIM="eid"', "ERROR"],
      ['AT+QESIM="profile_brief"', "ERROR"],
      [detail(1), "ERROR"],
      ['AT+QESIM="lpa_enable"', '+QESIM: "lpa_enable",1|OK'],
    ]);
  });

  it.each([
    ['"profile_detail",7', "an index beyond the last"],
    ['"profile_detail",0', "an index before the first"],
    ['"profile_detail"', "no index"],
    ['"profile_detail","1"', "an index between quotes"],
    ['"profile_brief",1', "a parameter too many"],
    ['"eid",1', "a parameter too many"],
    ['"enable_profile",1', "a profile that is enabled"],
    ['"disable_profile",2', "a profile that is disabled"],
    ['"delete_profile",1', "an enabled profile"],
    ['"delete_profile",3', "an index beyond the last"],
    ['"nickname",1', "no name"],
    ['"nickname",1,Fleet', "a name without quotes"],
    [`"nickname",1,"${"n".repeat(65)}"`, "a name of more than 64 bytes"],
    ['"def_svr_addr","no address"', "what is no address"],
    ['"def_svr_addr",7', "a number for an address"],
    ['"download","LPA:1$h$M"', "a download, which it has not"],
    ['"add_profile","LPA:1$h$M"', "another name for it"],
    ['"toString"', "no operation"],
    ["1", "no operation"],
  ])("refuses %s: %s", async (operation) => {
    const desk = await quietDesk({ dialect });
    const before = JSON.stringify(desk.euicc.profiles);
    expect(await desk.ask(`AT+QESIM=${operation}`)).toBe("ERROR");
    await desk.heard(2 * effectMs);
    expect(JSON.stringify(desk.euicc.profiles)).toBe(before);
    expect(desk.euicc.defaultSmdpAddress).toBe("");
  });
});

describe("a change of profiles by index", () => {
  it("is accepted at once and happens later; a host that asks again meanwhile is told OK again", async () => {
    const desk = await quietDesk({ dialect });
    const enable = 'AT+QESIM="enable_profile",2';
    await converse(desk, [
      [enable, "OK"],
      [detail(2), second(0)],
      [enable, "OK", effectMs - 1],
      [detail(2), second(0)],
    ]);
    expect(states(desk)).toEqual(["enabled", "disabled"]);
    await desk.heard(1);
    expect(states(desk)).toEqual(["disabled", "enabled"]);
    await converse(desk, [
      [detail(1), first(0)],
      [detail(2), second(1)],
      [enable, "ERROR"],
    ]);
  });

  it("is not joined by another change", async () => {
    const desk = await quietDesk({ dialect });
    await converse(desk, [
      ['AT+QESIM="disable_profile",1', "OK"],
      ['AT+QESIM="enable_profile",2', "ERROR"],
      ['AT+QESIM="delete_profile",2', "ERROR"],
    ]);
    await desk.heard(effectMs);
    expect(states(desk)).toEqual(["disabled", "disabled"]);
  });

  const losses: readonly (readonly [string, (desk: Desk) => Promise<unknown>])[] = [
    ["a restart of the modem", restart],
    [
      "CFUN=0",
      async (desk) => {
        await desk.ask("AT+CFUN=0");
        await desk.heard(effectMs);
        await desk.ask("AT+CFUN=1");
        await desk.heard(10_000);
      },
    ],
  ];
  it.each(losses)("does not survive %s", async (_, lose) => {
    const desk = await quietDesk({ dialect });
    await desk.ask('AT+QESIM="enable_profile",2');
    await lose(desk);
    expect(states(desk)).toEqual(["enabled", "disabled"]);
    expect(await desk.ask(detail(2))).toBe(second(0));
  });

  it("reaches the modem itself only when the SIM starts anew", async () => {
    const desk = await quietDesk({ dialect });
    await desk.ask('AT+QESIM="enable_profile",2');
    await desk.heard(effectMs + 10_000);
    expect(states(desk)).toEqual(["disabled", "enabled"]);
    expect(await desk.ask("AT+ICCID")).toBe(`+ICCID: ${firstIccid}|OK`);
    await desk.ask("AT+CFUN=0");
    await desk.ask("AT+CFUN=1");
    expect(await desk.heard(10_000)).toContain("+QUSIM: 1");
    expect(await desk.ask("AT+ICCID")).toBe(`+ICCID: ${secondIccid}|OK`);
  });

  it("moves the indexes of those behind a deleted profile", async () => {
    const desk = await quietDesk({ dialect });
    await desk.ask('AT+QESIM="disable_profile",1');
    await desk.heard(effectMs);
    await converse(desk, [
      ['AT+QESIM="delete_profile",1', "OK"],
      ['AT+QESIM="profile_brief"', '+QESIM: "profile_brief",1|OK'],
      [detail(1), second(0)],
      [detail(2), "ERROR"],
    ]);
    expect(desk.euicc.profiles.map(({ iccid }) => iccid)).toEqual([secondIccid]);
  });

  it("gives a name later, and of two the last one", async () => {
    const desk = await quietDesk({ dialect });
    await converse(desk, [
      ['AT+QESIM="nickname",2,"Fleet, north"', "OK"],
      [detail(2), second(0)],
    ]);
    await desk.heard(effectMs);
    await converse(desk, [
      [detail(2), second(0, "Fleet, north")],
      ['AT+QESIM="nickname",2,"first"', "OK"],
      ['AT+QESIM="nickname",2,"last"', "OK"],
    ]);
    await desk.heard(effectMs);
    expect(await desk.ask(detail(2))).toBe(second(0, "last"));
    expect(desk.euicc.profiles[1]?.nickname).toBe("last");
  });

  it("keeps the default SM-DP+ on the eUICC, and reads it back late", async () => {
    const desk = await quietDesk({ dialect });
    const read = 'AT+QESIM="def_svr_addr"';
    await converse(desk, [
      [read, '+QESIM: "def_svr_addr",""|OK'],
      ['AT+QESIM="def_svr_addr","esim.example.com"', "OK"],
      [read, '+QESIM: "def_svr_addr",""|OK'],
    ]);
    await desk.heard(effectMs);
    expect(await desk.ask(read)).toBe('+QESIM: "def_svr_addr","esim.example.com"|OK');
    expect(desk.euicc.defaultSmdpAddress).toBe("esim.example.com");
  });
});
