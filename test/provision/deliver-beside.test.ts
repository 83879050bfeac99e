import { describe, expect, it } from "vitest";
import { sleep } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";
import { parseIccid } from "../../src/base/identifiers.js";
import { type Delivered, nothingDelivered } from "../../src/lpa/lpa.js";
import { SmallWorld } from "../support/small-world.js";

/** What the eUICC has to tell its SM-DP+ after the switch, told while the modem looks for a network. */

const registersAfterMs = 30_000;

/** Our own LPA, on a modem that registers half a minute after the switch; each delivery takes three seconds. */
function slowWorld(deliveries: readonly Delivered[] = []): { world: SmallWorld; told: { registered: boolean }[] } {
  const world = new SmallWorld();
  const { euicc, clock, answers } = world;
  const told: { registered: boolean }[] = [];
  const isRegistered = (): boolean => answers.get("AT+CEREG?")?.[0] !== "+CEREG: 0,2";
  euicc.kind = "host";
  const left = [...deliveries];
  euicc.deliverNotifications = async (_iccid, _outbox, signal) => {
    told.push({ registered: isRegistered() });
    await sleep(clock, 3_000, signal);
    return left.shift() ?? nothingDelivered;
  };
  const enable = euicc.enableProfile.bind(euicc);
  euicc.enableProfile = async (iccid) => {
    await enable(iccid);
    answers.set("AT+CEREG?", ["+CEREG: 0,2", "OK"]);
    clock.setTimer(registersAfterMs, () => answers.set("AT+CEREG?", ["+CEREG: 0,1", "OK"]));
  };
  return { world, told };
}

describe("notifications after the switch", () => {
  it("are told while the modem looks for a network, and once", async () => {
    const { world, told } = slowWorld();
    const { state, timings } = await world.run();
    expect(state).toBe("provisioned");
    expect(told).toEqual([{ registered: false }]);
    expect(timings.notifying).toBe(0);
  });

  it("are told again once it has one, where the SM-DP+ did not take them", async () => {
    const kept = { seqNumber: 2, address: "smdp.example", iccid: parseIccid("8988307000000000001", "test") };
    const error = new EsimdError("smdp_unreachable", "no route");
    const { world, told } = slowWorld([{ delivered: 0, kept: [{ ...kept, der: Buffer.from("30", "hex") }], error }]);
    expect(await world.run()).toMatchObject({ state: "provisioned", facts: { owedNotifications: 0 } });
    expect(told).toEqual([{ registered: false }, { registered: true }]);
  });

  it("wait for the network where the profile that was left may have been the host's way out", async () => {
    const { world, told } = slowWorld();
    world.euicc.profiles.push({ iccid: parseIccid("8988303000000000017", "test"), enabled: true });
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect(told).toEqual([{ registered: true }]);
  });

  it("wait for the end of a trial that an earlier run left open, which comes before the host's clock is looked at", async () => {
    const { world, told } = slowWorld();
    world.euicc.profiles.push({ iccid: parseIccid("8988303000000000017", "test"), enabled: true });
    const stop = new AbortController();
    const enable = world.euicc.enableProfile.bind(world.euicc);
    world.euicc.enableProfile = async (iccid) => {
      await enable(iccid);
      stop.abort(new EsimdError("cancelled", "stopped"));
    };
    expect(await world.run(stop.signal)).toMatchObject({ state: "failed" });
    expect(await world.run()).toMatchObject({ state: "provisioned" });
    expect(world.states).toContain("checking");
    expect(told.map(({ registered }) => registered)).not.toContain(false);
  });

  it("are no longer under way when the card is asked for the next thing", async () => {
    const { world } = slowWorld();
    const { euicc, clock } = world;
    let under = 0;
    euicc.deliverNotifications = async (_iccid, _outbox, signal) => {
      under++;
      await sleep(clock, 45_000, signal);
      under--;
      return nothingDelivered;
    };
    let seen: number | undefined;
    const get = world.provider.getESimProfile.bind(world.provider);
    world.provider.getESimProfile = (sid) => {
      seen = under;
      return get(sid);
    };
    const { state, timings } = await world.run();
    expect([state, seen, timings.registering]).toEqual(["provisioned", 0, 45_000]);
  });
});
