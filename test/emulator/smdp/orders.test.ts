import { describe, expect, it } from "vitest";
import { type Eid, parseIccid, parseMatchingId } from "../../../src/base/identifiers.js";
import { EmulatedEuicc } from "../../../src/emulator/euicc/euicc.js";
import type { Es9Post } from "../../../src/emulator/euicc/modem-lpa.js";
import { FunctionFailure } from "../../../src/emulator/smdp/failures.js";
import { OrderBook, type OrderLimits } from "../../../src/emulator/smdp/orders.js";
import { encodeEuiccInfo1 } from "../../../src/lpa/es10/euicc-info.js";
import { type CancelReason, cancelReasonNames } from "../../../src/lpa/es10/result-codes.js";
import { createRspWorld, otherEid, testEid } from "../../support/rsp-world.js";

const iccid = parseIccid("89883070000000000005", "the test");
const secondIccid = parseIccid("89883070000000000013", "the test");
const matchingId = parseMatchingId("AB-1", "the test");
const limits: OrderLimits = { maxAttempts: 3, maxCodeTries: 3, singleShot: false };
const success = { kind: "success", isdpAid: "A0" } as const;
const installError = { kind: "error", bppCommand: "x", reason: "y" } as const;

function refusalOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof FunctionFailure) return `${error.refusal.subjectCode}/${error.refusal.reasonCode}`;
    throw error;
  }
  return "ok";
}

function released(options: { eid?: Eid; withMatchingId?: boolean; limits?: Partial<OrderLimits> } = {}): OrderBook {
  const book = new OrderBook({ ...limits, ...options.limits });
  book.place({ iccid, eid: options.eid, profileType: "test" });
  book.confirm(iccid, {
    eid: undefined,
    matchingId: options.withMatchingId === false ? undefined : matchingId,
    confirmationHash: undefined,
    release: true,
  });
  return book;
}

describe("the operator's side of an order", () => {
  it("goes from Allocated over confirmation to Released", () => {
    const book = new OrderBook(limits);
    expect(book.place({ iccid, eid: undefined, profileType: "t" }).state).toBe("Allocated");
    expect(refusalOf(() => book.place({ iccid, eid: undefined, profileType: "t" }))).toBe("8.2.1/3.3");
    expect(refusalOf(() => book.release(iccid))).toBe("8.2.1/3.8");
    const confirmation = { eid: undefined, matchingId, confirmationHash: undefined, release: false };
    expect(book.confirm(iccid, confirmation).state).toBe("Linked");
    expect(refusalOf(() => book.find(testEid, matchingId))).toBe("8.2/1.2");
    expect(book.release(iccid).state).toBe("Released");
    expect(refusalOf(() => book.confirm(iccid, confirmation))).toBe("8.2.1/3.8");
    expect(refusalOf(() => book.release(secondIccid))).toBe("8.2.1/3.9");
  });

  it("wants a matching id or an EID, and each matching id once", () => {
    const book = released();
    book.place({ iccid: secondIccid, eid: undefined, profileType: "t" });
    const confirm = (id: typeof matchingId | undefined): string =>
      refusalOf(() =>
        book.confirm(secondIccid, { eid: undefined, matchingId: id, confirmationHash: undefined, release: true }),
      );
    expect([confirm(undefined), confirm(matchingId)]).toEqual(["8.10/2.2", "8.2.6/3.3"]);
  });
});

describe("a claim (rule 2: bound by the first, over with the first success)", () => {
  it.each([
    { what: "the right matching id", eid: testEid, id: "AB-1", gives: "ok" },
    { what: "an unknown matching id", eid: testEid, id: "AB-2", gives: "8.2.6/3.8" },
    { what: "no matching id, where the order has one", eid: testEid, id: undefined, gives: "8.2.6/3.8" },
  ])("$what: $gives", ({ eid, id, gives }) => {
    const book = released();
    expect(refusalOf(() => book.find(eid, id))).toBe(gives);
  });

  it("binds the order: the same EID may try again, another may not", () => {
    const book = released();
    book.claim(book.find(testEid, matchingId).iccid, testEid);
    expect(refusalOf(() => book.find(testEid, matchingId))).toBe("ok");
    expect(refusalOf(() => book.find(otherEid, matchingId))).toBe("8.1.1/3.8");
  });

  it("is found by EID alone, absent or empty, oldest first", () => {
    const book = released({ eid: testEid, withMatchingId: false });
    book.place({ iccid: secondIccid, eid: testEid, profileType: "t" });
    book.confirm(secondIccid, { eid: undefined, matchingId: undefined, confirmationHash: undefined, release: true });
    expect([book.find(testEid, undefined).iccid, book.find(testEid, "").iccid]).toEqual([iccid, iccid]);
    expect(refusalOf(() => book.find(otherEid, undefined))).toBe("8.2.6/3.8");
    book.ended(iccid, success);
    expect(book.find(testEid, undefined).iccid).toBe(secondIccid);
    book.ended(secondIccid, success);
    expect(refusalOf(() => book.find(testEid, undefined))).toBe("8.2.6/3.8");
  });

  it.each([
    { what: "three times by default", own: {}, allowed: 3 },
    { what: "as often as the scenario says", own: { maxAttempts: 5 }, allowed: 5 },
    { what: "once when single-shot", own: { singleShot: true }, allowed: 1 },
  ])("may be tried $what, then the order is in Error and says so for good", ({ own, allowed }) => {
    for (const withMatchingId of [true, false]) {
      const book = released({ eid: testEid, withMatchingId, limits: own });
      const id = withMatchingId ? matchingId : undefined;
      for (let i = 0; i < allowed; i++) book.claim(book.find(testEid, id).iccid, testEid);
      expect(refusalOf(() => book.claim(book.find(testEid, id).iccid, testEid))).toBe("8.8.5/6.4");
      expect(book.get(iccid)?.state).toBe("Error");
      expect(refusalOf(() => book.find(testEid, id))).toBe("8.8.5/6.4");
    }
  });

  it("is over with the first result, and no second result moves it", () => {
    const book = released();
    book.delivered(iccid);
    expect([book.ended(iccid, success), book.get(iccid)?.state]).toEqual([true, "Installed"]);
    expect([book.ended(iccid, installError), book.get(iccid)?.state]).toEqual([false, "Installed"]);
    expect(refusalOf(() => book.find(testEid, matchingId))).toBe("8.2.6/3.8");
    const failing = released();
    expect([failing.ended(iccid, installError), failing.get(iccid)?.state]).toEqual([true, "Error"]);
    expect([failing.ended(iccid, installError), failing.get(iccid)?.state]).toEqual([false, "Error"]);
  });

  it("a success that was long on its way counts even when the order was given up meanwhile", () => {
    const book = released({ limits: { singleShot: true } });
    book.claim(iccid, testEid);
    book.delivered(iccid);
    expect(refusalOf(() => book.claim(iccid, testEid))).toBe("8.8.5/6.4");
    expect([book.ended(iccid, success), book.get(iccid)?.state]).toEqual([true, "Installed"]);
  });

  const keeps: ReadonlySet<CancelReason> = new Set(["postponed", "timeout"]);
  it.each(
    cancelReasonNames.map((reason) => ({
      reason,
      state: keeps.has(reason) ? "Downloaded" : "Error",
    })),
  )("cancelled with $reason is in $state", ({ reason, state }) => {
    const book = released();
    book.delivered(iccid);
    expect(book.cancelled(iccid, reason, true)).toBe(state === "Error");
    expect(book.get(iccid)?.state).toBe(state);
  });

  it("a session postponed before it got its package costs no attempt", () => {
    const book = released({ eid: testEid });
    for (let i = 0; i < 10; i++) {
      book.claim(book.find(testEid, matchingId).iccid, testEid);
      book.cancelled(iccid, "postponed", false);
    }
    expect(book.get(iccid)).toMatchObject({ state: "Released", attempts: 0 });
  });
});

const foreignInfo1 = Buffer.from(
  encodeEuiccInfo1({ version: "2.2.2", verificationKeyIds: ["0101"], signingKeyIds: ["0101"] }),
).toString("base64");

describe("a device against the order", () => {
  it("another eUICC is refused, the same one may start again until it succeeds", async () => {
    const world = createRspWorld();
    world.order({ matchingId: "AB-1" });
    const lost = await world.download({
      matchingId: "AB-1",
      post: (fn, body) =>
        fn === "getBoundProfilePackage"
          ? world.post(fn, body).then(() => Promise.reject(new Error("cut")))
          : world.post(fn, body),
    });
    expect(lost).toMatchObject({ ok: false, stage: "getBoundProfilePackage" });
    const stranger = new EmulatedEuicc({ pki: world.pki, state: { eid: otherEid } });
    expect(await world.download({ euicc: stranger, matchingId: "AB-1" })).toMatchObject({
      ok: false,
      stage: "authenticateClient",
      subjectCode: "8.1.1",
      reasonCode: "3.8",
    });
    // The kept one-time key is offered and used again.
    const kept = world.euicc.toJSON().keptOneTimeKey?.publicHex;
    expect(kept).toBeDefined();
    expect(await world.download({ matchingId: "AB-1" })).toMatchObject({ ok: true });
    expect(world.euicc.toJSON().keptOneTimeKey).toBeUndefined();
    expect(await world.download({ matchingId: "AB-1" })).toMatchObject({ subjectCode: "8.2.6", reasonCode: "3.8" });
  });

  it("single-shot refuses the second session, and the operator hears of it", async () => {
    const world = createRspWorld({ scenario: { singleShot: true } });
    const { iccid: ordered } = world.order({ eid: testEid });
    const post: Es9Post = (fn, body) =>
      fn === "getBoundProfilePackage" ? Promise.reject(new Error("cut")) : world.post(fn, body);
    expect(await world.download({ post })).toMatchObject({ ok: false, stage: "getBoundProfilePackage" });
    expect(await world.download()).toMatchObject({ ok: false, subjectCode: "8.8.5", reasonCode: "6.4" });
    expect(world.progress).toMatchObject([{ iccid: ordered, event: { point: 3, refusal: { subjectCode: "8.8.5" } } }]);
  });

  it("a confirmation code is wanted, checked, and may be wrong so many times", async () => {
    const world = createRspWorld({ scenario: { maxAttempts: 9 } });
    world.order({ eid: testEid, confirmationCode: "4711" });
    expect(await world.download()).toEqual({ ok: false, stage: "prepareDownload", reason: "confirmationCodeRequired" });
    expect(world.orders.list()[0]).toMatchObject({ state: "Released", attempts: 0 });
    const wrong = { ok: false, stage: "getBoundProfilePackage", subjectCode: "8.2.7", reasonCode: "3.8" };
    expect(await world.download({ confirmationCode: "0000" })).toMatchObject(wrong);
    expect(await world.download({ confirmationCode: "4711" })).toMatchObject({ ok: true });

    world.order({ eid: testEid, confirmationCode: "4711" });
    for (const reasonCode of ["3.8", "3.8", "6.4", "6.4"]) {
      expect(await world.download({ confirmationCode: "0000" })).toMatchObject({ subjectCode: "8.2.7", reasonCode });
    }
    expect(world.orders.list()[1]?.state).toBe("Error");
  });

  it.each([
    { what: "an address that is not its own", change: { smdpAddress: "other.example.com" }, gives: "8.8.1/3.8" },
    {
      what: "a challenge of 15 bytes",
      change: { euiccChallenge: Buffer.alloc(15).toString("base64") },
      gives: "8.10/2.2",
    },
    { what: "EUICCInfo1 that is none", change: { euiccInfo1: "AAAA" }, gives: "8.10/2.2" },
    {
      what: "an eUICC of another CI",
      change: { euiccInfo1: foreignInfo1 },
      gives: "8.8.2/3.1",
    },
    { what: "base64 that is none", change: { euiccChallenge: "***" }, gives: "8.10/2.2" },
  ])("initiateAuthentication refuses $what with $gives", async ({ change, gives }) => {
    const world = createRspWorld();
    let refused = "";
    await world.download({
      post: async (fn, body) => {
        const answer = await world.post(fn, { ...body, ...change });
        const { subjectCode, reasonCode } = JSON.parse(answer.body).header.functionExecutionStatus.statusCodeData;
        refused = `${subjectCode}/${reasonCode}`;
        return answer;
      },
    });
    expect(refused).toBe(gives);
  });

  it("an eUICC with too little memory is refused before it loads anything, and the order is kept", async () => {
    const world = createRspWorld({ memoryBytes: 5_000 });
    world.order({ eid: testEid });
    expect(await world.download()).toMatchObject({
      stage: "authenticateClient",
      subjectCode: "8.1",
      reasonCode: "4.8",
    });
    expect(world.orders.list()[0]).toMatchObject({ state: "Released", attempts: 0 });
  });

  it("an eUICC of another world is not believed, and a session answers once", async () => {
    const world = createRspWorld();
    const stranger = createRspWorld();
    world.order({ eid: testEid });
    let answered: object = {};
    await world.download({
      post: (fn, body) => {
        if (fn === "authenticateClient") answered = body;
        return world.post(fn, body);
      },
    });
    const replay = await world.post("authenticateClient", answered);
    expect(replay.body).toContain('"subjectCode":"8.10.1","reasonCode":"3.9"');
    const foreign = await world.download({
      euicc: stranger.euicc,
      post: async (fn, body) => (fn === "initiateAuthentication" ? stranger.post(fn, body) : world.post(fn, body)),
    });
    expect(foreign).toMatchObject({ ok: false, subjectCode: "8.10.1" });
  });
});
