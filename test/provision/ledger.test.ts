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

  it("knows the POST that is without its outcome", () => {
    const reading = parseLedger(intent);
    expect(reading.kind === "good" && foldLedger(reading.entries).pending).toEqual({
      id: "i1",
      method: "eid",
      atMs: Date.parse(at),
    });
  });
});
