import { failedUnits, statusOf, unitOf } from "./guest.js";
import { asDisk } from "./image.js";
import type { Machine } from "./machine.js";
import { nextVersionOf } from "./package.js";
import { check } from "./report.js";
import { atEnabling, Device, inTheNextDownload, type Moment, type Running, type Stage } from "./story.js";

/** The two forms of the story: the short one that every change goes through, and a device's whole life. */

/** Of about 100 that a profile takes; the first few only prepare it. */
const cutAtCommand = 60;
const powerOffTimeoutMs = 90_000;

/** First boot to provisioned, with one power cut in the middle of the download. */
export async function shortLife(stage: Stage, packagePath: string, running: Running): Promise<void> {
  const device = new Device(stage, running);
  await device.made(packagePath);
  const inDownload = inTheNextDownload(stage.world, cutAtCommand);
  const first = await device.boot("first boot");
  await device.cutPower("power cut in the middle of the download", first, inDownload);
  const second = await device.boot("boot after the cut");
  await device.provisioned("provisioned", second);
  await shutDown(stage, second, running);
}

/** Two power cuts, the modem pulled out twice, a hung daemon, an upgrade, and the package taken off again. */
export async function wholeLife(stage: Stage, packagePath: string, running: Running): Promise<void> {
  const { world, dir } = stage;
  const device = new Device(stage, running);
  await device.made(packagePath);
  const inDownload = inTheNextDownload(world, cutAtCommand);
  const first = await device.boot("first boot");
  await device.cutPower("power cut in the middle of the download", first, inDownload);

  const inSecondDownload = inTheNextDownload(world, cutAtCommand);
  const second = await device.boot("boot after the cut");
  await pulled(stage, device, second, inSecondDownload);
  await device.cutPower("power cut at the moment of enabling", second, atEnabling(world));

  const next = await nextVersionOf(packagePath, dir);
  const upgrade = await asDisk(dir, next.path);
  const third = await device.boot("boot after the second cut", upgrade.disk);
  await device.provisioned("provisioned", third);
  await pulledAtRest(stage, device, third);
  await hung(stage, device, third);
  await upgraded(stage, device, third, { bytes: upgrade.bytes, version: next.version });
  await removedAndPurged(stage, device, third);
  await shutDown(stage, third, running);
}

/** The daemon loses its modem while it loads a profile, and goes on by itself when it is back. */
async function pulled(stage: Stage, device: Device, machine: Machine, when: Moment): Promise<void> {
  const { report, world } = stage;
  await report.step("modem pulled out in the middle of the download, and plugged in again", async (saw) => {
    saw(await device.watch(machine, when));
    const before = await unplugged(device, machine, world);
    await replugged(device, machine, world);
    const after = await unitOf(machine);
    check(after.mainPid === before.mainPid, `another process: ${before.mainPid} before, ${after.mainPid} now`);
    await device.nothingFailed(machine);
    saw("esimd.service goes on as the same process; no failed unit");
  });
}

async function pulledAtRest(stage: Stage, device: Device, machine: Machine): Promise<void> {
  const { report, world } = stage;
  await report.step("modem pulled out at rest, and plugged in again", async (saw) => {
    const before = await unplugged(device, machine, world);
    await replugged(device, machine, world);
    const after = await unitOf(machine);
    check(after.activeState === "active", `esimd.service is ${after.activeState}`);
    check(after.mainPid === before.mainPid, `another process: ${before.mainPid} before, ${after.mainPid} now`);
    await device.nothingFailed(machine);
    check((await statusOf(machine))?.reports[0]?.state === "provisioned", "esimd status is not provisioned any more");
    check(device.charges === 1, `${device.charges} charges, 1 wanted`);
    saw("esimd.service goes on as the same process; provisioned; charges 1; no failed unit");
  });
}

async function unplugged(device: Device, machine: Machine, { modem }: Stage["world"]): ReturnType<typeof unitOf> {
  await modem.unplug();
  await device.look(machine, "the port to be gone", async () =>
    (await device.isPluggedIn(machine)) ? undefined : true,
  );
  return await unitOf(machine);
}

async function replugged(device: Device, machine: Machine, { modem }: Stage["world"]): Promise<void> {
  await modem.replug();
  await device.look(machine, "the port to be back", async () =>
    (await device.isPluggedIn(machine)) ? true : undefined,
  );
}

/** A stopped process says nothing and ends nothing: only the watchdog sees it. */
async function hung(stage: Stage, device: Device, machine: Machine): Promise<void> {
  await stage.report.step("daemon stopped (SIGSTOP): the watchdog starts it again", async (saw) => {
    const before = await device.service(machine, "esimd.service to run", ({ activeState }) => activeState === "active");
    check(before.watchdogMs > 0, "esimd.service has no WatchdogSec=");
    const startMs = stage.clock.monotonicMs();
    await machine.shell.run(`kill -STOP ${before.mainPid}`);
    const after = await device.service(
      machine,
      "another process of esimd.service",
      ({ activeState, mainPid }) => activeState === "active" && mainPid !== 0 && mainPid !== before.mainPid,
    );
    const seconds = Math.round((stage.clock.monotonicMs() - startMs) / 1000);
    const said = await machine.shell.run(
      "journalctl --no-pager -o cat -b -u esimd.service | grep -i 'watchdog timeout'",
    );
    check(after.restarts > before.restarts, "it was not started again by systemd");
    saw(`WatchdogSec=${before.watchdogMs / 1000}s; active again ${seconds} s after the stop: ${said.split("\n")[0]}`);
  });
  await device.provisioned("provisioned, still", machine);
}

async function upgraded(
  { report, world }: Stage,
  device: Device,
  machine: Machine,
  next: { readonly bytes: number; readonly version: string },
): Promise<void> {
  const { shell } = machine;
  await report.step("upgrade in the running machine", async (saw) => {
    const stateBefore = await recordsIn(machine);
    const configBefore = await shell.run("sha256sum /etc/esimd/config.toml");
    const before = await unitOf(machine);
    const reservationsBefore = reservationsAskedFor(world);
    await shell.run(`head -c ${next.bytes} /dev/disk/by-id/virtio-second >/tmp/next.deb`);
    await shell.run("dpkg -i /tmp/next.deb");
    const version = await shell.run("dpkg -s esimd | sed -n 's/^Version: //p'");
    check(version === next.version, `version ${version} is installed, not ${next.version}`);
    const after = await device.service(
      machine,
      "the new program to run",
      ({ activeState, mainPid }) => activeState === "active" && mainPid !== before.mainPid,
    );
    check((await recordsIn(machine)) === stateBefore, "journal or ledger differ from before the upgrade");
    check((await shell.run("sha256sum /etc/esimd/config.toml")) === configBefore, "the configuration was replaced");
    check(reservationsAskedFor(world) === reservationsBefore, "another reservation was asked for");
    await device.nothingFailed(machine);
    saw(
      `${version} runs (process ${before.mainPid} before, ${after.mainPid} now); journal, ledger, configuration as before`,
    );
  });
  await device.provisioned("provisioned, after the upgrade", machine);
}

/** What was paid for and how it stands: what an upgrade must not touch. */
async function recordsIn({ shell }: Machine): Promise<string> {
  const find = "find /var/lib/esimd/ -name ledger.jsonl | sort | xargs cat | sha256sum";
  return await shell.run(find);
}

function reservationsAskedFor({ api }: Stage["world"]): number {
  return api.requests().filter(({ method, path }) => method === "POST" && path.endsWith("/ESimProfiles")).length;
}

async function removedAndPurged({ report }: Stage, device: Device, machine: Machine): Promise<void> {
  const { shell } = machine;
  await report.step("remove", async (saw) => {
    await shell.run("dpkg -r esimd");
    check((await shell.try("pgrep -f /usr/lib/esimd")).status === 1, "a process of esimd is left");
    check((await shell.try("test -e /usr/bin/esimd")).status !== 0, "/usr/bin/esimd is left");
    check((await shell.try("test -s /etc/esimd/config.toml")).status === 0, "the configuration is gone");
    await device.nothingFailed(machine);
    saw("program, units and processes gone; configuration and state kept; no failed unit");
  });
  await report.step("purge", async (saw) => {
    await shell.run("dpkg -P esimd");
    const left = await shell.run(
      "find / -xdev \\( -path /proc -o -path /sys -o -path /tmp -o -path /var/log \\) -prune -o -iname '*esimd*' -print | sort",
    );
    const leftovers = left.split("\n").filter((path) => path !== "");
    const unasked = leftovers.filter((path) => !mayStay(path));
    check(unasked.length === 0, `left behind: ${unasked.join(", ")}`);
    const failed = await failedUnits(machine);
    check(failed.length === 0, `failed units: ${failed.join(", ")}`);
    saw(`left: ${leftovers.length === 0 ? "nothing" : leftovers.join(", ")}; no failed unit`);
  });
}

/** Not the package's: the operator put them there. */
function mayStay(path: string): boolean {
  return /^\/etc\/credstore\/esimd_api_(key|secret)$/.test(path);
}

async function shutDown({ report }: Stage, machine: Machine, running: Running): Promise<void> {
  await report.step("power off", async () => {
    await machine.powerOff(powerOffTimeoutMs);
    await machine.close();
    running.machine = undefined;
  });
}
