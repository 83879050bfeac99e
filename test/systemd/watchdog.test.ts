import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { configured, until } from "../stories/conditions.js";
import { lastReport } from "../stories/daemon.js";
import { builtProgram, type Field, type FieldOptions } from "../stories/field.js";
import { inField } from "../stories/in-field.js";
import { FakeSystemd } from "./fake-systemd.js";

/**
 * The watchdog, with the program as it is built, on the emulators: a runner that hangs is killed and restarted, and goes on where it
 * stopped; an SM-DP+ that is merely slow is waited for.
 */

/** Long enough for a machine that does much else: a process that gets no turn for half of it is taken for one that hangs. */
const watchdogMs = 8_000;
const hang = pathToFileURL(resolve(import.meta.dirname, "hang.mjs")).href;

/** The SM-DP+ answers its last question late, and then as late as the story needs. */
const slowPackage = (ms: number): FieldOptions => ({
  lpa: "host",
  smdp: { behaviours: [{ function: "getBoundProfilePackage", nth: 1, do: { kind: "delay", ms } }] },
});

/** `esimd run` under the fake systemd; `hangs`: how, in its first life. */
async function supervised(
  field: Field,
  hangs: "loop" | "disk" | undefined,
  story: (systemd: FakeSystemd) => Promise<void>,
): Promise<void> {
  const words = ["run", "--port", field.world.port, "--lpa", "host", ...(await configured(field))];
  const systemd = new FakeSystemd({
    argv: [process.execPath, builtProgram, ...words],
    environment: (life) => ({
      PATH: process.env["PATH"],
      ...field.env,
      ...(hangs !== undefined && life === 1 ? { NODE_OPTIONS: `--import=${hang}`, HANG: hangs } : {}),
    }),
    watchdogMs,
    folder: field.dir,
  });
  try {
    await story(systemd);
  } finally {
    await systemd.stop();
  }
}

const isProvisioned = (field: Field): boolean => lastReport(field)?.state === "provisioned";

/** Restarted once, by the watchdog; provisioned, and paid for once; and it ends well. */
async function isMadeUpFor(field: Field, systemd: FakeSystemd): Promise<void> {
  await until(
    () => isProvisioned(field),
    `the restarted daemon provisions the modem; it said: ${systemd.log}`,
    120_000,
  );
  expect(systemd.ends, systemd.log).toMatchObject([{ byWatchdog: true }]);
  expect(systemd.countOf("READY=1")).toBe(2);
  expect(field.charges()).toBe(1);
  await systemd.stop();
  expect(systemd.ends.at(-1)).toEqual({ status: 0, signal: null, byWatchdog: false });
  expect(systemd.told).toContain("STOPPING=1");
}

const downloads = (systemd: FakeSystemd): boolean => systemd.status.startsWith("Downloading the profile");

describe.concurrent("under systemd's watchdog", { timeout: 300_000 }, () => {
  it("a daemon that is stopped dead in the middle of a download is killed, restarted, and done for one charge", () =>
    inField(slowPackage(2_000), (field) =>
      supervised(field, undefined, async (systemd) => {
        await until(() => downloads(systemd), "the download begins", 120_000);
        process.kill(systemd.pid, "SIGSTOP");
        await until(() => systemd.ends.length > 0, "systemd gives it up", 60_000);
        await isMadeUpFor(field, systemd);
      }),
    ));

  it("a daemon whose event loop is blocked is killed, restarted, and done for one charge", () =>
    inField(slowPackage(2_000), (field) =>
      supervised(field, "loop", async (systemd) => {
        await until(() => downloads(systemd), "the download begins", 120_000);
        process.kill(systemd.pid, "SIGWINCH");
        await until(() => systemd.ends.length > 0, "systemd gives it up", 60_000);
        await isMadeUpFor(field, systemd);
      }),
    ));

  it("a modem's service that never comes back, in a process that lives, is named in the log, and the daemon restarted", () =>
    inField({ lpa: "host" }, (field) =>
      supervised(field, "disk", async (systemd) => {
        await until(() => systemd.ends.length > 0, `systemd gives it up; it said: ${systemd.log}`, 120_000);
        // It was fed while the service was within its time, and the process itself was well.
        expect(systemd.countOf("WATCHDOG=1"), systemd.log).toBeGreaterThan(1);
        expect(systemd.log).toMatch(/"level":"error".*"modem":.*"in":"\w+".*hangs past its own deadline/);
        await isMadeUpFor(field, systemd);
      }),
    ));

  it("an SM-DP+ that answers long after the watchdog's time is waited for", () =>
    inField(slowPackage(2 * watchdogMs), (field) =>
      supervised(field, undefined, async (systemd) => {
        await until(() => downloads(systemd), "the download begins", 120_000);
        const before = systemd.countOf("WATCHDOG=1");
        await until(() => isProvisioned(field), `the modem is provisioned; it said: ${systemd.log}`, 120_000);
        expect(systemd.countOf("WATCHDOG=1") - before).toBeGreaterThanOrEqual(3);
        expect({ ends: systemd.ends, restarts: systemd.countOf("READY=1") - 1 }).toEqual({ ends: [], restarts: 0 });
        expect(field.charges()).toBe(1);
        await until(
          () => /^(Provisioned|Nothing)/i.test(systemd.status),
          `the status tells it: ${systemd.status}`,
          60_000,
        );
        await systemd.stop();
        expect(systemd.ends).toEqual([{ status: 0, signal: null, byWatchdog: false }]);
      }),
    ));
});
