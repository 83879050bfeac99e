import { describe, expect, it } from "vitest";
import { builtInScenarios } from "../../../src/emulator/modem/built-in-scenarios.js";
import { checkScenario, worldSchema } from "../../../src/emulator/modem/scenario.js";
import { fillSlot } from "../../../src/emulator/modem/slot.js";
import { createPki } from "../../../src/emulator/pki/pki.js";
import { type Desk, firstIccid, quietDesk, secondIccid } from "./desk.js";

/** The built-in scenarios that retell what is told of modems in the field, each in the words on the wire. */

const open = 'AT+CCHO="A0000005591010FFFFFFFF8900000100"';
const es10 = 'AT+CGLA=1,10,"80E2910000"';

function play(name: string, dialect = "quectel-iccid"): Promise<Desk> {
  const { behaviours, world = {} } = checkScenario(builtInScenarios[name], name);
  return quietDesk({ dialect, behaviours, world });
}

describe("the built-in scenario", () => {
  it("m2m-euicc: the ISD-R opens, and then nothing", async () => {
    const desk = await play("m2m-euicc");
    expect(await desk.ask(open)).toBe("+CCHO: 1|OK");
    expect(await desk.ask(es10)).toBe('+CGLA: 4,"6985"|OK');
  });

  it("wrong-slot: a SIM that works, and no eUICC before the other slot is chosen", async () => {
    const desk = await play("wrong-slot");
    expect(await desk.ask(open)).toBe("+CME ERROR: 22");
    await desk.ask("AT+QUIMSLOT=2", 2_000);
    expect(await desk.ask(open)).toBe("+CCHO: 1|OK");
  });

  it.each([
    ["refresh-ignored", "AT+CFUN=0;+CFUN=1", secondIccid],
    ["refresh-needs-reset", "AT+CFUN=0;+CFUN=1", firstIccid],
    ["refresh-needs-reset", "AT+CFUN=1,1", secondIccid],
  ])("%s: what the modem knows after %s", async (name, command, iccid) => {
    const desk = await play(name);
    await desk.ask(`AT+QESIM="enable","${secondIccid}"`, 10_000);
    expect(await desk.ask("AT+QCCID")).toContain(firstIccid);
    await desk.ask(command, 5_000);
    expect(await desk.ask("AT+QCCID")).toContain(iccid);
  });

  it("slow-refresh: 6985 for ten seconds", async () => {
    const desk = await play("slow-refresh");
    await desk.ask(open);
    await desk.ask(`AT+QESIM="enable","${secondIccid}"`, 9_999);
    expect(await desk.ask(es10)).toBe('+CGLA: 4,"6985"|OK');
    await desk.heard(1);
    expect(await desk.ask(es10)).toBe("+CME ERROR: 14");
  });

  it("isdr-window: refused, and given some time later", async () => {
    const desk = await play("isdr-window", "etsi-apdu");
    expect(await desk.ask(open)).toContain("ERROR");
    expect(await desk.ask(open, 3_000)).toContain("ERROR");
    expect(await desk.ask(open)).toBe("+CCHO: 1|OK");
  });

  it("late-loader-error: a bare ERROR to one of the last segments of a package, which has reached the card", async () => {
    const desk = await play("late-loader-error");
    await desk.ask(open);
    const segment = `AT+CGLA=1,130,"80E291083C${"AB".repeat(60)}"`;
    const said: string[] = [];
    for (let i = 0; i < 4; i++) said.push(await desk.ask(segment));
    expect(said.map((answer) => answer.endsWith("|OK"))).toEqual([true, true, false, true]);
    expect(said[2]).toBe("ERROR");
    expect(desk.euicc.apdus).toHaveLength(4);
    expect(await desk.ask(`AT+CGLA=1,266,"80E2910080${"AB".repeat(128)}"`)).toBe("+CME ERROR: 50");
  });

  it("device-settings: +CME ERROR: 3 on every way to the card, and the test forms say nothing of it", async () => {
    const desk = await play("device-settings");
    for (const command of [open, es10, 'AT+CSIM=10,"0070000001"']) {
      expect(await desk.ask(command)).toBe("+CME ERROR: 3");
    }
    expect(await desk.ask("AT+CCHO=?")).toBe("OK");
  });

  it("pin-locked: SIM PIN", async () => {
    expect(await (await play("pin-locked")).ask("AT+CPIN?")).toBe("+CPIN: SIM PIN|OK");
  });

  it("burst-limit: an APDU of common length is lost in one piece", async () => {
    const desk = await play("burst-limit");
    await desk.ask(open);
    expect(await desk.ask(`AT+CGLA=1,130,"80E291083C${"AB".repeat(60)}"`, 1_000)).toBe("");
    expect(desk.euicc.apdus).toEqual([]);
  });

  it("partial-echo: T+CCHC=1", async () => {
    const desk = await play("partial-echo");
    await desk.ask("ATE1");
    expect(await desk.ask("AT+CCHC=1")).toBe("T+CCHC=1|+CME ERROR: 22");
  });

  it.each(["gnss-port", "diag-port"])("%s: no answer to AT", async (name) => {
    expect(await (await play(name)).ask("AT", 3_000)).not.toContain("OK");
  });

  it("slow-start: nothing for 45 s, and then a line that has waited", async () => {
    const desk = await play("slow-start");
    expect(await desk.ask("AT", 44_999)).toBe("");
    expect(await desk.heard(1)).toBe("\r\n+ESIMS: 1,29\r\n");
    expect(await desk.ask("AT")).toBe("AT|OK");
  });

  it("self-reset: gone after 90 s", async () => {
    const desk = await play("self-reset");
    await desk.heard(90_000);
    expect(desk.unplugs).toEqual([2_000]);
  });

  it("many-profiles: a list of more than 1 kB", async () => {
    const { world } = checkScenario(builtInScenarios["many-profiles"], "many-profiles");
    const slot = fillSlot({ pki: createPki(), bootstrap: true, world: () => worldSchema.parse(world) });
    expect(slot.euicc.profiles.map(({ state }) => state)).toEqual(["enabled", ...Array(14).fill("disabled")]);
    expect(new Set(slot.euicc.profiles.map(({ iccid }) => iccid)).size).toBe(15);
    expect(new Set(slot.euicc.profiles.map(({ isdpAid }) => isdpAid)).size).toBe(15);
    const { response } = slot.ports.euicc.es10(Buffer.from("BF2D00", "hex"));
    expect(response.length).toBeGreaterThan(1024);
  });
});
