import { describe, expect, it } from "vitest";
import { SmallWorld } from "../support/small-world.js";

/** A daemon runs again after each failure: what the runs do to the modem together. */

const other = "8988307000000000019";

/** A modem without a network that tells another ICCID than the enabled profile's, whatever is done to it. */
function lyingModem(): SmallWorld {
  const world = new SmallWorld();
  world.answers.set("AT+CPIN?", ["+CPIN: READY", "OK"]);
  world.answers.set("AT+QCCID", [`+QCCID: ${other}`, "OK"]);
  world.answers.set("AT+CEREG?", ["+CEREG: 0,2", "OK"]);
  for (const text of ["AT+CFUN=0", "AT+CFUN=1", "AT+CFUN=1,1", "AT", "ATV1", "ATE0", "AT+CMEE=1"])
    world.answers.set(text, ["OK"]);
  return world;
}

function restarts({ sent }: SmallWorld): readonly string[] {
  return sent.filter((text) => text === "AT+CFUN=0" || text === "AT+CFUN=1,1");
}

describe("a modem that never takes the profile up", () => {
  it("is restarted four times at most, however often the daemon runs", async () => {
    const world = lyingModem();
    for (let runs = 1; runs <= 5; runs++)
      expect(await world.run()).toMatchObject({ state: "failed", error: { code: "refresh_missing" } });
    expect(restarts(world)).toEqual(["AT+CFUN=0", "AT+CFUN=1,1", "AT+CFUN=0", "AT+CFUN=1,1"]);
    const { error } = await world.run();
    expect(error?.message).toContain("nothing was restarted; 4 restarts before did not help");
    expect(world.provider.charges).toBe(1);
  });

  it("and takes it up in the end has all its restarts again for the next time", async () => {
    const world = lyingModem();
    await world.run();
    await world.run();
    world.answers.set("AT+QCCID", ["+QCCID: 89883070000000000001", "OK"]);
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    world.answers.set("AT+QCCID", [`+QCCID: ${other}`, "OK"]);
    await world.run();
    expect(restarts(world)).toHaveLength(6);
  });
});

describe("the APN of before, which the modem refuses to take back", () => {
  it("is known to the next run, which puts it back", async () => {
    const world = lyingModem();
    world.policy = { ...world.policy, apn: "super" };
    world.answers.set("AT+CGDCONT?", ['+CGDCONT: 1,"IP","old.apn"', "OK"]);
    world.answers.set('AT+CGDCONT=1,"IP","super"', ["OK"]);
    await world.run();
    world.answers.set("AT+CGDCONT?", ['+CGDCONT: 1,"IP","super"', "OK"]);
    await world.run();
    world.answers.set('AT+CGDCONT=1,"IP","old.apn"', ["OK"]);
    await world.run();
    await world.run();
    expect(world.sent.filter((text) => text === 'AT+CGDCONT=1,"IP","old.apn"')).toHaveLength(3);
  });
});
