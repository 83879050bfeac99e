import { beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { loadConfig } from "../../src/daemon/config/load.js";
import { outboxOf } from "../../src/daemon/outbox/outbox-of.js";
import type { ReportPlace } from "../../src/daemon/outbox/put-report.js";
import { durableDisk } from "../../src/provision/store/disk.js";
import type { FleetEvent } from "../../src/report/event.js";
import { UnitEvents } from "../../src/station/events.js";
import type { Entry } from "../../src/station/records/entry.js";
import { SimFiles } from "../sweep/files.js";
import { begun, ended, identified, label, passed, voided } from "./records/entries.js";

/** What a station tells of its units, on a disk that forgets what was not synced. */

const folder = "/state/station";
let files: SimFiles;
let ids: number;

beforeEach(async () => {
  files = new SimFiles();
  ids = 0;
  await files.mkdir("/state");
  await files.mkdir(folder);
  await files.syncFolder("/");
  await files.syncFolder("/state");
});

function placeOf(hook: string | undefined = "/usr/local/bin/tell"): ReportPlace {
  const { config } = loadConfig({
    env: { ESIMD_CONFIG: "/dev/null", ESIMD_STATE_DIR: "/state", ESIMD_PROVIDER: "none" },
    files: [],
    overrides: hook === undefined ? [] : [{ key: "hook.command", value: hook, flag: "--test" }],
    defaults: { "outbox.device": "line-pc" },
  });
  const newId = (): string => `00000000-0000-4000-8000-${String(++ids).padStart(12, "0")}`;
  const processes = { ownPid: 1, birthOf: () => "boot/1" };
  return { config, outside: { disk: durableDisk(files), processes, newId }, clock: new VirtualClock(), log: silentLog };
}

async function inOutbox(place: ReportPlace): Promise<readonly string[]> {
  const outbox = outboxOf(place);
  const events: string[] = [];
  for (const number of await outbox.waiting()) {
    const event = await outbox.event(number);
    events.push(event === undefined ? "damaged" : textOf({ ...event, dropped: null }));
  }
  return events;
}

function textOf(event: FleetEvent): string {
  if (event.kind === "report") return "report";
  return `${event.station} ${event.sequence} ${event.entry.kind} ${event.entry.serial}`;
}

describe("the events of a station", () => {
  it("are what was recorded of its units, in that order, and nothing of what only the station cares for", async () => {
    const place = placeOf();
    const events = await UnitEvents.open(place, folder, "line-1", []);
    await Promise.all([...passed(1), ...passed(2), voided(1)].map((entry) => events.put(entry)));
    expect(await inOutbox(place)).toEqual([
      "line-1 1 ended SN1",
      "line-1 2 label SN1",
      "line-1 3 ended SN2",
      "line-1 4 label SN2",
      "line-1 5 voided SN1",
    ]);
  });

  it("are not made where there is nobody to tell", async () => {
    const place = placeOf();
    const quiet = { ...place, config: { ...place.config, hook: { ...place.config.hook, command: undefined } } };
    const events = await UnitEvents.open(quiet, folder, "line-1", []);
    await events.put(ended(1));
    expect(await inOutbox(place)).toEqual([]);
    expect([...files.contents()].map(([path]) => path)).toEqual([]);
  });

  it("begin with what comes where nobody was told before", async () => {
    const place = placeOf();
    const past = passed(1);
    const events = await UnitEvents.open(place, folder, "line-1", past);
    await events.put(ended(2));
    expect(await inOutbox(place)).toEqual(["line-1 1 ended SN2"]);
  });

  it("make up for what was recorded when the station was cut off before it could tell, under the id that it would have had", async () => {
    const place = placeOf();
    const first = await UnitEvents.open(place, folder, "line-1", []);
    const record: Entry[] = [begun(1), identified(1), ended(1)];
    await first.put(ended(1));
    // Recorded, and the power went.
    record.push(label(1), begun(2), identified(2), ended(2));
    files.cutPower("strict");
    await UnitEvents.open(place, folder, "line-1", record);
    expect(await inOutbox(place)).toEqual(["line-1 1 ended SN1", "line-1 2 label SN1", "line-1 3 ended SN2"]);
    // The outbox had it, and the note of it did not get to the disk.
    files.cutPower("strict");
    await durableDisk(files).remove(`${folder}/told.json`);
    await durableDisk(files).replace(`${folder}/told.json`, toldUntil(await firstId(place)));
    await UnitEvents.open(place, folder, "line-1", record);
    expect(await idsOf(place)).toHaveLength(5);
    expect(new Set(await idsOf(place)).size).toBe(3);
  });

  it.each([["{ half a page"], ['{"schema":"esimd.told/1","last":"11111111-1111-4111-8111-111111111111"}']])(
    "go on from here where what was told cannot be known (%s)",
    async (text) => {
      const place = placeOf();
      await durableDisk(files).replace(`${folder}/told.json`, text);
      const events = await UnitEvents.open(place, folder, "line-1", passed(1));
      await events.put(ended(2));
      expect(await inOutbox(place)).toEqual(["line-1 1 ended SN2"]);
    },
  );

  it("that cannot be kept do not stop the line", async () => {
    const place = placeOf();
    const events = await UnitEvents.open(place, folder, "line-1", []);
    const disk = durableDisk(files);
    const full = {
      ...place,
      outside: { ...place.outside, disk: { ...disk, replace: () => disk.replace("/none/x", "") } },
    };
    const blocked = await UnitEvents.open(full, folder, "line-1", []);
    await expect(blocked.put(ended(1))).resolves.toBeUndefined();
    await events.put(ended(2));
    expect(await inOutbox(place)).toEqual(["line-1 1 ended SN2"]);
  });
});

async function idsOf(place: ReportPlace): Promise<readonly string[]> {
  const outbox = outboxOf(place);
  const events = await Promise.all((await outbox.waiting()).map((number) => outbox.event(number)));
  return events.flatMap((event) => (event === undefined ? [] : [event.id]));
}

async function firstId(place: ReportPlace): Promise<string> {
  return (await idsOf(place))[0] ?? "";
}

function toldUntil(last: string): string {
  return JSON.stringify({ schema: "esimd.told/1", last });
}
