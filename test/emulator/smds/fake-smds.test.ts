import { afterEach, describe, expect, it } from "vitest";
import { parseMatchingId, parseSmdpAddress } from "../../../src/base/identifiers.js";
import { silentLog } from "../../../src/base/logging.js";
import { EmulatedEuicc } from "../../../src/emulator/euicc/euicc.js";
import { createPki, type Pki } from "../../../src/emulator/pki/pki.js";
import type { Es9Function } from "../../../src/emulator/smdp/scenario.js";
import { type FakeSmds, startFakeSmds } from "../../../src/emulator/smds/fake-smds.js";
import { decodeAuthenticateResponse, encodeAuthenticateServer } from "../../../src/lpa/es10/authenticate-server.js";
import { decodeEuiccChallenge, encodeGetEuiccChallenge } from "../../../src/lpa/es10/challenge.js";
import { encodeGetEuiccInfo1 } from "../../../src/lpa/es10/euicc-info.js";
import { httpsPost, otherEid, testEid } from "../../support/rsp-world.js";

/** The SM-DS by itself, asked by an eUICC in this process. */

const open: FakeSmds[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const pki = createPki();
const first = parseMatchingId("EVENT-1", "the test");
const second = parseMatchingId("EVENT-2", "the test");
const rspServerAddress = parseSmdpAddress("smdp.example", "the test");

async function start(serverPki: Pki = pki): Promise<FakeSmds> {
  const smds = await startFakeSmds({ listen: { host: "127.0.0.1", port: 0 }, pki: serverPki, log: silentLog });
  open.push(smds);
  smds.register({ eid: testEid, eventId: first, rspServerAddress });
  smds.register({ eid: testEid, eventId: second, rspServerAddress });
  return smds;
}

interface Ask {
  readonly euicc?: EmulatedEuicc;
  readonly matchingId?: string;
  /** By what address the SM-DS is called. */
  readonly address?: string;
  readonly response?: (response: Uint8Array) => Uint8Array;
}

type Fields = Record<string, unknown>;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const bytesOf = (fields: Fields, name: string): Uint8Array => Buffer.from(String(fields[name]), "base64");
const failure = (subjectCode: string, reasonCode: string): object => ({
  header: { functionExecutionStatus: { status: "Failed", statusCodeData: { subjectCode, reasonCode } } },
});

async function call(smds: FakeSmds, name: Es9Function, body: object): Promise<Fields> {
  const answer = await httpsPost(smds.address, pki.ciPem)(name, body);
  expect(answer.status).toBe(200);
  return JSON.parse(answer.body);
}

/** ES11 as an LPA goes through it; the answer that ended it. */
async function discover(smds: FakeSmds, ask: Ask = {}): Promise<Fields> {
  const { euicc = new EmulatedEuicc({ pki, state: { eid: testEid } }), matchingId, address = smds.address } = ask;
  const euiccInfo1 = base64(euicc.es10(encodeGetEuiccInfo1()).response);
  const challenge = decodeEuiccChallenge(euicc.es10(encodeGetEuiccChallenge()).response);
  const body = { smdpAddress: address, euiccChallenge: base64(challenge), euiccInfo1 };
  const started = await call(smds, "initiateAuthentication", body);
  if (started["transactionId"] === undefined) return started;
  const { response } = euicc.es10(
    encodeAuthenticateServer({
      serverSigned1: bytesOf(started, "serverSigned1"),
      serverSignature1: bytesOf(started, "serverSignature1").subarray(3),
      ciKeyId: bytesOf(started, "euiccCiPKIdToBeUsed").subarray(2),
      serverCertificate: bytesOf(started, "serverCertificate"),
      ctxParams1: { ...(matchingId === undefined ? {} : { matchingId }), deviceInfo: { tac: Buffer.alloc(4) } },
    }),
  );
  expect(decodeAuthenticateResponse(response).kind).toBe("ok");
  const { transactionId } = started;
  const answer = { transactionId, authenticateServerResponse: base64(ask.response?.(response) ?? response) };
  return call(smds, "authenticateClient", answer);
}

describe("the fake SM-DS", () => {
  it("gives an eUICC its events, one by its id, and none of them to another", async () => {
    const smds = await start();
    const entry = (eventId: string): object => ({ eventId, rspServerAddress });
    expect(await discover(smds)).toMatchObject({ eventEntries: [entry("EVENT-1"), entry("EVENT-2")] });
    expect((await discover(smds, { matchingId: "" }))["eventEntries"]).toHaveLength(2);
    expect((await discover(smds, { matchingId: "EVENT-2" }))["eventEntries"]).toEqual([entry("EVENT-2")]);
    expect(await discover(smds, { matchingId: "EVENT-3" })).toMatchObject(failure("8.9.5", "3.9"));
    const other = new EmulatedEuicc({ pki, state: { eid: otherEid } });
    expect(await discover(smds, { euicc: other })).toMatchObject(failure("8.9.5", "3.9"));
    smds.deleteEvent(first);
    expect((await discover(smds))["eventEntries"]).toEqual([entry("EVENT-2")]);
    expect(smds.discoveries).toBe(6);
  });

  it("answers to its own address only", async () => {
    expect(await discover(await start(), { address: "smds.example" })).toMatchObject(failure("8.8.1", "3.8"));
  });

  it("refuses an answer that is not the eUICC's, and a transaction that it does not know", async () => {
    const smds = await start();
    const broken = (response: Uint8Array): Uint8Array => {
      // A byte in the middle of the eUICC's signed answer.
      const copy = Uint8Array.from(response);
      copy[30] = (copy[30] ?? 0) ^ 1;
      return copy;
    };
    expect(await discover(smds, { response: broken })).toMatchObject({
      header: { functionExecutionStatus: { status: "Failed" } },
    });
    const unknown = { transactionId: "00112233445566778899AABBCCDDEEFF", authenticateServerResponse: "vzg=" };
    expect(await call(smds, "authenticateClient", unknown)).toMatchObject(failure("8.10.1", "3.9"));
    expect(smds.discoveries).toBe(0);
  });

  it("has the functions of ES11 and no others, over HTTPS", async () => {
    const smds = await start();
    for (const name of ["getBoundProfilePackage", "handleNotification", "cancelSession"] as const) {
      expect(await httpsPost(smds.address, pki.ciPem)(name, {})).toMatchObject({ status: 404 });
    }
    expect(await call(smds, "initiateAuthentication", {})).toMatchObject(failure("8.10", "2.2"));
  });
});
