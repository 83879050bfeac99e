import { dirname, join } from "node:path";
import { describeCause, EsimdError } from "../../base/errors.js";
import { maskIdentifiers } from "../../base/identifiers.js";
import { asOwn, type JournalReading, parseJournal } from "../../provision/journal.js";
import { parseLedger } from "../../provision/ledger.js";
import { allFound, type Check, type Outcome, type Trouble, well } from "./check.js";
import type { StateDisk } from "./state-disk.js";

/** The state folder: whether what costs money could be written down before it is done, and whether what was written is whole. */

/** A journal and a ledger of one eUICC have a few kB; a log that fills the disk takes this in a moment. */
const leastBytes = 1024 * 1024;

export const stateFolder: Check = {
  name: "state-folder",
  asks: "Can the state folder be written, and is there room?",
  knows:
    "What a small file shows that is written there, made durable and taken away again, by this user. A folder that is not there yet is not made: the nearest one above it is tried.",
  codes: ["state_unwritable", "disk_full"],
  needs: ["configuration"],
  after: [],
  timeoutMs: 30_000,
  run: async ({ surroundings }): Promise<Outcome> => {
    const { disk, accounts, config } = surroundings;
    const folder = await nearestFolder(disk, config.stateDir);
    try {
      await disk.tryWriting(folder);
    } catch (cause) {
      throw writeError(cause, folder, config.stateDir, accounts.userName);
    }
    const { freeBytes, freeFiles } = await disk
      .room(folder)
      .catch(() => ({ freeBytes: undefined, freeFiles: undefined }));
    if (freeBytes !== undefined && freeBytes < leastBytes)
      throw new EsimdError(
        "disk_full",
        `only ${freeBytes} bytes are free where the state folder ${config.stateDir} lies`,
      );
    if (freeFiles === 0)
      throw new EsimdError(
        "disk_full",
        `no file can be made any more where the state folder ${config.stateDir} lies (no inodes)`,
        {
          hint: "Delete files on that file system: it has room for bytes and none for names (df -i).",
        },
      );
    return well();
  },
};

/** The folder, or the nearest one above it that is there. @throws EsimdError `state_unwritable` for what is no folder. */
async function nearestFolder(disk: StateDisk, path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    let kind: Awaited<ReturnType<StateDisk["kindOf"]>>;
    try {
      kind = await disk.kindOf(at);
    } catch (cause) {
      throw new EsimdError("state_unwritable", `${at} cannot be looked at: ${describeCause(cause)}`, { cause });
    }
    if (kind === "folder") return at;
    if (kind === "other")
      throw new EsimdError("state_unwritable", `${at} is no folder, and the state folder is ${path}`);
    if (at === dirname(at)) throw new EsimdError("state_unwritable", `there is no folder above ${path}`);
  }
}

function writeError(cause: unknown, folder: string, stateDir: string, userName: string): EsimdError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const place =
    folder === stateDir
      ? `the state folder ${stateDir}`
      : `${folder}, where the state folder ${stateDir} is to be made,`;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new EsimdError("disk_full", `${place} takes no file any more: ${describeCause(cause)}`, { cause });
  }
  const hints: Readonly<Record<string, string>> = {
    EROFS:
      "The file system is mounted read-only: remount it, or set state_dir to a place that can be written. After I/O errors the kernel does that by itself; look at dmesg.",
    EACCES: `It may not be written by ${userName}: run the doctor as the user that esimd runs as, or give the folder to that user.`,
    EPERM: `It may not be written by ${userName}: run the doctor as the user that esimd runs as, or give the folder to that user.`,
  };
  const hint = typeof code === "string" ? hints[code] : undefined;
  return new EsimdError("state_unwritable", `${place} cannot be written: ${describeCause(cause)}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

export const records: Check = {
  name: "records",
  asks: "Are journal and ledger of each eUICC readable, and the ledger as long as the journal saw it?",
  knows: "Their form and length, and whose they are. Whether the ledger is true, only the provider's account can tell.",
  codes: ["ledger_damaged", "state_newer", "state_foreign", "state_unwritable"],
  needs: ["configuration"],
  after: [],
  timeoutMs: 30_000,
  run: async ({ surroundings }): Promise<Outcome> => {
    const { disk, config } = surroundings;
    const folder = join(config.stateDir, "euicc");
    let names: readonly string[];
    try {
      names = await disk.names(folder);
    } catch (cause) {
      throw new EsimdError("state_unwritable", `${folder} cannot be read: ${describeCause(cause)}`, { cause });
    }
    const troubles: Trouble[] = [];
    for (const eid of names.filter((name) => /^\d{32}$/.test(name))) {
      const error = await readRecords(disk, folder, eid);
      if (error !== undefined) troubles.push({ severity: "error", error });
    }
    return allFound(troubles);
  },
};

async function readRecords(disk: StateDisk, above: string, eid: string): Promise<EsimdError | undefined> {
  const folder = join(above, eid);
  const journalPath = join(folder, "journal.json");
  const ledgerPath = join(folder, "ledger.jsonl");
  try {
    const journalText = await disk.read(journalPath);
    if (journalText === undefined) return undefined;
    const journal = asOwn(parseJournal(journalText, journalPath), eid, journalPath);
    return ledgerTrouble(journal, (await disk.read(ledgerPath)) ?? "", ledgerPath);
  } catch (error) {
    if (error instanceof EsimdError) return error;
    return new EsimdError("state_unwritable", `${folder} cannot be read: ${describeCause(error)}`, { cause: error });
  }
}

/** As the store judges it (provision/store/store.ts): a journal that is not good wants a ledger of at least one line. Pure. */
export function ledgerTrouble(journal: JournalReading, ledgerText: string, path: string): EsimdError | undefined {
  const wanted = journal.kind === "good" ? journal.journal.ledgerEntries : 1;
  const ledger = parseLedger(ledgerText, journal.kind === "good" ? wanted : undefined);
  const place = maskIdentifiers(path);
  if (ledger.kind === "damaged")
    return new EsimdError("ledger_damaged", `the ledger ${place} is damaged: ${ledger.why}`);
  if (ledger.entries.length >= wanted) return undefined;
  const has = ledger.entries.length === 0 ? "is missing or empty" : `has ${ledger.entries.length} entries`;
  return new EsimdError("ledger_damaged", `the ledger ${place} ${has}, and the journal saw ${wanted}`);
}
