import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { systemClock } from "../../../src/base/clock.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { readRoots } from "../../../src/emulator/modem/dialects/own-network.js";
import { type FakeModem, type FakeModemOptions, startFakeModem } from "../../../src/emulator/modem/fake-modem.js";
import { loadScenario } from "../../../src/emulator/modem/scenario.js";
import { defaultEid } from "../../../src/emulator/modem/slot.js";
import { createPki } from "../../../src/emulator/pki/pki.js";
import { type FakeSmdp, startFakeSmdp } from "../../../src/emulator/smdp/fake-smdp.js";
import { AtClient } from "./at-client.js";

/** From the SM-DP+ to the eUICC by both ways of Quectel's modems: real TLS, real ES9+, a real pty. */

const pki = createPki();
let folder = "";
let smdp: FakeSmdp;
let modem: FakeModem | undefined;
let host: AtClient | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "esimd-download-"));
  smdp = await startFakeSmdp({ listen: { host: "127.0.0.1", port: 0 }, pki });
});
afterEach(async () => {
  await host?.close();
  host = undefined;
  await modem?.close();
  modem = undefined;
  await smdp.close();
  await rm(folder, { recursive: true });
});

async function start(options: Partial<FakeModemOptions>): Promise<{ modem: FakeModem; host: AtClient }> {
  modem = await startFakeModem({
    clock: systemClock,
    random: seededRandom(7),
    log: silentLog,
    pki,
    wire: { kind: "pty" },
    ...options,
    world: { simBusyMs: 30, registrationMs: 30, ...options.world },
  });
  host = await AtClient.open(modem.port);
  await host.ask("ATE0");
  await host.ask("AT+CMEE=1");
  return { modem, host };
}

/** The host's part of a relayed download, as openpilot does it: posts what the modem asks, returns the response as text in chunks. */
async function relay(client: AtClient, code: string, chunkHex = 1400): Promise<{ result: string; asked: string[] }> {
  const agent = new Agent({ connect: { ca: smdp.ciRootPem } });
  const asked: string[] = [];
  try {
    let from = client.lines.length;
    await client.ask(`AT+QESIM="download","${code}"`);
    for (;;) {
      const line = await client.line(/^\+QESIM: ?"(trans|download)",/, from);
      if (line.includes('"download"')) return { result: line, asked };
      const [, path = "", length = "", body = ""] = /^\+QESIM: "trans",0,"([^"]+)",(\d+),"(.*)"$/.exec(line) ?? [];
      expect(body.length).toBe(Number(length));
      asked.push(path.split("/").at(-1) ?? "");
      const response = await request(`https://${smdp.address}/${path}`, {
        method: "POST",
        dispatcher: agent,
        headers: {
          "content-type": "application/json",
          "x-admin-protocol": "gsma/rsp/v2.2.0",
          "user-agent": "gsma-rsp-lpad",
        },
        body,
      });
      const text = `HTTP/1.1 ${response.statusCode} \r\nContent-Type: application/json\r\n\r\n${await response.body.text()}`;
      const hex = Buffer.from(text).toString("hex");
      from = client.lines.length;
      for (let at = 0, sequence = 0; at < hex.length; at += chunkHex, sequence++) {
        const chunk = hex.slice(at, at + chunkHex);
        const more = at + chunkHex < hex.length ? 1 : 0;
        const answer = await client.ask(
          `AT+QESIM="trans",${hex.length},${more},${sequence},${chunk.length},"${chunk}"`,
        );
        expect(answer).toMatch(/OK$/);
      }
    }
  } finally {
    await agent.destroy();
  }
}

/** Orders by ES2+, without an EID, as an operator does for a printed activation code. */
async function orderByMatchingId(): Promise<string> {
  const es2 = async (fn: string, fields: object) => {
    const header = { functionRequesterIdentifier: "test", functionCallIdentifier: fn };
    const response = await request(`${smdp.es2plusUrl}/${fn}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-admin-protocol": "gsma/rsp/v2.2.0" },
      body: JSON.stringify({ header, ...fields }),
    });
    return z
      .object({ iccid: z.string().optional(), matchingId: z.string().optional() })
      .parse(await response.body.json());
  };
  const { iccid } = await es2("downloadOrder", {});
  const { matchingId } = await es2("confirmOrder", { iccid, releaseFlag: true });
  if (matchingId === undefined) throw new Error("the SM-DP+ made no matching id");
  return matchingId;
}

const rounds = ["initiateAuthentication", "authenticateClient", "getBoundProfilePackage", "handleNotification"];

describe("by relay (EC25)", () => {
  it("installs the profile that waits for the EID, enables it, and the network comes", async () => {
    const order = smdp.placeOrder(defaultEid);
    const { modem, host } = await start({});
    const { result, asked } = await relay(host, `LPA:1$${smdp.address}$`);
    expect({ result, asked }).toEqual({ result: '+QESIM:"download",0', asked: rounds });
    expect(modem.euicc.profiles).toMatchObject([{ iccid: order.iccid, state: "disabled" }]);
    expect(smdp.orders()).toMatchObject([{ iccid: order.iccid, state: "Installed", eid: defaultEid }]);
    expect(await host.ask('AT+QESIM="list"')).toContain(`"${order.iccid}",0,-1,2,`);
    await host.ask("AT+CEREG=1");
    expect(await host.ask(`AT+QESIM="enable","${order.iccid}"`)).toBe('+QESIM: "enable",0|OK');
    await host.line(/^\+CEREG: 5$/);
    expect(await host.ask("AT+QCCID")).toBe(`+QCCID: ${order.iccid}|OK`);
  });

  it("installs by matching id, in small chunks, and not twice", async () => {
    const matchingId = await orderByMatchingId();
    const { modem, host } = await start({});
    const code = `LPA:1$${smdp.address}$${matchingId}`;
    expect((await relay(host, code, 400)).result).toBe('+QESIM:"download",0');
    expect((await relay(host, code)).result).toBe('+QESIM:"download",1');
    expect(modem.euicc.profiles.length).toBe(1);
  });

  it("fails where nothing waits, at authenticateClient", async () => {
    const { host } = await start({});
    const { result, asked } = await relay(host, `LPA:1$${smdp.address}$NO-SUCH-ORDER`);
    expect({ result, asked }).toEqual({ result: '+QESIM:"download",1', asked: rounds.slice(0, 2) });
  });

  it("keeps the installed profile in its state file, and the power cut in between does not take it away", async () => {
    const order = smdp.placeOrder(defaultEid);
    const stateFile = join(folder, "euicc.json");
    const first = await start({ stateFile });
    await relay(first.host, `LPA:1$${smdp.address}$`);
    await first.host.close();
    await first.modem.close();
    const second = await start({ stateFile });
    expect(second.modem.euicc.profiles).toMatchObject([{ iccid: order.iccid }]);
  });

  it.each([
    ["download-fails-but-present", "1", 1, "Installed"],
    ["download-ok-but-absent", "0", 0, "Downloaded"],
    // The SM-DP+ sees in EUICCInfo2 that there is no room, and keeps the order.
    ["full-euicc", "1", 0, "Released"],
  ])("%s: says %s, and the eUICC holds %d profiles", async (name, said, profiles, state) => {
    smdp.placeOrder(defaultEid);
    const { modem, host } = await start({ scenario: await loadScenario(name) });
    expect((await relay(host, `LPA:1$${smdp.address}$`)).result).toBe(`+QESIM:"download",${said}`);
    expect(modem.euicc.profiles.length).toBe(profiles);
    expect(smdp.orders()[0]?.state).toBe(state);
  });
});

describe("by the modem's own network (EC200)", () => {
  const dialect = "quectel-nwmode";
  const download = () => `AT+QESIM="download",0,"LPA:1$${smdp.address}$"`;

  it("installs over the bootstrap profile's network, verified against the CI", async () => {
    const order = smdp.placeOrder(defaultEid);
    const { modem, host } = await start({ dialect, bootstrap: true });
    expect(await host.ask(download())).toBe("OK");
    expect(await host.line(/"download"/)).toBe('+QESIM: "download",0');
    expect(modem.euicc.profiles.map(({ iccid }) => iccid)).toContain(order.iccid);
    expect(await host.ask('AT+QESIM="list",0')).toContain(`+QESIM: "list",0,${order.iccid},0,`);
    expect(smdp.orders()[0]?.state).toBe("Installed");
  });

  it("installs from an SM-DP+ on the brainpool curve, too", async () => {
    await smdp.close();
    const brainpool = createPki({ curve: "brainpoolP256r1" });
    smdp = await startFakeSmdp({ listen: { host: "127.0.0.1", port: 0 }, pki: brainpool });
    smdp.placeOrder(defaultEid);
    const { host } = await start({ dialect, bootstrap: true, pki: brainpool });
    await host.ask(download());
    expect(await host.line(/"download"/)).toBe('+QESIM: "download",0');
  });

  it("cannot without a network", async () => {
    smdp.placeOrder(defaultEid);
    const { host } = await start({ dialect });
    await host.ask(download());
    expect(await host.line(/"download"/)).toBe('+QESIM: "download",0x8500000f');
    expect(smdp.orders()[0]?.state).toBe("Released");
  });

  it("does not trust an SM-DP+ of another CI", async () => {
    smdp.placeOrder(defaultEid);
    const roots = join(folder, "roots");
    await writeFile(roots, createPki().ciPem);
    const { host } = await start({ dialect, bootstrap: true, smdpRoots: await readRoots(roots) });
    await host.ask(download());
    expect(await host.line(/"download"/)).toBe('+QESIM: "download",0x8500000f');
    expect(smdp.orders()[0]?.state).toBe("Released");
  });

  it.each([
    ["where nothing waits", "NO-SUCH-ORDER", "85000016"],
    ["where nobody listens", undefined, "8500000f"],
  ])("says by code what went wrong %s", async (_what, matchingId, code) => {
    const { host } = await start({ dialect, bootstrap: true });
    const address = matchingId === undefined ? "127.0.0.1:9" : smdp.address;
    await host.ask(`AT+QESIM="download",0,"LPA:1$${address}$${matchingId ?? ""}"`);
    expect(await host.line(/"download"/)).toBe(`+QESIM: "download",0x${code}`);
  });

  it("says that the SM-DP+ refuses where there is no room", async () => {
    smdp.placeOrder(defaultEid);
    const { host } = await start({ dialect, bootstrap: true, scenario: await loadScenario("full-euicc") });
    await host.ask(download());
    expect(await host.line(/"download"/)).toBe('+QESIM: "download",0x85000016');
  });
});
