import { describe, expect, it } from "vitest";
import { converse, restart } from "./conversation.js";
import { type Desk, firstIccid, quietDesk } from "./desk.js";

const dialect = "sierra";
const openIsdR = 'AT+CCHO="A0000005591010FFFFFFFF8900000100"';
const status = "80CA010112";
const handle = "000000000385a7cf";

/** Its LPA switched off, as an operator does it. */
async function opened(): Promise<Desk> {
  const desk = await quietDesk({ dialect });
  await desk.ask('AT!ENTERCND="A710"');
  await desk.ask('AT!CUSTOM="SIMLPA",0');
  await restart(desk);
  return desk;
}

describe("a Sierra modem", () => {
  it("tells who it is under labels, and the ICCID by its own command", async () => {
    const desk = await quietDesk({ dialect });
    await converse(desk, [
      ["ATI", "Manufacturer: Sierra Wireless, Incorporated|Model: EM7590|Revision: SWI9X50C_01.14.22.00|OK"],
      ["AT!ICCID?", `!ICCID: ${firstIccid}|OK`],
      ["AT!ICCID", "+CME ERROR: 4"],
      ["AT+QCCID", "+CME ERROR: 4"],
    ]);
  });

  it("has the ISD-R for its own LPA until SIMLPA is off and the modem was reset", async () => {
    const desk = await quietDesk({ dialect });
    await converse(desk, [
      [openIsdR, "+CME ERROR: 3"],
      ["AT!CUSTOM?", /!CUSTOM: .*SIMLPA\t\t0x01\|OK$/],
      ['AT!CUSTOM="SIMLPA",0', "ERROR"],
      ['AT!ENTERCND="guess"', "ERROR"],
      ['AT!CUSTOM="SIMLPA",0', "ERROR"],
      ['AT!ENTERCND="A710"', "OK"],
      ['AT!CUSTOM="SIMLPA",2', "ERROR"],
      ['AT!CUSTOM="SIMLP",0', "ERROR"],
      ['AT!CUSTOM="SIMLPA",0', "OK"],
      ["AT!CUSTOM?", /SIMLPA\t\t0x00\|OK$/],
      [openIsdR, "+CME ERROR: 3"],
    ]);
    await restart(desk);
    await converse(desk, [
      [openIsdR, `+CCHO: ${handle}|OK`],
      // The password is for one life.
      ['AT!CUSTOM="SIMLPA",1', "ERROR"],
      ["AT!CUSTOM?", /SIMLPA\t\t0x00\|OK$/],
    ]);
  });

  it("gives handles that are no channels, each another, and knows them only as it wrote them", async () => {
    const desk = await opened();
    await converse(desk, [
      [openIsdR, `+CCHO: ${handle}|OK`],
      [openIsdR, "+CCHO: 000000000385f32f|OK"],
      [`AT+CGLA=${handle},10,"${status}"`, '+CGLA: 8,"81CA9000"|OK'],
      [`AT+CGLA=000000000385f32f,10,"${status}"`, '+CGLA: 8,"82CA9000"|OK'],
      [`AT+CGLA=1,10,"${status}"`, "+CME ERROR: 22"],
      [`AT+CGLA=385a7cf,10,"${status}"`, "+CME ERROR: 22"],
      [`AT+CGLA=000000000385a7d0,10,"${status}"`, "+CME ERROR: 22"],
      ["AT+CCHC=1", "+CME ERROR: 22"],
      [`AT+CCHC=${handle}`, "OK"],
      [`AT+CGLA=${handle},10,"${status}"`, "+CME ERROR: 22"],
    ]);
  });

  it("takes no channel number in CLA, and no CSIM", async () => {
    const desk = await opened();
    await converse(desk, [
      [openIsdR, `+CCHO: ${handle}|OK`],
      [`AT+CGLA=${handle},10,"81CA010112"`, '+CGLA: 4,"6881"|OK'],
      ['AT+CSIM=10,"0070000001"', "ERROR"],
      ["AT+CGLA=?", "ERROR"],
      ["AT+CCHO=?", "OK"],
    ]);
    expect(desk.euicc.apdus).toEqual([]);
  });

  it("has words of its own for wrong parameters", async () => {
    const desk = await quietDesk({ dialect });
    await desk.ask("AT+CMEE=2");
    expect(await desk.ask('AT+CCHO="A"')).toBe("+CME ERROR: Parameters error");
  });

  it("takes ten seconds to a REFRESH, and meanwhile answers ES10 with 6985", async () => {
    const desk = await opened();
    await desk.ask(openIsdR);
    const command = `AT+CGLA=${handle},10,"80E2910031"`;
    expect(await desk.ask(command)).toBe('+CGLA: 8,"81E29100"|OK');
    expect(await desk.ask(command)).toBe('+CGLA: 4,"6985"|OK');
    await desk.heard(10_000);
    // The card has started, and with it the channel went.
    expect(await desk.ask(command)).toBe("+CME ERROR: 14");
    await desk.heard(10_000);
    expect(await desk.ask(command)).toBe("+CME ERROR: 22");
  });
});
