import twilio from "twilio";
import { beforeAll, describe, expect, it } from "vitest";
import { fakeApiDefaults } from "../../../src/emulator/api/fake-api.js";
import { eid, fakeApi, until } from "./harness.js";

/** Twilio's own npm client has no base URL: its requests are sent to the fake API instead of the host that it has built in. */
function loopbackClient(baseUrl: string): InstanceType<typeof twilio.RequestClient> {
  const client = new twilio.RequestClient();
  client.axios.interceptors.request.use((config) => {
    if (config.url !== undefined) config.url = config.url.replace("https://supersim.twilio.com", baseUrl);
    return config;
  });
  return client;
}

describe("the twilio npm client on the fake API", () => {
  // A proxy of the machine that runs the test has no say on loopback.
  beforeAll(() => {
    for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]) delete process.env[name];
  });

  it("creates, fetches, lists by pages, and fetches and updates the Sim", async () => {
    const api = await fakeApi();
    const client = twilio(fakeApiDefaults.key, fakeApiDefaults.secret, {
      accountSid: api.accountSid,
      httpClient: loopbackClient(api.url),
    });
    const { esimProfiles, sims, fleets } = client.supersim.v1;

    const created = await esimProfiles.create({ eid });
    expect(created).toMatchObject({ status: "new", eid, iccid: null, accountSid: api.accountSid });
    const withCode = await esimProfiles.create({ generateMatchingId: true });

    const available = await until(
      () => esimProfiles(created.sid).fetch(),
      ({ status }) => status === "available",
    );
    expect(available.smdpPlusAddress).toBe("sm-dp-plus.example.com");
    expect(available.dateCreated).toBeInstanceOf(Date);
    const coded = await until(
      () => esimProfiles(withCode.sid).fetch(),
      ({ status }) => status === "available",
    );
    expect(coded.activationCode).toBe(`1$SM-DP-PLUS.EXAMPLE.COM$${coded.matchingId}`);

    const listed = await esimProfiles.list({ pageSize: 1 });
    expect(listed.map(({ sid }) => sid)).toEqual([withCode.sid, created.sid]);
    expect((await esimProfiles.list({ eid })).map(({ sid }) => sid)).toEqual([created.sid]);

    const sim = await sims(available.simSid).fetch();
    expect(sim).toMatchObject({ status: "new", iccid: available.iccid });
    const [fleet] = await fleets.list();
    const updated = await sims(sim.sid).update({ status: "ready", fleet: fleet?.sid ?? "", uniqueName: "unit-1" });
    expect(updated.status).toBe("scheduled");
    const ready = await until(
      () => sims("unit-1").fetch(),
      ({ status }) => status === "ready",
    );
    expect(ready.fleetSid).toBe(fleet?.sid);

    const refused: unknown = await sims(sim.sid)
      .update({ status: "ready" })
      .catch((cause: unknown) => cause);
    expect(refused).toMatchObject({ status: 400, code: 83010 });
  });
});
