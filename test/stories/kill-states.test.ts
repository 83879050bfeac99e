import { describe, expect, it, type TestContext } from "vitest";
import type { BehaviourInput } from "../../src/emulator/api/behaviours.js";
import { isFinal, type StateName, stateNames } from "../../src/provision/states.js";
import { configured, endOf, provisioned, reservationPosts, successResults } from "./conditions.js";
import { type Field, type FieldOptions, startField } from "./field.js";
import { killWhen } from "./kill.js";

/** The process dies in every state, and the device is provisioned all the same, for the price of one profile. */

/** Every state lasts long enough to be killed in, and a download that lost its host is given up soon. */
const slow: FieldOptions = {
  modem: {
    behaviours: [
      {
        // The last are ES10c: list of profiles, list of notifications, enable.
        command: '^AT\\+(CGMI|CEREG|QESIM="(list|eid|download|enable)"|CCHO|CGLA=\\d+,\\d+,"8.E2.{6}BF(2D|28|31))',
        delayMs: 120,
        do: { kind: "answer" },
      },
    ],
  },
  // Without it the telling is over before the kill arrives, on a machine that is busy.
  smdp: { behaviours: [{ function: "handleNotification", do: { kind: "delay", ms: 400 } }] },
  world: {
    modemWorld: { simBusyMs: 150, registrationMs: 200, relayTimeoutMs: 3000 },
    apiTiming: { toReservingMs: 50, toAvailableMs: 300, simScheduledMs: 300 },
  },
};
const slowAnswers: readonly BehaviourInput[] = [
  { match: { method: "GET", path: "/v1/ESimProfiles/*" }, actions: [{ do: "delay", ms: 120 }] },
];
/** The POST takes effect, its answer is lost, and the list shows it late: the one way into `settling`. */
const lostAnswer: BehaviourInput = {
  match: { method: "POST", path: "/v1/ESimProfiles", nth: 1 },
  actions: [
    { do: "cut", effect: true },
    { do: "stale-list", ms: 700 },
  ],
};
const slowPost: BehaviourInput = {
  match: { method: "POST", path: "/v1/ESimProfiles", nth: 1 },
  actions: [{ do: "delay", ms: 150 }],
};

/** Where the profile has service and no address is to be written, no run comes to these; the sweeps cut them (test/sweep/rollback.ts, cuts.ts). */
const apart: ReadonlySet<StateName> = new Set(["addressing", "reverting", "recovering"]);
const working = stateNames.filter((state) => !isFinal(state) && !apart.has(state));

type Way = Pick<FieldOptions, "dialect" | "lpa">;

async function start(test: TestContext, way: Way, api: readonly BehaviourInput[]): Promise<Field> {
  const field = await startField({ ...slow, ...way, api });
  test.onTestFinished(() => field.close());
  return field;
}

describe.each([
  ["the modem's LPA, our HTTPS", { dialect: "quectel-iccid", lpa: "modem" }],
  ["the modem alone", { dialect: "quectel-nwmode", lpa: "modem" }],
  ["our LPA", { dialect: "quectel-iccid", lpa: "host" }],
] as const)("esimd is killed, %s", { concurrent: true }, (_way, way) => {
  it.for(working)("in the state %s, and run again: provisioned, one charge", async (state, test) => {
    const field = await start(test, way, [state === "settling" ? lostAnswer : slowPost, ...slowAnswers]);
    const words = await configured(field, { reservation: { reserve_settle: "3s" } });
    const seen = await killWhen(field, words, ({ states }) => states.includes(state), `the run is ${state}`);
    expect(seen.states.at(-1)).toBe(state);

    const ended = await field.provision(words);
    expect(endOf(ended)).toEqual(provisioned);
    expect(ended.report()).toMatchObject({ sim: { status: "ready" } });
    expect(field.charges()).toBe(1);
    expect(reservationPosts(field)).toBe(1);
    expect(field.world.smdp.orders().map(({ iccid }) => iccid)).toEqual([ended.report().iccid]);
    expect(successResults(field)).toBe(1);

    // And then it is over: nothing is left half done.
    expect((await field.provision(words)).report()).toMatchObject({ state: "provisioned", changed: false });
  });

  it.for(["surveying", "awaiting", "downloading", "verifying", "enabling"] as const)(
    "in the state %s, by activation code, and run again: provisioned, one charge",
    async (state, test) => {
      const field = await start(test, way, slowAnswers);
      const words = [...(await configured(field)), "--method", "activation-code"];
      const seen = await killWhen(field, words, ({ states }) => states.includes(state), `the run is ${state}`);
      expect(seen.states.at(-1)).toBe(state);

      const ended = await field.provision(words);
      expect(endOf(ended)).toEqual(provisioned);
      expect(ended.report()).toMatchObject({ esimProfile: { method: "activation-code" } });
      expect(field.charges()).toBe(1);
      expect(reservationPosts(field)).toBe(1);
      expect(successResults(field)).toBe(1);
    },
  );
});
