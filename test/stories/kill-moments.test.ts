import { describe, expect, it, type TestContext } from "vitest";
import type { BehaviourInput } from "../../src/emulator/api/behaviours.js";
import type { ScenarioInput } from "../../src/emulator/smdp/scenario.js";
import { configured, endOf, endsAs, impatient, provisioned, reservationPosts, successResults } from "./conditions.js";
import { type Field, type FieldOptions, startField } from "./field.js";
import { killWhen, type Seen } from "./kill.js";

/** The process dies at the worst moments inside a state: with money, a package or a switch under way. */

/** Whose LPA downloads, and over whose network. */
const ways = {
  relay: { dialect: "quectel-iccid", lpa: "modem" },
  modem: { dialect: "quectel-nwmode", lpa: "modem" },
  host: { dialect: "quectel-iccid", lpa: "host" },
} as const satisfies Readonly<Record<string, FieldOptions>>;
type Way = keyof typeof ways;

interface Moment {
  readonly name: string;
  readonly ways?: readonly Way[];
  readonly api?: readonly BehaviourInput[];
  readonly smdp?: ScenarioInput;
  readonly modem?: FieldOptions["modem"];
  /** Of the modem's world. */
  readonly installMs?: number;
  readonly notReadyMs?: number;
  readonly when: (field: Field, seen: Seen) => boolean;
  /** The SM-DP+ may not have heard of the installation: the modem gave its result up with the host. */
  readonly resultLost?: true;
}

const posted = (field: Field): boolean => reservationPosts(field) > 0;
const simPosted = (field: Field): boolean =>
  field.world.api.requests().some(({ method, path }) => method === "POST" && path.startsWith("/v1/Sims/"));
const fromHost = (field: Field, pattern: RegExp): number =>
  field.world.modem.transcript.filter(({ from, text }) => from === "host" && pattern.test(text)).length;

const post = (...actions: BehaviourInput["actions"]): BehaviourInput => ({
  match: { method: "POST", path: "/v1/ESimProfiles", nth: 1 },
  actions,
});

const moments: readonly Moment[] = [
  {
    name: "the POST took effect, its answer is not there yet",
    api: [post({ do: "silence", effect: true })],
    when: posted,
  },
  { name: "the POST is on its way, and will have no effect", api: [post({ do: "silence" })], when: posted },
  {
    name: "the POST is on its way, and takes effect afterwards",
    api: [post({ do: "delay", ms: 600 })],
    when: posted,
  },
  {
    name: "the POST took effect, and lists do not show it yet",
    api: [post({ do: "silence", effect: true }, { do: "stale-list", ms: 900 })],
    when: posted,
  },
  {
    name: "the modem's LPA has authenticated, nothing is loaded",
    ways: ["relay", "host"],
    when: (_field, { stages }) => stages.has("authorising"),
  },
  {
    name: "the first chunk of the package is in the modem",
    ways: ["relay", "host"],
    when: (_field, { stages }) => stages.has("loading"),
  },
  {
    name: "the tenth chunk is in the modem",
    ways: ["relay"],
    when: (field) => fromHost(field, /"trans",\d+,1,9,/) > 0,
  },
  {
    name: "the profile is installed, and the SM-DP+ has not heard of it",
    ways: ["relay"],
    smdp: { behaviours: [{ function: "handleNotification", nth: 1, do: { kind: "cut" } }] },
    when: (_field, { stages }) => stages.has("reporting"),
    resultLost: true,
  },
  {
    name: "half of the package is in the eUICC",
    ways: ["host"],
    when: (field) => fromHost(field, /^AT\+CGLA=.*"8.E2/) > 60,
  },
  {
    name: "the profile is installed, and the SM-DP+ has not heard of it yet",
    ways: ["host"],
    smdp: { behaviours: [{ function: "handleNotification", nth: 1, do: { kind: "cut" } }] },
    when: (field) => field.world.modem.euicc.profiles.length > 0,
  },
  {
    name: "the modem downloads by itself",
    ways: ["modem"],
    smdp: { behaviours: [{ function: "getBoundProfilePackage", nth: 1, do: { kind: "delay", ms: 1500 } }] },
    when: (field) => fromHost(field, /"download",0/) > 0,
  },
  {
    name: "the modem has installed the profile by itself, and not reported it",
    ways: ["modem"],
    installMs: 1500,
    when: (field) => field.world.modem.euicc.profiles.length > 1,
  },
  { name: "the Sim's update is scheduled", when: simPosted },
  {
    name: "the eUICC has switched, and the answer was not fetched: its REFRESH waits",
    ways: ["host"],
    modem: { behaviours: [{ command: "80C00000", state: "enabled", delayMs: 300, do: { kind: "answer" } }] },
    when: (field) => field.world.modem.euicc.profiles.some(({ state }) => state === "enabled"),
  },
  {
    name: "the eUICC has switched, its REFRESH waits, and then the card takes its time to restart",
    ways: ["host"],
    modem: { behaviours: [{ command: "80C00000", state: "enabled", delayMs: 300, do: { kind: "answer" } }] },
    notReadyMs: 200,
    when: (field) => field.world.modem.euicc.profiles.some(({ state }) => state === "enabled"),
  },
  {
    name: "the modem was told to enable the profile",
    when: (field) => fromHost(field, /"enable"|"8.E29100..BF31/) > 0,
  },
];

const cases = moments.flatMap((moment) =>
  (moment.ways ?? (["relay", "modem", "host"] as const)).map((way) => ({ ...moment, way })),
);

async function start(test: TestContext, way: Way, moment: Omit<Moment, "name" | "when">): Promise<Field> {
  const field = await startField({
    ...ways[way],
    ...(moment.api === undefined ? {} : { api: moment.api }),
    ...(moment.modem === undefined ? {} : { modem: moment.modem }),
    ...(moment.smdp === undefined ? {} : { smdp: moment.smdp }),
    world: {
      modemWorld: {
        simBusyMs: 150,
        registrationMs: 200,
        relayTimeoutMs: 3000,
        installMs: moment.installMs ?? 0,
        notReadyMs: moment.notReadyMs ?? 0,
      },
      apiTiming: { toReservingMs: 20, toAvailableMs: 60, simScheduledMs: 300 },
    },
  });
  test.onTestFinished(() => field.close());
  return field;
}

describe("esimd is killed, and run again: provisioned, one charge", { concurrent: true }, () => {
  it.for(cases)("$name: $way", async ({ way, when, name, ...moment }, test) => {
    const field = await start(test, way, moment);
    const words = await configured(field);
    await killWhen(field, words, (seen) => when(field, seen), name);

    const ended = await field.provision(words);
    expect(endOf(ended)).toEqual(provisioned);
    expect(ended.report()).toMatchObject({ sim: { status: "ready" } });
    expect(field.charges()).toBe(1);
    expect(field.world.smdp.orders().map(({ iccid, state }) => [iccid, state])).toEqual([
      [ended.report().iccid, moment.resultLost === true ? "Downloaded" : "Installed"],
    ]);
    expect(successResults(field)).toBe(moment.resultLost === true ? 0 : 1);
  });
});

describe("esimd is killed before it restarts a modem that goes on with the old profile", () => {
  it("the next run restarts it, and nothing is left to tell the SM-DP+", async (test) => {
    const field = await startField({
      ...ways.host,
      world: { modemWorld: { simBusyMs: 150, registrationMs: 200, refresh: "needs-cfun" } },
    });
    test.onTestFinished(() => field.close());
    const words = await configured(field, { modem: { ...(await impatient(field)) } });
    await killWhen(field, words, ({ states }) => states.includes("refreshing"), "the run is refreshing");
    expect(fromHost(field, /^AT\+CFUN=/)).toBe(0);

    const ended = await field.provision(words);
    expect(endOf(ended)).toEqual(provisioned);
    expect(fromHost(field, /^AT\+CFUN=/)).toBe(2);
    expect(field.world.modem.euicc.toJSON().notifications).toEqual([]);
  });
});

describe("esimd is killed while it reserves an activation code", { concurrent: true }, () => {
  it.for([
    ["the POST took effect", { do: "silence", effect: true }, 1],
    ["the POST has no effect", { do: "silence" }, 0],
  ] as const)("%s: held, and it stays so", async ([, action, charges], test) => {
    const field = await start(test, "relay", { api: [post(action)] });
    const words = [...(await configured(field)), "--method", "activation-code"];
    await killWhen(field, words, () => posted(field), "the API has seen the POST");

    for (const more of [[], ["--method", "eid"], []]) {
      const ended = await field.provision([...words, ...more]);
      expect(endOf(ended)).toEqual(endsAs(79, "held", "reservation_unclear"));
    }
    expect(reservationPosts(field)).toBe(1);
    expect(field.charges()).toBe(charges);
  });
});
