import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { loadConfig } from "../../src/daemon/config/load.js";
import { deliverAtEnd } from "../../src/daemon/outbox/deliver-at-end.js";
import { outboxOf } from "../../src/daemon/outbox/outbox-of.js";
import { realOutside } from "../../src/daemon/outside.js";
import { UnitEvents } from "../../src/station/events.js";
import type { Entry } from "../../src/station/records/entry.js";
import { ended, failed, label, passed, runId, voided } from "../station/records/entries.js";

/** Two stations, their outboxes, the hook of the docs, and a real PostgreSQL. */

const docs = resolve(import.meta.dirname, "../../docs");
const bin = programFolder();

/** Debian keeps each version's programs in a folder of their own. */
function programFolder(): string | undefined {
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql") : [];
  const folders = versions
    .filter((version) => Number(version) >= 14)
    .map((version) => `/usr/lib/postgresql/${version}/bin`);
  return folders.find((folder) => existsSync(join(folder, "initdb")));
}

/** No PostgreSQL runs as root. */
const owner = userInfo().uid === 0 ? accountOf("postgres") : undefined;
const canRun = bin !== undefined && existsSync("/usr/bin/psql") && (userInfo().uid !== 0 || owner !== undefined);

function accountOf(name: string): { readonly uid: number; readonly gid: number } | undefined {
  const { status, stdout } = spawnSync("getent", ["passwd", name], { encoding: "utf8" });
  const [, , uid, gid] = stdout?.split(":") ?? [];
  return status === 0 ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

const folder = mkdtempSync(join(tmpdir(), "esimd-pg-"));
const data = join(folder, "data");
const service = join(folder, "pg_service.conf");

function postgres(program: string, ...words: readonly string[]): void {
  execFileSync(join(bin ?? "", program), words, { stdio: "ignore", cwd: folder, ...owner });
}

function query(sql: string): readonly string[] {
  const env = { ...process.env, PGSERVICEFILE: service, PGSERVICE: "esimd" };
  const words = ["-X", "-q", "-A", "-t", "-F", " ", "-v", "ON_ERROR_STOP=1", "-c", sql];
  return execFileSync("psql", words, { encoding: "utf8", env })
    .split("\n")
    .filter((line) => line !== "");
}

function start(): void {
  const options = `-c listen_addresses= -c unix_socket_directories=${folder} -c fsync=off`;
  postgres("pg_ctl", "-D", data, "-w", "-l", join(folder, "log"), "-o", options, "start");
}

function stop(): void {
  postgres("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop");
}

async function stationOf(name: string) {
  const stateDir = join(folder, name);
  mkdirSync(stateDir, { recursive: true });
  const hook = join(folder, "hook.sh");
  writeFileSync(hook, `#!/bin/sh\nPGSERVICEFILE='${service}' exec '${join(docs, "station-collect.sh")}'\n`, {
    mode: 0o755,
  });
  const { config } = loadConfig({
    env: { ESIMD_CONFIG: "/dev/null", ESIMD_STATE_DIR: stateDir, ESIMD_PROVIDER: "none" },
    files: [],
    overrides: [{ key: "hook.command", value: hook, flag: "--test" }],
    defaults: { "outbox.device": `pc-${name}` },
  });
  const place = { config, outside: realOutside, clock: systemClock, log: silentLog };
  const own = (entry: Entry): Entry => ({ ...entry, station: name });
  const open = (entries: readonly Entry[]) => UnitEvents.open(place, join(stateDir, "station"), name, entries.map(own));
  mkdirSync(join(stateDir, "station"), { recursive: true });
  let events = await open([]);
  return {
    /** Recorded before, and told of now. */
    comesBack: async (entries: readonly Entry[]) => {
      rmSync(join(stateDir, "station/told.json"));
      writeFileSync(join(stateDir, "station/told.json"), '{"schema":"esimd.told/1","last":null}');
      events = await open(entries);
    },
    put: async (...entries: readonly Entry[]) => {
      for (const entry of entries) await events.put(own(entry));
    },
    deliver: () =>
      deliverAtEnd(
        { config, env: { PATH: process.env["PATH"] }, clock: systemClock, random: seededRandom(1), log: silentLog },
        new AbortController().signal,
      ),
    waiting: async () => (await outboxOf(place).waiting()).length,
  };
}

describe.skipIf(!canRun)(
  "several stations in one PostgreSQL (skipped where Debian's postgresql is not installed)",
  () => {
    beforeAll(() => {
      chmodSync(folder, 0o755);
      mkdirSync(data, { mode: 0o700 });
      if (owner !== undefined) {
        chownSync(data, owner.uid, owner.gid);
        chownSync(folder, owner.uid, owner.gid);
      }
      writeFileSync(service, `[esimd]\nhost=${folder}\nuser=postgres\ndbname=postgres\n`);
      postgres("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N");
      start();
    });
    afterAll(() => {
      if (existsSync(join(data, "postmaster.pid"))) stop();
      rmSync(folder, { recursive: true, force: true });
    });
    beforeEach(() => {
      query("drop schema public cascade; create schema public");
      const env = { ...process.env, PGSERVICEFILE: service, PGSERVICE: "esimd" };
      execFileSync("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", join(docs, "station-collect.sql")], { env });
    });

    it("are there with every unit once, also when they tell it twice, and what is there twice is seen", async () => {
      const [first, second] = [await stationOf("north"), await stationOf("south")];
      const again = { run: runId(21) };
      await first.put(...passed(1), failed(2, "no_stock"), ended(2, again), label(2, again), ...passed(3), voided(3));
      // A unit of the other station has got the serial number of the first one's.
      await second.put(...passed(4, { serial: "SN1" }), failed(5, "modem_silent", { serial: null, eid: null }));
      await first.deliver();
      await second.deliver();
      const told = [...passed(1), failed(2, "no_stock"), ended(2, again), label(2, again), ...passed(3), voided(3)];
      await first.comesBack(told);
      await first.deliver();
      expect(await first.waiting()).toBe(0);

      expect(query("select station, serial, verdict, runs, labels, voided from unit order by station, serial")).toEqual(
        [
          "north SN1 PASS 1 1 f",
          "north SN2 PASS 2 1 f",
          "north SN3 PASS 1 1 t",
          "south SN1 PASS 1 1 f",
          "south  FAIL 1 0 f",
        ],
      );
      expect(query("select what, value, stations from unit_twice")).toEqual(["serial SN1 {north,south}"]);
      expect(query("select count(*), count(distinct id) from unit_event")).toEqual(["11 11"]);
      expect(query("select * from unit_gap")).toEqual([]);
    });

    it("keep what a database that is down cannot take, and what has no plain letters comes whole", async () => {
      const station = await stationOf("west");
      const why = `it's "so"; drop table unit_event; -- \\x $1 :event ü\u2028`;
      stop();
      await station.put(...passed(1), voided(1, { why }));
      await station.deliver();
      expect(await station.waiting()).toBe(3);
      start();
      await station.deliver();
      expect(await station.waiting()).toBe(0);
      expect(query("select entry ->> 'why' from unit_event where entry ->> 'kind' = 'voided'")).toEqual([why]);
    });
  },
);
