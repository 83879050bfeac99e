import { type Iccid, parseIccid } from "../base/identifiers.js";
import type { KeptNotification } from "../lpa/lpa.js";
import type { Journal } from "./journal.js";

/** The journal's outbox: notifications that an SM-DP+ did not take yet, in the form of the file and in that of the LPA. */

type Entry = Journal["outbox"][number];

/** @throws EsimdError `bad_input` for an ICCID that is none. */
export function readOutbox(journal: Pick<Journal, "outbox">): readonly KeptNotification[] {
  return journal.outbox.map(({ seqNumber, address, iccid, der }) => ({
    seqNumber,
    address,
    iccid: parseIccid(iccid, "the journal's outbox"),
    der: Buffer.from(der, "base64"),
  }));
}

export function writtenOutbox(kept: readonly KeptNotification[]): Entry[] {
  return kept.map(({ seqNumber, address, iccid, der }) => ({
    seqNumber,
    address,
    iccid,
    der: Buffer.from(der).toString("base64"),
  }));
}

/** What the journal takes (journal.ts); the eUICC keeps its notifications all the same. */
const most = 50;

/** After the notifications of one profile were tried: what was kept of them, and all that is owed for other profiles. */
export function outboxAfter(
  outbox: readonly KeptNotification[],
  tried: Iccid,
  kept: readonly KeptNotification[],
): readonly KeptNotification[] {
  const owed = [...outbox.filter(({ iccid }) => iccid !== tried), ...kept];
  return owed.sort((a, b) => a.seqNumber - b.seqNumber).slice(0, most);
}
