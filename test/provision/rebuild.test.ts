import { describe, expect, it } from "vitest";
import type { ESimProfile } from "../../src/api/resources.js";
import { VirtualClock } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";
import { parseEid, parseIccid } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { budgetOf } from "../../src/provision/budget.js";
import { foldLedger, type LedgerFact, parseLedger } from "../../src/provision/ledger.js";
import { rebuildLedger } from "../../src/provision/rebuild.js";
import { replaceLedger } from "../../src/provision/store/replace-ledger.js";
import { openStore, type Store, storeFolder } from "../../src/provision/store/store.js";
import { reservation } from "../support/reservation.js";
import { MemoryDisk } from "../support/small-world.js";

/** A damaged ledger made anew: what it then says, and that a power cut in the middle never leaves one that says that nothing was paid. */

const at = "2026-01-01T00:00:00.000Z";
const line = (fact: LedgerFact): string => `${JSON.stringify({ v: 1, at, ...fact })}\n`;
const iccid = parseIccid("89883070000000000016", "the test");
const intent = line({ kind: "intent", id: "i1", method: "eid", why: "test" });
const charged = line({ kind: "charged", sid: "HP1" });
const burned = line({ kind: "burned", sid: "HP1", why: "test" });
const policy = { maxReservations: 1, onUnclear: "retry" } as const;

const made = reservation;

describe("a ledger made anew", () => {
  it.each<[string, string, readonly ESimProfile[], readonly string[], string]>([
    ["of nothing, and the provider knows nothing", "", [], [], "kept 0, lost 0, spent 0"],
    [
      "of nothing, and the provider knows one",
      "",
      [made("HP1", "installed")],
      [],
      "kept 0, lost 0, spent 1: HP1 charged",
    ],
    ["of nothing, and one is under way", "", [made("HP1", "new")], [], "kept 0, lost 0, spent 1: HP1"],
    ["of nothing, and one failed uncharged", "", [made("HP1", "failed")], [], "kept 0, lost 0, spent 0"],
    [
      "of nothing, and one failed once it was charged",
      "",
      [made("HP1", "failed", { iccid })],
      [],
      "kept 0, lost 0, spent 1: HP1 charged",
    ],
    [
      "of nothing, and the journal names what the account does not know",
      "",
      [],
      ["HP1"],
      "kept 0, lost 0, spent 1: HP1",
    ],
    [
      "of what can be read",
      `${charged}xxxx\n${burned}`,
      [made("HP1", "available")],
      [],
      "kept 2, lost 1, spent 1: HP1 charged burned",
    ],
    [
      "of what can be read, and the provider knows more",
      `${"\0".repeat(9)}\n${charged}`,
      [made("HP1", "failed", { iccid }), made("HP2", "available")],
      [],
      "kept 1, lost 1, spent 2: HP1 charged, HP2 charged",
    ],
    ["of a POST whose answer was lost", `${intent}xxxx\n`, [], [], "kept 1, lost 1, spent 1, pending i1"],
    [
      "of a last line that was torn",
      charged + intent.slice(0, 9),
      [made("HP1", "available")],
      [],
      "kept 1, lost 0, spent 1: HP1 charged",
    ],
  ])("%s", (_name, text, reservations, unknown, expected) => {
    const { entries, kept, lost } = rebuildLedger(text, reservations, unknown, "test", Date.parse(at));
    const written = entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    expect(parseLedger(written)).toEqual({ kind: "good", entries, torn: false });
    expect(entries.filter(({ kind }) => kind === "rebuilt")).toMatchObject([{ by: "person", kept, lost, why: "test" }]);
    const money = foldLedger(entries);
    const sids = [...money.reserved].map((sid) =>
      [sid, ...(money.charged.has(sid) ? ["charged"] : []), ...(money.burned.has(sid) ? ["burned"] : [])].join(" "),
    );
    const pending = money.pending === undefined ? "" : `, pending ${money.pending.id}`;
    const tail = sids.length === 0 ? "" : `: ${sids.join(", ")}`;
    expect(`kept ${kept}, lost ${lost}, spent ${budgetOf(money, [], policy).spent}${pending}${tail}`).toBe(expected);
  });
});

describe("a power cut while the ledger is replaced", () => {
  const eid = parseEid("89049032123451234512345678901235", "the test");
  const folder = storeFolder("/state", eid);
  const path = `${folder}/ledger.jsonl`;

  async function open(disk: MemoryDisk): Promise<Store> {
    const processes = { ownPid: 1, birthOf: () => undefined };
    return openStore("/state", eid, { disk, processes, clock: new VirtualClock(), log: silentLog });
  }

  /** A disk that is gone after so many writes. */
  function cutAfter(disk: MemoryDisk, writes: number) {
    let left = writes;
    const counted = async (write: () => Promise<void>): Promise<void> => {
      if (left-- <= 0) throw new EsimdError("state_unwritable", "the power is gone");
      await write();
    };
    const replace = (to: string, text: string): Promise<void> => counted(() => disk.replace(to, text));
    const setAside = async (from: string, to: string): Promise<boolean> => {
      await counted(async () => {
        await disk.replace(to, (await disk.read(from)) ?? "");
        await disk.remove(from);
      });
      return true;
    };
    return { disk: { replace }, setAside };
  }

  it.each([0, 1, 2, 3, 4])("after %i writes leaves it held or whole, and a second try ends it", async (writes) => {
    const disk = new MemoryDisk();
    const first = await open(disk);
    for (const sid of ["HP1", "HP2", "HP3", "HP4", "HP5"]) await first.record({ kind: "charged", sid });
    await first.close();
    await disk.replace(path, "damaged\n");
    const { entries } = rebuildLedger("", [made("HP1", "installed")], [], "test", Date.parse(at));
    const replaced = async (allowed: number): Promise<unknown> => {
      const store = await open(disk);
      const outcome = await replaceLedger(store, folder, entries, {
        clock: new VirtualClock(),
        ...cutAfter(disk, allowed),
      }).catch((error: unknown) => error);
      await store.close();
      return outcome;
    };
    const outcome = await replaced(writes);
    const after = await open(disk);
    const isWhole = after.money() !== undefined;
    await after.close();
    expect([isWhole, outcome instanceof EsimdError]).toEqual(writes === 4 ? [true, false] : [false, true]);
    if (!isWhole) await replaced(9);
    const end = await open(disk);
    expect([...(end.money()?.reserved ?? [])]).toEqual(["HP1"]);
    await end.close();
  });
});
