import { describe, expect, it } from "vitest";
import { bytesOnDisk } from "../../../src/daemon/outbox/event-file.js";
import type { FleetEvent } from "../../../src/report/event.js";
import { OutboxWorld, originOfEvent, type Put, type Receiver, stateDir } from "./outbox-world.js";

/**
 * Broker, webhook and network down for days, the process killed and the power cut at random: every report arrives, once or more, in order,
 * none lost; and where there is no room for all of them, the oldest go, and everybody is told which.
 */

const hour = 3_600_000;
const day = 24 * hour;
/** Days of virtual time are seconds of ours; on a busy machine, more of them. */
const patience = { timeout: 120_000 };
/** Two modems, and a station that has a name like one of them. */
const origins = ["modem0", "modem1", "station:modem0"];
const seeds = Array.from({ length: 4 }, (_none, index) => index + 1);

/** Days in which everything goes wrong: receivers come and go, the process dies, and runs end all the while. */
async function badDays(world: OutboxWorld, days: number, putsADay: number): Promise<void> {
  const { random } = world;
  for (let put = 0; put < days * putsADay; put++) {
    await world.pass((day / putsADay) * (0.5 + random.next()));
    for (const receiver of world.receivers) if (random.next() < 0.1) receiver.isUp = !receiver.isUp;
    await world.put(origins[Math.floor(random.next() * origins.length)] ?? "modem0");
  }
}

async function allIsWell(world: OutboxWorld): Promise<void> {
  world.deaths = undefined;
  for (const receiver of world.receivers) {
    receiver.isUp = true;
    receiver.losesAnswers = 0;
  }
  await world.pass(hour);
}

/** In their order: each event later than those before it, and again only the one that came last. */
function expectInOrder(got: readonly FleetEvent[]): void {
  const last = new Map<string, FleetEvent>();
  for (const event of got) {
    const before = last.get(originOfEvent(event));
    if (before !== undefined && event.id !== before.id) expect(event.sequence).toBeGreaterThan(before.sequence);
    last.set(originOfEvent(event), event);
  }
}

/** Nothing is missing but what the receiver was told of. */
function toldDropped(receiver: Receiver, origin: string): readonly number[] {
  const dropped: number[] = [];
  let last = 0;
  for (const event of receiver.once.filter((one) => originOfEvent(one) === origin)) {
    const missing = Array.from({ length: event.sequence - last - 1 }, (_none, index) => last + 1 + index);
    expect(event.dropped).toEqual(
      missing.length === 0 ? null : { count: missing.length, from: last + 1, to: event.sequence - 1 },
    );
    dropped.push(...missing);
    last = event.sequence;
  }
  return dropped;
}

function idsOf(puts: readonly Put[]): readonly string[] {
  return puts.map(({ id }) => id);
}

describe("receivers that are down for days, and a process that dies at any step", patience, () => {
  it.each(seeds)("lose no report and get them in order (seed %i)", async (seed) => {
    const world = new OutboxWorld(seed);
    await world.begin();
    world.deaths = { everySteps: 40 };
    for (const receiver of world.receivers) receiver.losesAnswers = 0.1;
    await badDays(world, 5, 6);
    await allIsWell(world);

    expect(world.died.killed + world.died.power).toBeGreaterThan(5);
    expect(world.kept.length).toBeGreaterThan(10);
    for (const receiver of world.receivers) {
      const received = new Set(receiver.got.map(({ id }) => id));
      expect(idsOf(world.kept).filter((id) => !received.has(id))).toEqual([]);
      expectInOrder(receiver.got);
      for (const origin of origins) expect(toldDropped(receiver, origin)).toEqual([]);
    }
    // What everybody has takes no room.
    expect(world.eventFiles()).toEqual([]);
  });

  it("come again after a loss of the answer, and are then the same event", async () => {
    const world = new OutboxWorld(1);
    await world.begin();
    for (const receiver of world.receivers) receiver.losesAnswers = 0.5;
    for (let run = 0; run < 10; run++) {
      await world.put("modem0");
      await world.pass(hour);
    }
    await allIsWell(world);
    for (const receiver of world.receivers) {
      expect(receiver.got.length).toBeGreaterThan(10);
      expect(receiver.once.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
  });
});

describe("one receiver that is down", patience, () => {
  it("holds up nobody else, and gets all of it when it comes back", async () => {
    const world = new OutboxWorld(1);
    await world.begin();
    const [webhook, mqtt, hook] = world.receivers;
    if (webhook === undefined || mqtt === undefined || hook === undefined) throw new Error("a receiver is missing");
    webhook.isUp = false;
    for (let run = 0; run < 20; run++) {
      await world.put("modem0");
      await world.pass(hour);
    }
    expect([webhook.got.length, mqtt.got.length, hook.got.length]).toEqual([0, 20, 20]);
    webhook.isUp = true;
    // Its pause is a quarter of an hour at the most.
    await world.pass(hour / 4);
    expect(webhook.got.map(({ sequence }) => sequence)).toEqual(mqtt.got.map(({ sequence }) => sequence));
  });
});

describe("an outbox that is full", patience, () => {
  const bound = { maxBytes: 65_536, maxEvents: 12 };

  function expectWithinBound(world: OutboxWorld): void {
    const files = world.eventFiles().filter(({ name }) => name.endsWith(".json"));
    // What goes is counted first and removed then: a kill in between leaves a file that counts as gone, until the next turn.
    const floor = floorOf(world);
    const counted = files.filter(({ name }) => Number(name.slice(-17, -5)) >= floor);
    expect(counted.length).toBeLessThanOrEqual(bound.maxEvents);
    expect(counted.reduce((sum, { bytes }) => sum + bytesOnDisk(bytes), 0)).toBeLessThanOrEqual(bound.maxBytes);
  }

  function floorOf(world: OutboxWorld): number {
    const text = world.files.contents().get(`${stateDir}/outbox/index.json`);
    return text === undefined ? 1 : Number(JSON.parse(text).floor);
  }

  it("drops the oldest, keeps the newest, and says to each receiver which it will not get", async () => {
    const world = new OutboxWorld(1, bound);
    await world.begin();
    for (const receiver of world.receivers) receiver.isUp = false;
    for (let run = 0; run < 50; run++) {
      await world.put(run % 2 === 0 ? "modem0" : "modem1");
      await world.pass(4 * hour);
      expectWithinBound(world);
    }
    await allIsWell(world);
    for (const receiver of world.receivers) {
      // The 12 newest of 50, in two rows of sequence numbers.
      expect(receiver.once.map((event) => `${originOfEvent(event)} ${event.sequence}`)).toEqual(
        Array.from({ length: 12 }, (_none, index) => `modem${index % 2} ${20 + Math.floor(index / 2)}`),
      );
      expect(receiver.got[0]?.dropped).toEqual({ count: 19, from: 1, to: 19 });
      expect(receiver.got[1]?.dropped).toEqual({ count: 19, from: 1, to: 19 });
      expect(receiver.got.slice(2).map(({ dropped }) => dropped)).toEqual(Array(10).fill(null));
    }
    expect((await world.process?.outbox.size())?.dropped).toBe(38);
  });

  it.each(seeds)("keeps to its bound and accounts for every report, also when killed (seed %i)", async (seed) => {
    const world = new OutboxWorld(seed, bound);
    await world.begin();
    world.deaths = { everySteps: 50 };
    const { random } = world;
    for (let put = 0; put < 60; put++) {
      await world.pass(4 * hour * random.next());
      for (const receiver of world.receivers) if (random.next() < 0.06) receiver.isUp = !receiver.isUp;
      await world.put(origins[Math.floor(random.next() * origins.length)] ?? "modem0");
      expectWithinBound(world);
    }
    await allIsWell(world);
    // One more of each, by which everybody hears of what was dropped last.
    for (const origin of origins) await world.put(origin);
    await world.pass(hour);
    for (const receiver of world.receivers) {
      expectInOrder(receiver.got);
      for (const origin of origins) {
        const dropped = new Set(toldDropped(receiver, origin));
        const got = new Set(receiver.once.map(({ id }) => id));
        const unaccounted = world.kept.filter(
          (put) => put.origin === origin && !got.has(put.id) && !dropped.has(put.sequence),
        );
        expect(unaccounted).toEqual([]);
      }
    }
  });
});
