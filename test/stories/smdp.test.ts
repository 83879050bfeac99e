import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { systemClock } from "../../src/base/clock.js";
import { parseEid } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { runModemDownload } from "../../src/emulator/euicc/modem-lpa.js";
import { es9OverOwnNetwork } from "../../src/emulator/modem/dialects/own-network.js";
import { startFakeModem } from "../../src/emulator/modem/fake-modem.js";
import { loadPki } from "../../src/emulator/pki/pki.js";
import type { ScenarioInput } from "../../src/emulator/smdp/scenario.js";
import { configured, endOf, endsAs, provisioned, reservationPosts, successResults } from "./conditions.js";
import { type Field, type FieldOptions, startField } from "./field.js";

/** Bad days of the SM-DP+: what was paid for is tried again while that may help, is held when it may not, and is never paid twice. */

async function start(test: TestContext, options: FieldOptions = {}): Promise<Field> {
  const field = await startField(options);
  test.onTestFinished(() => field.close());
  return field;
}

/** Whose LPA downloads, and over whose network. */
const ways = {
  "the modem's LPA, our HTTPS": { dialect: "quectel-iccid", lpa: "modem" },
  "our LPA": { dialect: "quectel-iccid", lpa: "host" },
  "the modem alone": { dialect: "quectel-nwmode", lpa: "modem" },
} as const satisfies Readonly<Record<string, FieldOptions>>;
type Way = keyof typeof ways;
const ourHttps: readonly Way[] = ["the modem's LPA, our HTTPS", "our LPA"];

type OrderState = "Released" | "Downloaded" | "Installed" | "Error";

interface Day {
  readonly name: string;
  readonly smdp: ScenarioInput;
  readonly ways: readonly Way[];
  readonly method?: "activation-code";
  readonly end: object;
  readonly order: OrderState;
  /** Of the run after it. */
  readonly next?: { readonly end: object; readonly order: OrderState };
}

const good = { end: provisioned, order: "Installed" } as const;
const held = (code: string, order: OrderState) => ({
  end: endsAs(79, "held", code),
  order,
  next: { end: endsAs(79, "held", code), order },
});

const sessionSteps = ["initiateAuthentication", "authenticateClient", "getBoundProfilePackage"] as const;
const code = (subjectCode: string, reasonCode: string) => ({ kind: "failed", subjectCode, reasonCode }) as const;
const atClient = (
  action: ScenarioInput["behaviours"] extends undefined | readonly (infer Entry)[]
    ? Entry extends { do: infer Do }
      ? Do
      : never
    : never,
  times?: number,
): ScenarioInput => ({
  behaviours: [{ function: "authenticateClient", nth: 1, ...(times === undefined ? {} : { times }), do: action }],
});

const days: readonly Day[] = [
  ...sessionSteps.flatMap((fn): Day[] => [
    {
      name: `an HTML page with 500 at ${fn}`,
      smdp: { behaviours: [{ function: fn, nth: 1, do: { kind: "http" } }] },
      ways: ourHttps,
      ...good,
    },
    {
      name: `a cut connection at ${fn}`,
      smdp: { behaviours: [{ function: fn, nth: 1, do: { kind: "cut" } }] },
      ways: ourHttps,
      ...good,
    },
    {
      name: `a cut connection at ${fn}, after it took effect`,
      smdp: { behaviours: [{ function: fn, nth: 1, do: { kind: "cut", executed: true } }] },
      ways: ourHttps,
      ...good,
    },
  ]),
  {
    name: "an HTML page with 500 at handleNotification",
    smdp: { behaviours: [{ function: "handleNotification", nth: 1, do: { kind: "http", executed: true } }] },
    ways: ourHttps,
    ...good,
  },
  {
    name: "an HTML page with 500 while the modem downloads",
    smdp: { behaviours: [{ function: "getBoundProfilePackage", nth: 1, do: { kind: "http" } }] },
    ways: ["the modem alone"],
    ...good,
  },
  {
    name: "an HTML page with 500 whenever a session begins",
    smdp: { behaviours: [{ function: "initiateAuthentication", nth: 1, times: 2, do: { kind: "http" } }] },
    ways: ourHttps,
    end: endsAs(69, "failed", "smdp_error"),
    order: "Released",
    next: good,
  },
  {
    name: "no answer whenever a session begins",
    smdp: { behaviours: [{ function: "initiateAuthentication", nth: 1, times: 2, do: { kind: "cut" } }] },
    ways: ourHttps,
    end: endsAs(69, "failed", "smdp_unreachable"),
    order: "Released",
    next: good,
  },
  { name: "a failure code that nobody knows", smdp: atClient(code("9.9.9", "9.9")), ways: ourHttps, ...good },
  {
    name: "a failure code that nobody knows, again and again",
    smdp: atClient(code("9.9.9", "9.9"), 2),
    ways: ourHttps,
    end: endsAs(69, "failed", "smdp_error"),
    order: "Released",
    next: good,
  },
  {
    name: "no such order (8.2.6/3.8), by activation code",
    smdp: atClient(code("8.2.6", "3.8")),
    method: "activation-code",
    ways: ourHttps,
    end: endsAs(79, "held", "smdp_refused"),
    order: "Released",
  },
  {
    name: "no order for this EID (8.2.6/3.8), which we have paid for",
    smdp: atClient(code("8.2.6", "3.8"), 2),
    ways: ourHttps,
    end: endsAs(69, "failed", "smdp_error"),
    order: "Released",
    next: good,
  },
  {
    name: "another EID's order (8.1.1/3.8)",
    smdp: atClient(code("8.1.1", "3.8")),
    ways: ourHttps,
    end: endsAs(79, "held", "smdp_refused"),
    order: "Released",
  },
  {
    name: "tried too often (8.8.5/6.4)",
    smdp: atClient(code("8.8.5", "6.4")),
    ways: ourHttps,
    end: endsAs(79, "held", "smdp_refused"),
    order: "Released",
  },
  {
    name: "one session for an order and no more, and the first is cut",
    smdp: { singleShot: true, behaviours: [{ function: "getBoundProfilePackage", nth: 1, do: { kind: "cut" } }] },
    ways: ourHttps,
    ...held("smdp_refused", "Error"),
    next: { end: endsAs(79, "held", "reservation_lost"), order: "Error" },
  },
  {
    name: "a package with a wrong MAC",
    smdp: { behaviours: [{ function: "getBoundProfilePackage", nth: 1, do: { kind: "wrong-mac" } }] },
    ways: ourHttps,
    ...held("install_failed", "Error"),
  },
  {
    name: "a package with a wrong MAC",
    smdp: { behaviours: [{ function: "getBoundProfilePackage", nth: 1, do: { kind: "wrong-mac" } }] },
    ways: ["the modem alone"],
    end: endsAs(79, "held", "install_failed"),
    order: "Error",
    next: { end: endsAs(79, "held", "reservation_lost"), order: "Error" },
  },
];

describe("the SM-DP+ has", { concurrent: true }, () => {
  it.for(days.flatMap((day) => day.ways.map((way) => ({ ...day, way }))))("$name: $way", async (day, test) => {
    const { smdp, way, method, end, order, next } = day;
    const field = await start(test, { ...ways[way], smdp });
    const words = [...(await configured(field)), ...(method === undefined ? [] : ["--method", method])];
    const state = (): OrderState | string =>
      field.world.smdp
        .orders()
        .map((one) => one.state)
        .join();
    expect({ ...endOf(await field.provision(words)), order: state() }).toEqual({ ...end, order });
    if (next !== undefined) {
      expect({ ...endOf(await field.provision(words)), order: state() }).toEqual({ ...next.end, order: next.order });
    }
    expect([reservationPosts(field), field.charges()]).toEqual([1, 1]);
    expect(successResults(field)).toBe((next?.order ?? order) === "Installed" ? 1 : 0);
  });
});

describe("the SM-DP+ offers another profile than the reserved one", { concurrent: true }, () => {
  it.for(ourHttps)("nothing is loaded, and a person must decide: %s", async (way, test) => {
    const field = await start(test, {
      ...ways[way],
      smdp: { behaviours: [{ function: "authenticateClient", nth: 1, do: { kind: "wrong-iccid" } }] },
    });
    const words = await configured(field);
    expect(endOf(await field.provision(words))).toEqual(endsAs(79, "held", "wrong_profile"));
    expect(field.world.modem.euicc.profiles).toHaveLength(0);
    expect(field.world.smdp.orders().map(({ state }) => state)).toEqual(["Released"]);
    // The person ran it again, and the SM-DP+ is right this time.
    expect(endOf(await field.provision(words))).toEqual(provisioned);
    expect([reservationPosts(field), field.charges()]).toEqual([1, 1]);
  });

  it("a modem that downloads alone has loaded it: it is not enabled, and a person must decide", async (test) => {
    const field = await start(test, {
      ...ways["the modem alone"],
      smdp: { behaviours: [{ function: "authenticateClient", nth: 1, do: { kind: "wrong-iccid" } }] },
    });
    expect(endOf(await field.provision(await configured(field)))).toEqual(endsAs(79, "held", "wrong_profile"));
    expect(field.world.modem.euicc.profiles.filter(({ state }) => state === "enabled")).toHaveLength(1);
    expect([reservationPosts(field), field.charges()]).toEqual([1, 1]);
  });
});

describe("the roots that an SM-DP+ must chain to", { concurrent: true }, () => {
  it.for([
    ["a folder that is not there", undefined, "smdp_untrusted"],
    ["an empty folder", {}, "smdp_untrusted"],
    ["a folder with something else", { "readme.txt": "put the roots here" }, "smdp_untrusted"],
    ["a file that is no PEM", { "ci.pem": "garbage" }, "smdp_untrusted"],
    [
      "a PEM that is no certificate",
      { "ci.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
      "config_invalid",
    ],
  ] as const)("%s is noticed before anything is paid", async ([, files, errorCode], test) => {
    const field = await start(test);
    const folder = join(field.dir, "other-roots");
    if (files !== undefined) await mkdir(folder);
    for (const [name, text] of Object.entries<string>(files ?? {})) await writeFile(join(folder, name), text);
    const words = await configured(field);
    const ended = await field.provision([...words, "--ci-roots", folder]);
    expect(endOf(ended)).toEqual(endsAs(78, "failed", errorCode));
    expect(ended.report().error?.message).toContain(folder);
    expect([reservationPosts(field), field.charges()]).toEqual([0, 0]);
    expect(endOf(await field.provision(words))).toEqual(provisioned);
  });

  it.for(ourHttps)(
    "of another CI are found out at the first connection, and nothing is lost: %s",
    async (way, test) => {
      const field = await start(test, ways[way]);
      const folder = join(field.dir, "other-roots");
      await mkdir(join(folder, "pki"), { recursive: true });
      await writeFile(join(folder, "ci.pem"), loadPki(join(folder, "pki")).ciPem);
      const words = await configured(field);
      expect(endOf(await field.provision([...words, "--ci-roots", folder]))).toEqual(
        endsAs(78, "failed", "smdp_untrusted"),
      );
      expect(field.world.smdp.orders().map(({ state, attempts }) => [state, attempts])).toEqual([["Released", 0]]);
      expect(endOf(await field.provision(words))).toEqual(provisioned);
      expect([reservationPosts(field), field.charges()]).toEqual([1, 1]);
    },
  );

  it.for(ourHttps)("are not missed by a device that is provisioned: %s", async (way, test) => {
    const field = await start(test, ways[way]);
    const words = await configured(field);
    expect(endOf(await field.provision(words))).toEqual(provisioned);
    await rm(field.world.ciRoots, { recursive: true });
    const again = await field.provision(words);
    expect(endOf(again)).toEqual(provisioned);
    expect(again.report().changed).toBe(false);
  });
});

describe("an activation code", () => {
  it("that another eUICC was quicker to claim is held, and nothing more is paid", async (test) => {
    const field = await start(test, {
      smdp: { behaviours: [{ function: "initiateAuthentication", nth: 1, times: 2, do: { kind: "cut" } }] },
    });
    const words = [...(await configured(field)), "--method", "activation-code"];
    expect(endOf(await field.provision(words))).toEqual(endsAs(69, "failed", "smdp_unreachable"));
    const [order] = field.world.smdp.orders();
    const pki = loadPki(join(field.dir, "pki"));
    const thief = await startFakeModem({
      clock: systemClock,
      random: seededRandom(5),
      log: silentLog,
      pki,
      eid: parseEid("89049032000001000000000000000074", "the story"),
      wire: { kind: "socket", listen: { kind: "unix", path: join(field.dir, "thief.sock") } },
    });
    test.onTestFinished(() => thief.close());
    const { smdpAddress } = field.world;
    const post = es9OverOwnNetwork(smdpAddress, [pki.ciPem], new AbortController().signal);
    const stolen = await runModemDownload({
      euicc: thief.euicc,
      smdpAddress,
      matchingId: order?.matchingId,
      post: (fn, body) => post(fn, JSON.stringify(body)),
    });
    expect(stolen.ok).toBe(true);

    for (const _run of [1, 2]) {
      const ended = await field.provision(words);
      expect(ended.status).toBe(79);
      expect(ended.report().state).toBe("held");
    }
    expect([reservationPosts(field), field.charges()]).toEqual([1, 1]);
  });
});

describe("an SM-DP+ that nobody answers for", () => {
  it("is unreachable: 69", async (test) => {
    const field = await start(test);
    const words = await configured(field, { download: { smdp_address: "127.0.0.1:1", attempts: 1 } });
    expect(endOf(await field.provision([...words, "--provider", "none"]))).toEqual(
      endsAs(69, "failed", "smdp_unreachable"),
    );
  });
});
