import { describe, expect, it } from "vitest";
import { foldLedger, parseLedger } from "../../src/provision/ledger.js";

const at = "2026-01-01T00:00:00.000Z";
const line = (entry: object): string => `${JSON.stringify({ v: 1, at, ...entry })}\n`;
const intent = line({ kind: "intent", id: "i1", method: "eid", why: "test" });
const created = line({ kind: "created", id: "i1", sid: "HP1" });

describe("the ledger", () => {
  it("reads back what was written", () => {
    const reading = parseLedger(intent + created);
    expect(reading).toMatchObject({ kind: "good", torn: false });
    expect(reading.kind === "good" && foldLedger(reading.entries)).toMatchObject({
      reserved: new Set(["HP1"]),
      pending: undefined,
      unclear: 0,
    });
  });

  it("drops a last line that a power cut tore: its fsync never returned, so nothing was done on it", () => {
    const reading = parseLedger(intent + created.slice(0, 20));
    expect(reading).toMatchObject({ kind: "good", torn: true });
    expect(reading.kind === "good" && reading.entries).toHaveLength(1);
  });

  it.each([
    ["a line in the middle that is no JSON", `${intent}xxxx\n${created}`],
    ["zeros where a flash lost a block", `${intent}${"\0".repeat(40)}\n`],
    ["an entry of a kind that nobody wrote", line({ kind: "gift", sid: "HP1" })],
    ["an entry of a later version", intent.replace('"v":1', '"v":2')],
  ])("is damaged by %s", (_name, text) => {
    expect(parseLedger(text).kind).toBe("damaged");
  });

  it("drops a last line whose pages reached the disk out of order, where the journal had not counted it", () => {
    const spoilt = `${"\0".repeat(60)}${created.slice(60)}`;
    expect(parseLedger(intent + spoilt, 1)).toMatchObject({ kind: "good", torn: true, entries: [{ kind: "intent" }] });
    expect(parseLedger(intent + spoilt, 2).kind).toBe("damaged");
    expect(parseLedger(intent + spoilt).kind).toBe("damaged");
  });

  it("never drops what a later esimd wrote, counted or not", () => {
    expect(parseLedger(intent + line({ kind: "gift", sid: "HP1" }), 1).kind).toBe("damaged");
  });

  it("knows the POST that is without its outcome", () => {
    const reading = parseLedger(intent);
    expect(reading.kind === "good" && foldLedger(reading.entries).pending).toEqual({
      id: "i1",
      method: "eid",
      atMs: Date.parse(at),
    });
  });

  const by = "person";
  const unclear = line({ kind: "unclear", id: "i1" });
  const fold = (...lines: readonly string[]) => {
    const reading = parseLedger(lines.join(""));
    if (reading.kind !== "good") throw new Error(reading.why);
    const { reserved, burned, released, uncharged, unclearPosts, pending } = foldLedger(reading.entries);
    return {
      reserved: [...reserved],
      burned: [...burned.keys()],
      released: [...released.keys()],
      uncharged: [...uncharged],
      unclear: unclearPosts.map((post) => `${post.id}${post.released ? " given up" : ""}`),
      pending: pending?.id,
    };
  };
  const nothing = { reserved: [], burned: [], released: [], uncharged: [], unclear: [], pending: undefined };
  const burned = line({ kind: "burned", sid: "HP1", why: "test" });
  const released = line({ kind: "released", sid: "HP1", by, why: "test" });
  const adopted = (more: object): string => line({ kind: "adopted", sid: "HP1", why: "test", by, ...more });

  it.each<[string, readonly string[], object]>([
    ["a POST that stayed unclear", [intent, unclear], { unclear: ["i1"] }],
    ["said twice, it is one", [intent, unclear, unclear], { unclear: ["i1"] }],
    [
      "given up while it waits",
      [intent, line({ kind: "intent-released", id: "i1", by, why: "x" })],
      { unclear: ["i1 given up"] },
    ],
    [
      "given up when it was unclear",
      [intent, unclear, line({ kind: "intent-released", id: "i1", by, why: "x" })],
      { unclear: ["i1 given up"] },
    ],
    [
      "unclear again, and given up all the same",
      [intent, line({ kind: "intent-released", id: "i1", by, why: "x" }), unclear],
      { unclear: ["i1 given up"] },
    ],
    [
      "an adoption says what an unclear POST made: one charge, not two",
      [intent, unclear, adopted({ id: "i1" })],
      { reserved: ["HP1"] },
    ],
    [
      "also when it was given up",
      [intent, line({ kind: "intent-released", id: "i1", by, why: "x" }), adopted({ id: "i1" })],
      { reserved: ["HP1"] },
    ],
    ["given up, it stays paid", [released], { reserved: ["HP1"], released: ["HP1"] }],
    [
      "an adoption alone lifts nothing",
      [burned, released, adopted({})],
      { reserved: ["HP1"], burned: ["HP1"], released: ["HP1"] },
    ],
    [
      "what it lifts it says",
      [burned, released, adopted({ lifts: ["burned"] })],
      { reserved: ["HP1"], released: ["HP1"] },
    ],
    ["both", [burned, released, adopted({ lifts: ["burned", "released"] })], { reserved: ["HP1"] }],
    ["burned anew", [burned, adopted({ lifts: ["burned"] }), burned], { reserved: ["HP1"], burned: ["HP1"] }],
    [
      "a person takes one for paid that was not",
      [line({ kind: "uncharged", sid: "HP1" }), adopted({})],
      { reserved: ["HP1"] },
    ],
  ])("%s", (_name, lines, expected) => {
    expect(fold(...lines)).toEqual({ ...nothing, ...expected });
  });

  it.each([
    ["a release by nobody", line({ kind: "released", sid: "HP1", why: "test" })],
    ["a release by the program", line({ kind: "released", sid: "HP1", by: "esimd", why: "test" })],
    ["a POST given up by nobody", line({ kind: "intent-released", id: "i1", why: "test" })],
    ["an adoption that lifts what there is not", adopted({ lifts: ["charged"] })],
  ])("does not take %s", (_name, text) => {
    expect(parseLedger(text).kind).toBe("damaged");
  });
});
