import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/clock.js";
import type { BehaviourInput } from "../../../src/emulator/api/behaviours.js";
import { luhnDigit } from "../../../src/emulator/api/identifiers.js";
import { clientOf, create, eid, fakeApi, never, raw, reaches, until } from "./harness.js";

describe("a reservation", () => {
  it("walks new, reserving, available in time, and is charged when it becomes available", async () => {
    const clock = new VirtualClock();
    const api = await fakeApi({ clock, timing: { toReservingMs: 1000, toAvailableMs: 3000 } });
    const client = clientOf(api);
    const profile = await create(client, { eid });
    expect(profile).toMatchObject({ status: "new", eid, iccid: undefined, smdpAddress: undefined });
    const status = async () => (await client.getESimProfile(profile.sid, never)).status;
    await clock.advance(999);
    expect(await status()).toBe("new");
    await clock.advance(1);
    expect(await status()).toBe("reserving");
    await clock.advance(2999);
    expect(await status()).toBe("reserving");
    expect(api.ledger()).toEqual([]);
    await clock.advance(1);
    const available = await client.getESimProfile(profile.sid, never);
    expect(available).toMatchObject({
      status: "available",
      smdpAddress: "sm-dp-plus.example.com",
      matchingId: undefined,
    });
    expect(api.ledger()).toEqual([
      { sid: profile.sid, eid, iccid: available.iccid, simSid: available.simSid, at: "2026-01-01T00:00:04.000Z" },
    ]);
  });

  it("with GenerateMatchingId gets an activation code, and no EID", async () => {
    const client = clientOf(await fakeApi());
    const profile = await reaches(client, await create(client, { generateMatchingId: true }), "available");
    expect(profile.matchingId).toMatch(/^([A-Z0-9]{5}-){4}[A-Z0-9]{5}$/);
    expect(profile.activationCode).toMatchObject({
      smdpAddress: "sm-dp-plus.example.com",
      matchingId: profile.matchingId,
    });
    expect(profile.eid).toBeUndefined();
  });

  it("brings a Sim with an ICCID of 20 digits that Luhn accepts", async () => {
    const client = clientOf(await fakeApi());
    const { iccid, simSid } = await reaches(client, await create(client, { eid }), "available");
    expect(iccid).toMatch(/^8988307\d{13}$/);
    expect(luhnDigit(String(iccid).slice(0, 19))).toBe(Number(String(iccid).slice(19)));
    if (iccid === undefined) throw new Error("no ICCID");
    await expect(client.findSimByIccid(iccid, never)).resolves.toEqual({
      sid: simSid,
      iccid,
      status: "new",
      fleetSid: undefined,
      uniqueName: undefined,
    });
  });

  it("serves KORE's OAuth2 as well, and renews a revoked token", async () => {
    const api = await fakeApi();
    const client = clientOf(api, { provider: "kore" });
    const profile = await create(client, { eid });
    api.revokeTokens();
    await reaches(client, profile, "available");
    expect(api.ledger()).toHaveLength(1);
    expect(api.requests().filter(({ path }) => path.endsWith("/auth/token"))).toHaveLength(2);
  });

  it("shows on GET /_ledger, which needs no credentials", async () => {
    const api = await fakeApi();
    const client = clientOf(api);
    await reaches(client, await create(client, { eid }), "available");
    const response = await fetch(`${api.url}/_ledger`);
    expect(await response.json()).toEqual({ charges: api.ledger() });
  });
});

describe("lists", () => {
  it("filter and page; a new reservation in between hides none", async () => {
    const api = await fakeApi();
    const client = clientOf(api);
    const sids: string[] = [];
    for (let n = 0; n < 5; n++) sids.unshift((await create(client, { generateMatchingId: true })).sid);
    const mine = await create(client, { eid });
    const first = await raw(api, "GET", "/v1/ESimProfiles?PageSize=2");
    const sidsOf = (page: { json: { esim_profiles: { sid: string }[] } }) =>
      page.json.esim_profiles.map(({ sid }) => sid);
    expect(sidsOf(first)).toEqual([mine.sid, sids[0]]);
    await create(client, { generateMatchingId: true });
    const read: string[] = sidsOf(first);
    for (let next: string | null = first.json.meta.next_page_url; next !== null; ) {
      const page = await raw(api, "GET", next.slice(api.url.length));
      read.push(...sidsOf(page));
      next = page.json.meta.next_page_url;
    }
    expect(read).toEqual([mine.sid, ...sids]);
    await expect(client.listESimProfiles({ eid }, never)).resolves.toMatchObject([{ sid: mine.sid }]);
  });

  it("go back by previous_page_url", async () => {
    const api = await fakeApi({ clock: new VirtualClock() });
    const client = clientOf(api);
    for (let n = 0; n < 3; n++) await create(client, { generateMatchingId: true });
    const first = await raw(api, "GET", "/v1/ESimProfiles?PageSize=2");
    const second = await raw(api, "GET", first.json.meta.next_page_url.slice(api.url.length));
    expect(second.json.meta).toMatchObject({ page: 1, page_size: 2, next_page_url: null });
    const back = await raw(api, "GET", second.json.meta.previous_page_url.slice(api.url.length));
    expect(back.json.esim_profiles).toEqual(first.json.esim_profiles);
  });
});

describe("what a real API refuses", () => {
  const malformed: readonly (readonly [string, string, string, string | undefined, number, number | undefined])[] = [
    ["an unknown parameter", "POST", "/v1/ESimProfiles", "Eid=x&Foo=1", 400, 20001],
    ["snake_case", "POST", "/v1/ESimProfiles", "generate_matching_id=true", 400, 20001],
    ["a malformed EID", "POST", "/v1/ESimProfiles", "Eid=89049032005008882600033489aaaaaa", 400, 20001],
    ["neither Eid nor GenerateMatchingId", "POST", "/v1/ESimProfiles", "", 400, 20002],
    ["a boolean that is none", "POST", "/v1/ESimProfiles", "GenerateMatchingId=yes", 400, 20001],
    [
      "another callback method",
      "POST",
      "/v1/ESimProfiles",
      `Eid=${eid}&CallbackUrl=https://x.example&CallbackMethod=PUT`,
      400,
      20001,
    ],
    ["a parameter given twice", "POST", "/v1/ESimProfiles", `Eid=${eid}&Eid=${eid}`, 400, 20001],
    ["an unknown SID", "GET", "/v1/ESimProfiles/HP00000000000000000000000000000000", undefined, 404, 20404],
    ["a malformed SID", "GET", "/v1/ESimProfiles/nonsense", undefined, 404, 20404],
    ["a malformed SimSid", "GET", "/v1/ESimProfiles?SimSid=HS1", undefined, 400, 20001],
    ["an unknown status", "GET", "/v1/ESimProfiles?Status=lost", undefined, 400, 20001],
    ["too large a page", "GET", "/v1/ESimProfiles?PageSize=1001", undefined, 400, 20001],
    ["a page token of its own making", "GET", "/v1/ESimProfiles?PageToken=PA1", undefined, 400, 20001],
    ["a deletion", "DELETE", "/v1/ESimProfiles", undefined, 405, 20004],
    ["a physical SIM", "POST", "/v1/Sims", "Iccid=1&RegistrationCode=2", 400, 83002],
    ["a Fleet without network access profile", "POST", "/v1/Fleets", "UniqueName=a", 400, 20002],
    ["an unknown path, in HTML", "GET", "/v1/esimprofiles", undefined, 404, undefined],
    ["a path above v1, in HTML", "GET", "/", undefined, 404, undefined],
  ];

  it.each(malformed)("%s", async (_name, method, target, body, status, code) => {
    const answer = await raw(await fakeApi(), method, target, body);
    expect(answer.status).toBe(status);
    if (code === undefined) expect(answer.headers.get("content-type")).toBe("text/html");
    else
      expect(answer.json).toMatchObject({ code, status, message: expect.any(String), more_info: expect.any(String) });
  });

  it("JSON where a form is wanted", async () => {
    const answer = await raw(await fakeApi(), "POST", "/v1/ESimProfiles", "{}", { "content-type": "application/json" });
    expect(answer.json).toMatchObject({ code: 20001 });
  });

  it.each([
    ["no credentials", "", 401],
    ["a wrong secret", `Basic ${Buffer.from("AC:wrong").toString("base64")}`, 401],
    ["an unknown bearer token", "Bearer nonsense", 403],
  ])("%s", async (_name, authorization, status) => {
    const api = await fakeApi();
    const answer = await raw(api, "POST", "/v1/ESimProfiles", `Eid=${eid}`, { authorization });
    expect(answer.status).toBe(status);
    expect((await raw(api, "GET", "/v1/ESimProfiles")).json.esim_profiles).toEqual([]);
  });

  it.each([
    ["grant_type=client_credentials&client_id=x&client_secret=y", 401],
    ["grant_type=password", 400],
  ])("a token for %s", async (body, status) => {
    expect((await raw(await fakeApi(), "POST", "/api-services/v1/auth/token", body)).status).toBe(status);
  });
});

describe("the life of a Sim", () => {
  async function newSim(...behaviours: readonly BehaviourInput[]) {
    const api = await fakeApi({}, ...behaviours);
    const client = clientOf(api);
    const { simSid } = await reaches(client, await create(client, { eid }), "available");
    if (simSid === undefined) throw new Error("no Sim");
    const settled = (status: string) =>
      until(
        () => client.getSim(simSid, never),
        (sim) => sim.status === status,
      );
    const code = async (form: string) => (await raw(api, "POST", `/v1/Sims/${simSid}`, form)).json.code;
    return { api, client, simSid, settled, code };
  }

  it("Status and Fleet together: 202 scheduled, then ready", async () => {
    const { client, simSid, settled } = await newSim();
    const sim = await client.updateSim(simSid, { status: "ready", fleet: "default" }, never);
    expect(sim.status).toBe("scheduled");
    expect((await settled("ready")).fleetSid).toBe((await client.listFleets(never))[0]?.sid);
  });

  it("a unique name alone: 200 at once, and it names the Sim in a URL", async () => {
    const { api, simSid } = await newSim();
    const answer = await raw(api, "POST", `/v1/Sims/${simSid}`, "UniqueName=unit+1");
    expect(answer).toMatchObject({ status: 200, json: { unique_name: "unit 1", status: "new" } });
    expect((await raw(api, "GET", "/v1/Sims/unit%201")).json.sid).toBe(simSid);
  });

  it("refuses illegal moves with the vendor's codes", async () => {
    const { client, code, settled, simSid } = await newSim();
    expect(await code("Status=ready")).toBe(83007);
    expect(await code("Status=ready&Fleet=nowhere")).toBe(83006);
    expect(await code("Status=scheduled")).toBe(20001);
    expect(await code("Status=new")).toBe(20001);
    expect(await code("Status=inactive&Fleet=default")).toBe(83010);
    await client.updateSim(simSid, { status: "ready", fleet: "default" }, never);
    expect(await code("Fleet=default")).toBe(83009);
    await settled("ready");
    expect(await code("Status=ready")).toBe(83010);
    expect(await code("Fleet=")).toBe(83008);
    await client.updateSim(simSid, { status: "inactive" }, never);
    await settled("inactive");
    expect(await code("Status=ready")).toBe(83010);
    await client.updateSim(simSid, { status: "active" }, never);
    await settled("active");
  });

  it("refuses a unique name that another Sim has", async () => {
    const { client, simSid, code } = await newSim();
    await client.updateSim(simSid, { uniqueName: "unit-1" }, never);
    const other = await reaches(client, await create(client, { generateMatchingId: true }), "available");
    if (other.simSid === undefined) throw new Error("no Sim");
    expect(await code("UniqueName=unit-1")).toBeUndefined();
    await expect(client.updateSim(other.simSid, { uniqueName: "unit-1" }, never)).rejects.toMatchObject({
      code: "api_rejected",
      message: expect.stringContaining("83011"),
    });
  });

  it("may be told to change at once", async () => {
    const match = { method: "POST", path: "/v1/Sims/*" } as const;
    const { client, simSid } = await newSim({ match, actions: [{ do: "sim-update", scheduledMs: 0 }] });
    await expect(client.updateSim(simSid, { status: "ready", fleet: "default" }, never)).resolves.toMatchObject({
      status: "ready",
    });
  });
});

describe("the address", () => {
  it.each(["0.0.0.0", "example.com"])("%s is refused: the fake API is for this machine", async (host) => {
    await expect(fakeApi({ listen: { host, port: 0 } })).rejects.toMatchObject({ code: "bad_input" });
  });

  it("that is in use is named", async () => {
    const api = await fakeApi();
    const port = Number(new URL(api.url).port);
    await expect(fakeApi({ listen: { host: "127.0.0.1", port } })).rejects.toMatchObject({
      code: "bad_input",
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
  });
});
