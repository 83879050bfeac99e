import { chmodSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { AtChannel } from "../../src/at/channel.js";
import { VirtualClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { createHostClock, setSystemClock } from "../../src/daemon/host-clock.js";
import { type ClockPlan, planClock } from "../../src/daemon/set-clock.js";
import { MemoryPort } from "../support/memory-port.js";

const folder = mkdtempSync(join(tmpdir(), "esimd-clock-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const never = new AbortController().signal;

/** A program of that name, in a folder of its own, which notes how it was called. */
function program(name: string, script: string): string {
  const path = mkdtempSync(join(folder, "bin-"));
  writeFileSync(join(path, name), `#!/bin/sh\necho "$@" >>${path}/called\n${script}\n`);
  chmodSync(join(path, name), 0o755);
  return path;
}

describe("what the host tells of its clock", () => {
  it("is systemd-timesyncd's mark, whatever its date", async () => {
    const syncMark = join(folder, "synchronized");
    const host = createHostClock({ syncMark, path: folder });
    expect(await host.isMarked()).toBe(false);
    writeFileSync(syncMark, "");
    utimesSync(syncMark, 0, 0);
    expect(await host.isMarked()).toBe(true);
  });

  it.each([
    ["echo yes", true],
    ["echo no", false],
    ["echo 'System has not been booted with systemd' >&2; exit 1", undefined],
    ["echo 'n/a'", undefined],
  ])("is the kernel's word by timedatectl: %s", async (script, expected) => {
    const path = program("timedatectl", script);
    expect(await createHostClock({ syncMark: "/nowhere", path }).isSynchronised(never)).toBe(expected);
    expect(readFileSync(join(path, "called"), "utf8")).toBe("show --property=NTPSynchronized --value\n");
  });

  it("is nothing where there is no timedatectl, and the caller's reason when it is stopped", async () => {
    const host = createHostClock({ syncMark: "/nowhere", path: join(folder, "empty") });
    expect(await host.isSynchronised(never)).toBeUndefined();
    const stopped = new Error("stopped");
    const path = program("timedatectl", "exec sleep 60");
    const hanging = createHostClock({ syncMark: "/nowhere", path }).isSynchronised(AbortSignal.abort(stopped));
    await expect(hanging).rejects.toBe(stopped);
  });
});

describe("setting the host's clock", () => {
  it("is asked of date(1), in whole seconds of UTC", async () => {
    const path = program("date", "exit 0");
    await setSystemClock(Date.UTC(2027, 0, 2, 3, 4, 5), never, path);
    expect(readFileSync(join(path, "called"), "utf8")).toBe(`--utc --set=@${Date.UTC(2027, 0, 2, 3, 4, 5) / 1000}\n`);
  });

  it.each([
    [
      "a refusal",
      program("date", "echo 'date: cannot set date: Operation not permitted' >&2; exit 1"),
      /not permitted/,
    ],
    ["no such program", join(folder, "empty"), /ENOENT/],
  ])("%s is clock_refused", async (_name, path, why) => {
    await expect(setSystemClock(0, never, path)).rejects.toMatchObject({
      code: "clock_refused",
      message: expect.stringMatching(why),
    });
  });
});

describe("what is done about the host's clock", () => {
  const now = Date.UTC(2027, 5, 1, 12);
  const hour = 3_600_000;

  async function plan(hostMs: number, modem: string, marked = false): Promise<ClockPlan> {
    const clock = new VirtualClock(hostMs);
    const port = new MemoryPort();
    port.answer((text) => (text === "AT+CCLK?" ? port.sayLines(`+CCLK: "${modem}"`, "OK") : port.sayLines("ERROR")));
    const line = { channel: new AtChannel(port, clock, silentLog), clock, random: seededRandom(1) };
    const hostClock = {
      builtAtMs: Date.UTC(2027, 0, 1),
      isMarked: async () => marked,
      isSynchronised: async () => undefined,
    };
    return clock.runUntil(planClock({ clock, hostClock, line }, never));
  }

  it("in 1970 it is set to the modem's UTC", async () => {
    expect(await plan(0, "27/06/01,14:00:00+08")).toMatchObject({ setToMs: now });
  });

  it("two days behind it is set, 23 hours behind it is left alone, and so is one that is synchronised", async () => {
    expect((await plan(now - 48 * hour, "27/06/01,12:00:00+00")).setToMs).toBe(now);
    expect((await plan(now - 23 * hour, "27/06/01,12:00:00+00")).setToMs).toBeUndefined();
    expect((await plan(now - 48 * hour, "27/06/01,12:00:00+00", true)).setToMs).toBeUndefined();
  });

  it("synchronised and in 1970 cannot be: it is set", async () => {
    expect((await plan(0, "27/06/01,12:00:00+00", true)).setToMs).toBe(now);
  });

  it.each([
    ["80/01/06,00:00:12", /no network has set the modem's clock/],
    ["26/12/31,23:59:59+00", /before this esimd was made/],
  ])("is nothing where the modem says %s", async (modem, why) => {
    await expect(plan(0, modem)).rejects.toMatchObject({ code: "clock_insane", message: expect.stringMatching(why) });
  });
});
