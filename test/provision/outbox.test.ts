import { describe, expect, it } from "vitest";
import { parseIccid } from "../../src/base/identifiers.js";
import type { KeptNotification } from "../../src/lpa/lpa.js";
import { emptyJournal, parseJournal } from "../../src/provision/journal.js";
import { outboxAfter, readOutbox, writtenOutbox } from "../../src/provision/outbox.js";

const mine = parseIccid("8988307000000000001", "the test");
const other = parseIccid("8988307000000000002", "the test");
const kept = (seqNumber: number, iccid = mine): KeptNotification => ({
  seqNumber,
  iccid,
  address: "smdp.example",
  der: Uint8Array.of(0x30, seqNumber),
});

describe("the outbox", () => {
  it("comes out of the journal as it went in", () => {
    const entries = [kept(1), kept(7, other)];
    const read = readOutbox({ outbox: writtenOutbox(entries) });
    expect(read.map((entry) => ({ ...entry, der: [...entry.der] }))).toEqual(
      entries.map((entry) => ({ ...entry, der: [...entry.der] })),
    );
  });

  it("keeps what is owed for other profiles when one profile's notifications were told", () => {
    const outbox = [kept(1), kept(2, other), kept(3)];
    expect(outboxAfter(outbox, mine, []).map(({ seqNumber }) => seqNumber)).toEqual([2]);
    const many = Array.from({ length: 60 }, (_, at) => kept(at));
    expect(readBack(outboxAfter(outbox, mine, many))).toBe("good");
    expect(outboxAfter(outbox, mine, [kept(1), kept(9)]).map(({ seqNumber }) => seqNumber)).toEqual([1, 2, 9]);
  });
});

/** The journal with such an outbox, read back. */
function readBack(outbox: readonly KeptNotification[]): string {
  const journal = { ...emptyJournal("89", 0), outbox: writtenOutbox(outbox) };
  return parseJournal(JSON.stringify(journal), "the test").kind;
}
