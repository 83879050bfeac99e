import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { EsimdError } from "../../src/base/errors.js";
import type { OpenCompanion } from "../../src/daemon/companions.js";
import { DaemonRig, main, modemFile } from "./daemon-rig.js";

const day = 86_400_000;
const hour = 3_600_000;

let rig: DaemonRig;

afterEach(async () => {
  await rig.stop();
  rig.close();
});

async function served(files: Readonly<Record<string, string>>, companions: readonly OpenCompanion[] = []) {
  rig = new DaemonRig(files, companions);
  await rig.settle();
  return rig;
}

function modems(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [modemFile(name), ""]));
}

const until = (condition: () => Promise<boolean>): Promise<boolean> =>
  vi.waitUntil(condition, { timeout: 10_000, interval: 5 });

const port = (name: string): string => `/dev/esimd/${name}`;

describe("several modems in one daemon", () => {
  it("are each provisioned, and rest each by itself", async () => {
    await served(modems("a", "b"));
    expect(rig.began).toEqual([port("a"), port("b")]);
    rig.runOn(port("a")).end("well");
    rig.runOn(port("b")).end("api_unavailable");
    await rig.clock.advance(15_000);
    expect(rig.began).toEqual([port("a"), port("b"), port("b")]);
    expect(rig.told("a")).toEqual([
      "served",
      "report",
      "Provisioned: nothing more is due until another modem comes, or a run is asked for.",
    ]);
    expect(rig.told("b")[2]).toBe("The run failed (api_unavailable) and is tried again in 15 s.");
    expect(rig.daemon?.modems.list().map(({ name, activity }) => [name, activity.kind])).toEqual([
      ["a", "resting"],
      ["b", "running"],
    ]);
  });

  it("show what they do now, and since when", async () => {
    await served(modems("a"));
    rig.runOn(port("a")).observe({ kind: "state", state: "reserving", sentence: "Reserving.", withinMs: 300_000 });
    const sinceMs = rig.clock.nowMs();
    await rig.clock.advance(1_000);
    expect(rig.daemon?.modems.list()[0]).toMatchObject({
      name: "a",
      port: port("a"),
      activity: { kind: "running", state: "reserving", sentence: "Reserving.", sinceMs },
      report: undefined,
    });
    rig.runOn(port("a")).end("api_unavailable");
    await rig.settle();
    const nowMs = rig.clock.nowMs();
    expect(rig.daemon?.modems.list()[0]).toMatchObject({
      activity: { kind: "resting", sinceMs: nowMs, untilMs: nowMs + 15_000 },
      report: { error: { code: "api_unavailable" } },
    });
  });

  it("do not fall with one whose service meets a defect; that one starts anew after a pause", async () => {
    await served(modems("a", "b"));
    rig.runOn(port("a")).reject(new TypeError("undefined is not a function"));
    await rig.settle();
    expect(rig.told("a").at(-1)).toBe("esimd met a defect and starts anew in 15 s.");
    rig.runOn(port("b")).end("well");
    await rig.clock.advance(15_000);
    expect(rig.began).toEqual([port("a"), port("b"), port("a")]);
    expect(rig.ended).toBeUndefined();
  });

  it("do not fall with one whose configuration cannot work", async () => {
    await served(modems("a", "b"));
    rig.runOn(port("a")).reject(new EsimdError("dialect_invalid", "its file is bad"));
    await rig.clock.advance(day);
    expect(rig.told("a")).toContain(
      "It cannot be served (dialect_invalid): its file is bad; waiting for another configuration.",
    );
    expect(rig.began).toEqual([port("a"), port("b")]);
    expect(rig.ended).toBeUndefined();
  });

  it("end the daemon with its status when none of them can ever be served", async () => {
    await served(modems("a", "b"));
    const missing = new EsimdError("credentials_missing", "there are none");
    rig.runOn(port("a")).reject(missing);
    rig.runOn(port("b")).reject(new EsimdError("credentials_missing", "there are none either"));
    await rig.settle();
    expect(rig.ended).toBe(missing);
  });

  it("are looked at twenty times an hour each when nothing is due", async () => {
    // They are there, under names of files: an absent one is looked for more often where the host tells of no device.
    const folder = mkdtempSync(join(tmpdir(), "esimd-ports-"));
    const names = ["a", "b", "c", "d"];
    for (const name of names) writeFileSync(join(folder, name), "");
    await served(
      Object.fromEntries(names.map((name) => [modemFile(name), `[modem]\nport = "${join(folder, name)}"\n`])),
    );
    rig.atOnce = () => "well";
    for (const run of [...rig.running]) run.end("well");
    await rig.settle();
    let wakeUps = 0;
    for (let leftMs = hour; leftMs > 0; ) {
      const dueMs = Math.min(leftMs, rig.clock.nextDueMs() ?? leftMs);
      await rig.clock.advance(dueMs);
      await rig.settle();
      leftMs -= dueMs;
      wakeUps++;
    }
    expect(wakeUps).toBeLessThanOrEqual(4 * 20 + 1);
    rmSync(folder, { recursive: true });
  });
});

describe("runs at once", () => {
  const four = { ...modems("a", "b", "c", "d"), [main]: "[daemon]\nconcurrency = 2\n" };

  it("are as many as daemon.concurrency says, and who waits says so", async () => {
    await served(four);
    expect(rig.began).toEqual([port("a"), port("b")]);
    expect(rig.told("d")).toEqual([
      "served",
      "Waiting for its turn: 2 runs are on the way, as many as daemon.concurrency allows at once.",
    ]);
    const rests = rig.events.filter((event) => event.kind === "rest");
    // Both rounds before it may take a run's deadline, of an hour.
    expect(rests.map(({ modem, forMs }) => [modem, forMs])).toEqual([
      ["c", hour],
      ["d", hour],
    ]);
  });

  it("come in turn: one that fails at once again and again passes nobody over", async () => {
    await served(four);
    for (const name of ["a", "a", "a"]) {
      rig.runOn(port(name)).end("api_unavailable");
      await rig.settle();
      if (name === "a" && rig.began.length === 3) break;
    }
    expect(rig.began).toEqual([port("a"), port("b"), port("c")]);
    // It is due again long before the others are through, and stands behind the one that waited first.
    await rig.clock.advance(60_000);
    rig.runOn(port("b")).end("well");
    await rig.settle();
    rig.runOn(port("c")).end("well");
    await rig.settle();
    expect(rig.began).toEqual([port("a"), port("b"), port("c"), port("d"), port("a")]);
    expect(rig.mostAtOnce).toBe(2);
  });

  it("are given back by one that is stopped while it waits", async () => {
    await served(four);
    await rig.daemon?.modems.pause("c");
    rig.runOn(port("a")).end("well");
    await rig.settle();
    expect(rig.began).toEqual([port("a"), port("b"), port("d")]);
  });
});

describe("a person at the daemon", () => {
  it("asks for a run: a rest ends at once, a run that is on its way goes on", async () => {
    await served(modems("a"));
    rig.daemon?.modems.provision("a");
    await rig.settle();
    expect(rig.began).toHaveLength(1);
    rig.runOn(port("a")).end("reservation_unclear");
    await rig.clock.advance(day);
    expect(rig.began).toHaveLength(1);
    rig.daemon?.modems.provision("a");
    // It may be looking at who is there, on the real disk.
    await until(async () => {
      await rig.settle();
      return rig.began.length === 2;
    });
  });

  it("pauses a modem, which lets its port go, and resumes it", async () => {
    await served(modems("a", "b"));
    const { signal } = rig.runOn(port("a"));
    await rig.daemon?.modems.pause("a");
    expect(signal.aborted).toBe(true);
    expect(rig.running.map((run) => run.port)).toEqual([port("b")]);
    await rig.clock.advance(3 * day);
    expect(rig.daemon?.modems.list()[0]?.activity.kind).toBe("paused");
    expect(() => rig.daemon?.modems.provision("a")).toThrow(expect.objectContaining({ code: "usage" }));
    expect(rig.began).toHaveLength(2);
    rig.daemon?.modems.resume("a");
    await rig.settle();
    expect(rig.began).toEqual([port("a"), port("b"), port("a")]);
    expect(rig.daemon?.modems.list()[0]?.activity.kind).toBe("running");
  });

  it("who names a modem that is not served is told which are", async () => {
    await served(modems("a", "b"));
    for (const call of ["provision", "resume"] as const)
      expect(() => rig.daemon?.modems[call]("c")).toThrow('no modem "c" is served; served are a, b');
  });
});

describe("a reload", () => {
  it("serves what is new, drops what is gone, runs what has changed anew, and leaves the others alone", async () => {
    await served(modems("gone", "same", "other"));
    rig.runOn(port("same")).end("well");
    rig.runOn(port("other")).end("well");
    await rig.settle();
    const gone = rig.runOn(port("gone"));
    delete rig.files[modemFile("gone")];
    rig.files[modemFile("new")] = "";
    rig.files[modemFile("other")] = '[sim]\nfleet = "elsewhere"\n';
    await rig.signal("SIGHUP");
    expect(gone.signal.aborted).toBe(true);
    expect(rig.told("gone").at(-1)).toBe("dropped");
    expect(rig.began.slice(3).toSorted()).toEqual([port("new"), port("other")]);
    expect(rig.runOn(port("other")).config.sim.fleet).toBe("elsewhere");
    expect(rig.phases()).toEqual(["ready", "reloading", "ready"]);
  });

  it("does not cut a run whose configuration changed: it ends, and the next begins with the new one", async () => {
    await served(modems("a"));
    const first = rig.runOn(port("a"));
    rig.files[modemFile("a")] = '[sim]\nfleet = "elsewhere"\n';
    await rig.signal("SIGHUP");
    expect(first.signal.aborted).toBe(false);
    expect(rig.phases()).toEqual(["ready", "reloading", "ready"]);
    first.end("well");
    await rig.settle();
    expect(rig.runOn(port("a")).config.sim.fleet).toBe("elsewhere");
    rig.runOn(port("a")).end("well");
    await rig.clock.advance(hour);
    expect(rig.began).toHaveLength(2);
  });

  it("that is about the log or the number of runs disturbs no modem", async () => {
    await served({ ...modems("a", "b"), [main]: "[daemon]\nconcurrency = 1\n" });
    rig.files[main] = '[daemon]\nconcurrency = 2\n[log]\nlevel = "debug"\n';
    await rig.signal("SIGHUP");
    // Room for one more.
    expect(rig.began).toEqual([port("a"), port("b")]);
    for (const run of [...rig.running]) run.end("well");
    await rig.clock.advance(hour);
    expect(rig.began).toHaveLength(2);
  });

  it("of a configuration that does not hold changes nothing, and says why; the next one may be good", async () => {
    await served(modems("a"));
    rig.runOn(port("a")).end("well");
    await rig.settle();
    rig.files[modemFile("b")] = '[modem]\nport = "/dev/esimd/a"\n';
    await rig.signal("SIGHUP");
    expect(rig.phases()).toEqual(["ready", "reloading", "config_invalid", "ready"]);
    await expect(rig.daemon?.reload()).rejects.toThrow("are one port");
    await rig.clock.advance(hour);
    expect(rig.began).toEqual([port("a")]);
    rig.files[modemFile("b")] = "";
    await rig.signal("SIGHUP");
    expect(rig.began).toEqual([port("a"), port("b")]);
  });

  it("gives one that could not work another try, though its own file is the same", async () => {
    await served(modems("a", "b"));
    rig.runOn(port("a")).reject(new EsimdError("dialect_invalid", "a file that it names is bad"));
    await rig.settle();
    await rig.signal("SIGHUP");
    expect(rig.began).toEqual([port("a"), port("b"), port("a")]);
  });
});

describe("a drain", () => {
  it("lets the run on its way end, begins none, and ends the daemon well", async () => {
    await served({ ...modems("a", "b", "c"), [main]: "[daemon]\nconcurrency = 2\n" });
    rig.runOn(port("a")).end("well");
    await rig.settle();
    // b and c are on their way now, a rests.
    await rig.signal("SIGUSR2");
    expect(rig.phases()).toEqual(["ready", "draining"]);
    rig.runOn(port("b")).end("api_unavailable");
    await rig.clock.advance(hour);
    expect(rig.ended).toBeUndefined();
    rig.runOn(port("c")).end("well");
    await rig.settle();
    expect(rig.ended).toBe("well");
    expect(rig.began).toHaveLength(3);
    expect(rig.told("c").at(-1)).toBe("report");
    expect(rig.phases()).toEqual(["ready", "draining", "stopping"]);
  });

  it("begins none that waits for its turn", async () => {
    await served({ ...modems("a", "b"), [main]: "[daemon]\nconcurrency = 1\n" });
    rig.daemon?.drain();
    await rig.settle();
    rig.runOn(port("a")).end("well");
    await rig.settle();
    expect([rig.ended, rig.began]).toEqual(["well", [port("a")]]);
  });

  it("is cut short by a stop", async () => {
    await served(modems("a"));
    const { signal } = rig.runOn(port("a"));
    await rig.signal("SIGUSR2");
    await rig.stop();
    expect(signal.aborted).toBe(true);
    expect(rig.ended).toBe("well");
  });
});

describe("companions of the modems", () => {
  const told: string[] = [];
  const companion =
    (name: string, how: "well" | "hangs" | "fails" = "well"): OpenCompanion =>
    async () => {
      told.push(`open ${name}`);
      if (how === "fails") throw new EsimdError("config_invalid", `${name} cannot work`);
      return {
        close: async () => {
          told.push(`close ${name}`);
          if (how === "hangs") await new Promise(() => undefined);
        },
        reload: async () => {
          told.push(`reload ${name}`);
        },
      };
    };

  afterEach(() => void told.splice(0));

  it("are opened before the first modem is served, reloaded with it, and closed in the other order", async () => {
    await served(modems("a"), [companion("one"), companion("two")]);
    expect(rig.events.map(({ kind }) => kind)).toEqual(["served", "daemon"]);
    await rig.signal("SIGHUP");
    await rig.stop();
    expect(told).toEqual(["open one", "open two", "reload one", "reload two", "close two", "close one"]);
  });

  it("that hangs at its end does not hold up the others, nor the daemon", async () => {
    await served(modems("a"), [companion("one"), companion("two", "hangs")]);
    await rig.stop();
    await rig.clock.advance(10_000);
    expect(told).toEqual(["open one", "open two", "close two", "close one"]);
    expect(rig.ended).toBe("well");
  });

  it("that cannot work keeps the daemon from its start, and those before it are closed", async () => {
    await served(modems("a"), [companion("one"), companion("two", "fails")]);
    expect(rig.ended).toMatchObject({ code: "config_invalid" });
    expect(told).toEqual(["open one", "open two", "close one"]);
    expect(rig.began).toEqual([]);
  });
});
