import { describe, expect, it, type TestContext } from "vitest";
import { createProviderApi } from "../../src/api/client.js";
import type { ProviderApi, Sim } from "../../src/api/resources.js";
import { systemClock } from "../../src/base/clock.js";
import { parseIccid } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import type { BehaviourInput } from "../../src/emulator/api/behaviours.js";
import { configured, endOf, endsAs, provisioned, reservationPosts } from "./conditions.js";
import { type Ended, type Field, type FieldOptions, startField } from "./field.js";

/** The Sim of the profile: the right status, Fleet and name, or a reason why not; nothing of it costs the profile. */

async function start(test: TestContext, options: FieldOptions = {}): Promise<Field> {
  const field = await startField(options);
  test.onTestFinished(() => field.close());
  return field;
}

const never = new AbortController().signal;

/** The account as its owner uses it, beside esimd. */
function owner(test: TestContext, field: Field): ProviderApi {
  const { ESIMD_API_KEY: key = "", ESIMD_API_SECRET: secret = "", ESIMD_API_URL: baseUrl } = field.env;
  const api = createProviderApi({
    provider: "twilio",
    baseUrl,
    key,
    secret,
    clock: systemClock,
    random: seededRandom(3),
    log: silentLog,
  });
  test.onTestFinished(() => api.close());
  return api;
}

async function addFleet(field: Field, name: string): Promise<void> {
  const { ESIMD_API_KEY: key = "", ESIMD_API_SECRET: secret = "", ESIMD_API_URL: url = "" } = field.env;
  const answer = await fetch(`${url}/v1/Fleets`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${key}:${secret}`).toString("base64")}` },
    body: new URLSearchParams({ UniqueName: name, NetworkAccessProfile: "default" }),
  });
  expect(answer.status).toBe(201);
}

async function simOf(api: ProviderApi, ended: Ended): Promise<Sim> {
  const sim = await api.findSimByIccid(parseIccid(ended.report().iccid ?? "", "the report"), never);
  if (sim === undefined) throw new Error("the account has no such Sim");
  return sim;
}

function isEnabled(field: Field): boolean {
  return field.world.modem.euicc.profiles.some(({ state }) => state === "enabled");
}

const updates = (actions: BehaviourInput["actions"], times = 1): BehaviourInput => ({
  match: { method: "POST", path: "/v1/Sims/*", times },
  actions,
});

describe("the Sim of a profile", { concurrent: true }, () => {
  it("is ready in the configured Fleet, with its name, after an update that was queued", async (test) => {
    const field = await start(test, { api: [updates([{ do: "sim-update", scheduledMs: 900 }])] });
    const words = await configured(field, { sim: { fleet: "default", unique_name: "gateway-{eid8}" } });
    const ended = await field.provision(words);
    expect(endOf(ended)).toEqual(provisioned);
    const sim = await simOf(owner(test, field), ended);
    const [fleet] = await owner(test, field).listFleets(never);
    const eid = ended.report().eid ?? "";
    expect(sim).toMatchObject({ status: "ready", fleetSid: fleet?.sid, uniqueName: `gateway-${eid.slice(-8)}` });
  });

  it("is tried again while an earlier update is under way (83009)", async (test) => {
    const field = await start(test, { api: [updates([{ do: "error", status: 400, code: 83009 }])] });
    expect(endOf(await field.provision(await configured(field)))).toEqual(provisioned);
  });

  it("is updated again after a server error that may have taken effect", async (test) => {
    const field = await start(test, { api: [updates([{ do: "error", status: 500, effect: true }])] });
    const words = await configured(field);
    const first = endOf(await field.provision(words));
    expect([provisioned, endsAs(75, "failed", "api_unavailable")]).toContainEqual(first);
    expect(endOf(await field.provision(words))).toEqual(provisioned);
    expect(field.charges()).toBe(1);
  });

  it("that the provider will not move is held (83010), and goes on when it can", async (test) => {
    const field = await start(test, { api: [updates([{ do: "error", status: 400, code: 83010 }])] });
    const words = await configured(field);
    const held = await field.provision(words);
    expect(endOf(held)).toEqual(endsAs(79, "held", "sim_refused"));
    expect(held.report()).toMatchObject({ sim: { status: "new" }, error: { actor: "operator" } });
    expect(endOf(await field.provision(words))).toEqual(provisioned);
    expect([reservationPosts(field), field.charges()]).toEqual([1, 1]);
  });

  it("that somebody made inactive is not moved unasked, and is when asked", async (test) => {
    const field = await start(test);
    const words = await configured(field);
    const first = await field.provision(words);
    const api = owner(test, field);
    const { sid } = await simOf(api, first);
    await api.updateSim(sid, { status: "inactive" }, never);
    while ((await api.getSim(sid, never)).status === "scheduled");

    expect(endOf(await field.provision(words))).toEqual(endsAs(79, "held", "sim_inactive"));
    expect((await api.getSim(sid, never)).status).toBe("inactive");
    const again = await field.provision(await configured(field, { sim: { fleet: "default", reactivate: true } }));
    expect(endOf(again)).toEqual(provisioned);
    expect(again.report()).toMatchObject({ changed: true, sim: { status: "active" } });
  });

  it("may be active when asked to be, and is left alone when asked to be", async (test) => {
    const field = await start(test);
    const none = await field.provision(await configured(field, { sim: { activate: "none" } }));
    expect(endOf(none)).toEqual(provisioned);
    expect((await simOf(owner(test, field), none)).status).toBe("new");
    const active = await field.provision(await configured(field, { sim: { activate: "active", fleet: "default" } }));
    expect(endOf(active)).toEqual(provisioned);
    expect((await simOf(owner(test, field), active)).status).toBe("active");
  });

  it("joins the account's only Fleet when none is configured", async (test) => {
    const field = await start(test);
    const words = await configured(field, { sim: { fleet: "" } });
    expect(endOf(await field.provision(words))).toEqual(provisioned);
  });

  it("needs a configured Fleet in an account with two: 78, and nothing is lost", async (test) => {
    const field = await start(test);
    await addFleet(field, "other");
    const ended = await field.provision(await configured(field, { sim: { fleet: "" } }));
    expect(endOf(ended)).toEqual(endsAs(78, "failed", "fleet_missing"));
    expect(endOf(await field.provision(await configured(field, { sim: { fleet: "other" } })))).toEqual(provisioned);
    expect([reservationPosts(field), field.charges()]).toEqual([1, 1]);
  });

  it("needs a Fleet that exists: 78, the sentence names it, and nothing is lost", async (test) => {
    const field = await start(test);
    const ended = await field.provision(await configured(field, { sim: { fleet: "defualt" } }));
    expect(endOf(ended)).toEqual(endsAs(78, "failed", "fleet_unknown"));
    expect(ended.report().error?.message).toContain("defualt");
    expect(endOf(await field.provision(await configured(field)))).toEqual(provisioned);
    expect([reservationPosts(field), field.charges()]).toEqual([1, 1]);
  });

  it("does without its name when another Sim has it (83011), and says so", async (test) => {
    const field = await start(test);
    const api = owner(test, field);
    const made = await api.createESimProfile({ generateMatchingId: true }, never);
    if (made.kind !== "created") throw made.error;
    let other = made.profile;
    while (other.simSid === undefined) other = await api.getESimProfile(other.sid, never);
    await api.updateSim(other.simSid, { uniqueName: "gateway" }, never);

    const ended = await field.provision(await configured(field, { sim: { fleet: "default", unique_name: "gateway" } }));
    expect(endOf(ended)).toEqual(provisioned);
    expect(ended.stderr).toMatch(/another Sim has the name/);
    expect(await simOf(api, ended)).toMatchObject({ status: "ready", uniqueName: undefined });
  });

  it("is moved before anything is loaded when sim.when says so, where the offer is seen", async (test) => {
    const field = await start(test, { api: [updates([{ do: "error", status: 400, code: 83010 }])] });
    const words = await configured(field, { sim: { fleet: "default", when: "before-download" } });
    const held = await field.provision(words);
    expect(endOf(held)).toEqual(endsAs(79, "held", "sim_refused"));
    expect(field.world.modem.euicc.profiles).toHaveLength(0);
    expect(endOf(await field.provision(words))).toEqual(provisioned);
    expect(field.charges()).toBe(1);
  });

  it("is moved after the download when the modem does not show the offer, whatever sim.when says", async (test) => {
    const field = await start(test, { dialect: "quectel-nwmode" });
    const words = await configured(field, { sim: { fleet: "default", when: "before-download" } });
    const ended = await field.provision([...words, "--lpa", "modem"]);
    expect(endOf(ended)).toEqual(provisioned);
    expect(isEnabled(field)).toBe(true);
    expect(ended.report().sim?.status).toBe("ready");
  });
});
