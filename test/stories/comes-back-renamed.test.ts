import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.js";
import type { BehaviourInput } from "../../src/emulator/api/behaviours.js";
import { isFinal, type StateName, stateNames } from "../../src/provision/states.js";
import { configured, endOf, provisioned, reservationPosts, successResults, until } from "./conditions.js";
import { type Field, type FieldOptions, startField } from "./field.js";
import { UsbBench } from "./usb-bench.js";

/** The modem is pulled out at every step of a provision and comes back under another tty name: one run sees it through, for one charge. */

type Way = Pick<FieldOptions, "dialect" | "lpa" | "modem"> & { readonly api?: readonly BehaviourInput[] };

/** Acts once, when the run's progress tells that it enters a state for the first time. */
function onEntering(state: StateName, act: (field: Field) => void): (text: string, field: Field) => void {
  let isDone = false;
  return (text, field) => {
    if (isDone || !text.includes(`"state":"${state}"`)) return;
    isDone = true;
    act(field);
  };
}

/** Whether a run needs the modem after it was pulled out: then it has to wait for it, and finds it under its new name. */
type Missed = "missed" | "not missed";

/** One provision in which `pull` takes the modem out, as the run enters a state; the modem puts itself back. */
async function provisionWithPull(
  way: Way,
  state: StateName,
  pull: (field: Field) => void,
  expected: Missed = "missed",
): Promise<void> {
  const bench = new UsbBench();
  const field = await startField({ ...way, host: bench.host.roots, onStdout: onEntering(state, pull) });
  try {
    bench.plugIn(field);
    const first = bench.atPort;
    const running = field.provision([
      "--port",
      first,
      ...(await configured(field, { reservation: { reserve_settle: "3s" } })),
    ]);
    let isOver = false;
    void running.finally(() => {
      isOver = true;
    });
    await until(() => isOver || !existsSync(field.world.port), `the modem is pulled out in the state ${state}`);
    bench.plugIn(field);
    const ended = await running;
    expect(endOf(ended)).toEqual(provisioned);
    const isMissed = ended.stdout.includes("waiting up to 60 s for it to come back");
    expect(isMissed ? "missed" : "not missed").toBe(expected);
    expect(ended.report()).toMatchObject({ changed: true, modem: { port: isMissed ? bench.atPort : first } });
    expect(field.charges()).toBe(1);
    expect(reservationPosts(field)).toBe(1);
    expect(field.world.smdp.orders()).toMatchObject([{ iccid: ended.report().iccid, state: "Installed" }]);
    expect(successResults(field)).toBe(1);
  } finally {
    await field.close();
    bench.host.close();
  }
}

const replugAfterMs = 200;

function pullNow(field: Field): void {
  const { modem } = field.world;
  void modem.unplug().then(() => systemClock.setTimer(replugAfterMs, () => void modem.replug()));
}

function pullAtNextCommand(field: Field): void {
  field.world.modem.prependBehaviour({ times: 1, do: { kind: "unplug", when: "executed", replugAfterMs } });
}

/** Where the profile has service and no address is to be written, no run comes to these. */
const apart: ReadonlySet<StateName> = new Set(["addressing", "reverting", "recovering"]);
const working = stateNames.filter((state) => !isFinal(state) && !apart.has(state));
/** The modem is not there before it is looked for; that is another story. */
const entered = working.filter((state) => state !== "connecting");

/** The POST takes effect, its answer is lost, and the list shows it late: the one way into `settling`. */
const lostAnswer: readonly BehaviourInput[] = [
  {
    match: { method: "POST", path: "/v1/ESimProfiles", nth: 1 },
    actions: [
      { do: "cut", effect: true },
      { do: "stale-list", ms: 700 },
    ],
  },
];

const relay = { dialect: "quectel-iccid", lpa: "modem" } as const;
const network = { dialect: "quectel-nwmode", lpa: "modem" } as const;
const host = { dialect: "quectel-iccid", lpa: "host" } as const;

/** Nothing more is asked of the modem from there on: our own LPA has told the SM-DP+ while the modem looked for a network. */
const lastUses: readonly StateName[] = ["checking", "notifying", "confirming"];

describe.each([
  ["the modem's LPA, whose HTTPS we carry", relay],
  ["the modem's LPA over its own network", network],
  ["our LPA", host],
] as const)("the modem comes back under another name, %s", { concurrent: true }, (_name, way) => {
  it.each(entered)("pulled out as the run enters the state %s", (state) =>
    provisionWithPull(
      state === "settling" ? { ...way, api: lostAnswer } : way,
      state,
      pullNow,
      lastUses.includes(state) ? "not missed" : "missed",
    ),
  );

  it.each(["connecting", "identifying", "surveying", "downloading", "verifying", "enabling", "registering"] as const)(
    "pulled out when it has carried out the first command of the state %s, before it answers",
    (state) => provisionWithPull(way, state, pullAtNextCommand),
  );
});

/** A line by which a part of the package goes to the modem; the modem has taken it, and is gone before it says so. */
function pulledAtLine(command: string, nth: number): Pick<Way, "modem"> {
  return { modem: { behaviours: [{ command, nth, do: { kind: "unplug", when: "executed", replugAfterMs } }] } };
}

describe("the modem comes back under another name, pulled out in the middle of the package", {
  concurrent: true,
}, () => {
  it.each([
    ["its HTTPS answer's first chunk", relay, '"trans",\\d+,1,0,', 3],
    ["the answer's fifth chunk", relay, '"trans",\\d+,1,4,', 1],
    ["the answer's tenth chunk", relay, '"trans",\\d+,1,9,', 1],
    ["an early segment", host, '^AT\\+CGLA=.*"8.E2', 40],
    ["a segment in its middle", host, '^AT\\+CGLA=.*"8.E2', 60],
    ["a later segment", host, '^AT\\+CGLA=.*"8.E2', 68],
    ["the modem's own download", network, '"download",0', 1],
  ] as const)("%s", (_name, way, command, nth) =>
    provisionWithPull({ ...way, ...pulledAtLine(command, nth) }, "downloading", () => undefined),
  );
});
