import { beforeAll, describe, expect, it } from "vitest";
import { EsimdError } from "../../../src/base/errors.js";
import { parseSmdpAddress } from "../../../src/base/identifiers.js";
import { silentLog } from "../../../src/base/logging.js";
import { createPki, type Pki } from "../../../src/emulator/pki/pki.js";
import type { ScenarioInput } from "../../../src/emulator/smdp/scenario.js";
import type { Es9PlusClient, Es9PlusFunction } from "../../../src/lpa/es9plus/client.js";
import { readFailure } from "../../../src/lpa/es9plus/client.js";
import { encodeCancelSessionOk, encodeCancelSigned } from "../../../src/lpa/es10/cancel-session.js";
import { type CancelReason, cancelReasonNames } from "../../../src/lpa/es10/result-codes.js";
import type { DownloadRequest, DownloadSession } from "../../../src/lpa/lpa.js";
import { RelaySession, type RelaySessionParts } from "../../../src/lpa/relay/session.js";
import { createRspWorld, type RspWorld, smdpAddress, testEid } from "../../support/rsp-world.js";

/** A real eUICC in a modem whose HTTPS goes through the session, to a real SM-DP+ that can refuse; and a record of what was sent there. */
interface Relay {
  readonly rsp: RspWorld;
  readonly session: RelaySession;
  readonly posted: { readonly smdp: string; readonly name: Es9PlusFunction }[];
  download(): Promise<DownloadSession>;
}

interface RelayOptions {
  readonly smdp?: ScenarioInput;
  readonly memoryBytes?: number;
  readonly isInstalled?: RelaySessionParts["isInstalled"];
  readonly onOffer?: DownloadRequest["onOffer"];
}

const never = new AbortController().signal;

let pki: Pki;
beforeAll(() => {
  pki = createPki();
});

function startRelay(options: RelayOptions = {}): Relay {
  const { smdp, memoryBytes } = options;
  const rsp = createRspWorld({
    pki,
    ...(smdp === undefined ? {} : { scenario: smdp }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  });
  rsp.order({ eid: testEid });
  const posted: Relay["posted"] = [];
  const es9Plus: Es9PlusClient = {
    post: async (address, name, json) => {
      posted.push({ smdp: address, name });
      const { status, body } = await rsp.post(name, JSON.parse(json));
      return { httpStatus: status, body, failure: readFailure(body) };
    },
    close: () => Promise.resolve(),
  };
  const session = new RelaySession(
    {
      activationCode: {
        smdpAddress: parseSmdpAddress(smdpAddress, "the test"),
        matchingId: undefined,
        smdpOid: undefined,
        confirmationCodeRequired: false,
      },
      confirmationCode: undefined,
      expectedIccid: undefined,
      timeoutMs: 1_000,
      onOffer: options.onOffer ?? (() => Promise.resolve()),
      onProgress: () => undefined,
    },
    { es9Plus, log: silentLog, isInstalled: options.isInstalled ?? (() => Promise.resolve(false)) },
  );
  return {
    rsp,
    session,
    posted,
    download: async () => {
      const result = await rsp.download({ post: (name, body) => session.answer(name, JSON.stringify(body), never) });
      return session.end(result.ok ? "installed" : "failed", new EsimdError("download_failed", "it failed"));
    },
  };
}

/** The state of the one order at the SM-DP+. */
function orderState({ rsp }: Relay): string | undefined {
  return rsp.orders.list()[0]?.state;
}

describe("a relayed download that works", () => {
  it("posts the modem's requests to the SM-DP+ of the activation code, shows the offer, and sees the result delivered", async () => {
    const offers: string[] = [];
    const relay = startRelay({
      onOffer: async ({ iccid }) => {
        offers.push(iccid);
      },
    });
    const end = await relay.download();
    expect(end).toMatchObject({ reported: "installed", resultDelivery: "delivered", error: undefined });
    expect(end.installResult?.outcome.kind).toBe("success");
    expect(offers).toEqual(relay.rsp.euicc.profiles.map(({ iccid }) => iccid));
    expect(relay.posted.map(({ name }) => name)).toEqual([
      "initiateAuthentication",
      "authenticateClient",
      "getBoundProfilePackage",
      "handleNotification",
    ]);
    expect(new Set(relay.posted.map(({ smdp }) => smdp))).toEqual(new Set([smdpAddress]));
    expect(orderState(relay)).toBe("Installed");
  });

  it("gives a request that comes again word for word the same answer, and does not post it again", async () => {
    const relay = startRelay();
    const json = JSON.stringify({ smdpAddress, euiccChallenge: "AAAA", euiccInfo1: "AAAA" });
    const first = await relay.session.answer("initiateAuthentication", json, never);
    expect(await relay.session.answer("initiateAuthentication", json, never)).toBe(first);
    expect(relay.posted).toHaveLength(1);
  });
});

describe("nothing of ours ends the order", () => {
  it("an offer that is not accepted: no package is bound, and the order stays", async () => {
    const relay = startRelay({
      onOffer: () => Promise.reject(new EsimdError("wrong_profile", "it is somebody else's")),
    });
    const end = await relay.download();
    expect(end.error?.code).toBe("wrong_profile");
    expect(relay.posted.map(({ name }) => name)).not.toContain("getBoundProfilePackage");
    expect(orderState(relay)).toBe("Released");
  });

  it("a package that does not fit: it is not handed to the eUICC, whose error result would be final", async () => {
    const relay = startRelay({ smdp: { checksMemory: false }, memoryBytes: 2_000 });
    const end = await relay.download();
    expect(end.error?.code).toBe("euicc_full");
    expect(end.installResult).toBeUndefined();
    expect(relay.posted.map(({ name }) => name)).not.toContain("handleNotification");
    expect(orderState(relay)).not.toBe("Error");
  });

  it.each(cancelReasonNames)("a cancellation by the modem with the reason %s", async (reason) => {
    const relay = startRelay();
    await relay.session.answer("cancelSession", cancelRequest(reason), never);
    const harmless: readonly CancelReason[] = ["postponed", "timeout"];
    expect(relay.posted.map(({ name }) => name)).toEqual(harmless.includes(reason) ? ["cancelSession"] : []);
  });

  it.each([
    ["that is no DER", { transactionId: "00", cancelSessionResponse: "AAAA" }],
    ["without a response", { transactionId: "00" }],
  ])("a cancellation %s is not posted: what it would do cannot be read", async (_name, request) => {
    const relay = startRelay();
    expect(await relay.session.answer("cancelSession", JSON.stringify(request), never)).toMatchObject({ status: 503 });
    expect(relay.posted).toEqual([]);
  });
});

describe("an error result of the eUICC, which ends the order", () => {
  const wrongMac: ScenarioInput = { behaviours: [{ function: "getBoundProfilePackage", do: { kind: "wrong-mac" } }] };

  it("is delivered once the list says that the profile is absent", async () => {
    const asked: (string | undefined)[] = [];
    const relay = startRelay({
      smdp: wrongMac,
      isInstalled: async (offer) => {
        asked.push(offer?.iccid);
        return false;
      },
    });
    const end = await relay.download();
    expect(end).toMatchObject({ error: { code: "install_failed" }, resultDelivery: "delivered" });
    expect(asked).toEqual([end.offer?.iccid]);
    expect(relay.posted.at(-1)?.name).toBe("handleNotification");
    expect(orderState(relay)).toBe("Error");
  });

  it.each<[string, RelaySessionParts["isInstalled"]]>([
    ["the profile is on the eUICC after all", () => Promise.resolve(true)],
    ["the list cannot be read", () => Promise.reject(new EsimdError("modem_refused", "not now"))],
  ])("is withheld when %s", async (_name, isInstalled) => {
    const relay = startRelay({ smdp: wrongMac, isInstalled });
    const end = await relay.download();
    expect(end).toMatchObject({ error: { code: "install_failed" }, resultDelivery: "undelivered" });
    expect(relay.posted.map(({ name }) => name)).not.toContain("handleNotification");
    expect(orderState(relay)).not.toBe("Error");
  });

  it("is withheld when it cannot be read: it may be one", async () => {
    const relay = startRelay();
    const unreadable = Buffer.from("bf370100", "hex").toString("base64");
    const answer = await relay.session.answer(
      "handleNotification",
      JSON.stringify({ pendingNotification: unreadable }),
      never,
    );
    expect(answer.status).toBe(503);
    expect(relay.posted).toEqual([]);
  });
});

function cancelRequest(reason: CancelReason): string {
  const transactionId = Uint8Array.of(1, 2, 3, 4);
  const signed = encodeCancelSigned({ transactionId, reason, smdpOid: "2.999.10" });
  const response = Buffer.from(encodeCancelSessionOk(signed, new Uint8Array(64))).toString("base64");
  return JSON.stringify({ transactionId: "01020304", cancelSessionResponse: response });
}
