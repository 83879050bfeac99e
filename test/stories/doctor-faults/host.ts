import { mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { configured } from "../conditions.js";
import { accountsOf, byHost, diskError, diskThat, etsi, type Planted } from "../doctor-bench.js";

/** What the operator gives, what the disk keeps, and what the last run left. */

export const hostFaults: Readonly<Record<string, Planted>> = {
  "credentials are missing": {
    plant: () => ({ env: { ESIMD_API_SECRET: "" } }),
    check: "credentials",
    code: "credentials_missing",
    says: /the secret is not set/,
    next: /CREDENTIALS_DIRECTORY=\/etc\/credstore esimd doctor/,
  },
  "the provider was out of stock when it was last asked": {
    field: {
      ...etsi,
      api: [{ match: { method: "POST", path: "/v1/ESimProfiles" }, actions: [{ do: "stock-out" }] }],
    },
    plant: async (field) => {
      expect((await field.provision(["--deadline", "2"])).status).toBe(75);
      return { words: byHost };
    },
    check: "last-run",
    code: "no_stock",
    severity: "warning",
    says: /the last run, which ended \d{4}-\S+Z, failed: .*83500/,
    next: /ask the provider when stock returns/,
  },
  "the disk is full": {
    plant: () => ({ seams: { disk: diskThat({ tryWriting: () => Promise.reject(diskError("ENOSPC")) }) } }),
    check: "state-folder",
    code: "disk_full",
    says: /takes no file any more: ENOSPC/,
    next: /Free some space/,
  },
  "the disk is nearly full": {
    plant: () => ({ seams: { disk: diskThat({ room: async () => ({ freeBytes: 40_960, freeFiles: 7 }) }) } }),
    check: "state-folder",
    code: "disk_full",
    says: /only 40960 bytes are free/,
    next: /Free some space/,
  },
  "the disk has no inode left": {
    plant: () => ({ seams: { disk: diskThat({ room: async () => ({ freeBytes: 1e9, freeFiles: 0 }) }) } }),
    check: "state-folder",
    code: "disk_full",
    says: /no inodes/,
    next: /df -i/,
  },
  "the state folder belongs to another user": {
    plant: () => ({
      seams: {
        disk: diskThat({ tryWriting: () => Promise.reject(diskError("EACCES")) }),
        accounts: accountsOf(20, "dialout"),
      },
    }),
    check: "state-folder",
    code: "state_unwritable",
    says: /cannot be written: EACCES/,
    next: /may not be written by alice/,
  },
  "the file system is mounted read-only": {
    plant: () => ({ seams: { disk: diskThat({ tryWriting: () => Promise.reject(diskError("EROFS")) }) } }),
    check: "state-folder",
    code: "state_unwritable",
    says: /cannot be written: EROFS/,
    next: /mounted read-only/,
  },
  "a file stands where the state folder is to be": {
    plant: (field) => {
      const path = join(field.dir, "a-file");
      writeFileSync(path, "");
      return { env: { ESIMD_STATE_DIR: join(path, "state") } };
    },
    check: "state-folder",
    code: "state_unwritable",
    says: /a-file/,
    next: /state folder/,
  },
  "the ledger is gone": {
    field: { ...etsi },
    plant: async (field) => {
      expect((await field.provision()).status).toBe(0);
      const folder = join(field.env["ESIMD_STATE_DIR"] ?? "", "euicc");
      writeFileSync(join(folder, readdirSync(folder)[0] ?? "", "ledger.jsonl"), "");
      return { words: byHost };
    },
    check: "records",
    code: "ledger_damaged",
    says: /the ledger .* is missing or empty, and the journal saw \d/,
    next: /Restore the ledger/,
  },
  "a state folder is another eUICC's": {
    plant: async (field) => {
      expect((await field.provision()).status).toBe(0);
      const folder = join(field.env["ESIMD_STATE_DIR"] ?? "", "euicc");
      renameSync(join(folder, readdirSync(folder)[0] ?? ""), join(folder, "89049032000001000000000000000074"));
      return { words: byHost };
    },
    check: "records",
    code: "state_foreign",
    says: /is the journal of another eUICC, whose EID is/,
    next: /Rename that folder back/,
  },
  "the last run is held": {
    field: {
      ...etsi,
      api: [{ match: { method: "POST", path: "/v1/ESimProfiles" }, actions: [{ do: "fails-after-available", ms: 1 }] }],
    },
    plant: async (field) => {
      expect((await field.provision()).status).toBe(79);
      return { words: byHost };
    },
    check: "last-run",
    code: "reservation_lost",
    says: /the last run, which ended \S+Z, is held: a person must decide/,
    next: /Ask the provider/,
  },
  "the configuration has a key that does not exist": {
    plant: (field) => {
      const path = join(field.dir, "wrong.toml");
      writeFileSync(path, '[modem]\nprot = "/dev/ttyUSB2"\n');
      return { words: ["--config", path] };
    },
    check: "configuration",
    code: "config_invalid",
    says: /wrong\.toml: unknown key "modem\.prot"; did you mean "modem\.port"\?/,
    next: /esimd config check/,
  },
  "a dialect file is wrong": {
    plant: async (field) => {
      const folder = join(field.dir, "dialects");
      mkdirSync(folder);
      writeFileSync(join(folder, "mine.toml"), 'name = "mine"\n');
      return { words: await configured(field, { modem: { dialects: folder } }) };
    },
    check: "dialect-files",
    code: "dialect_invalid",
    says: /mine\.toml/,
    next: /dialect/,
    also: ["dialect_invalid"],
  },
};
