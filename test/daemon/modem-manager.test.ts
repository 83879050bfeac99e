import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Clock, systemClock, VirtualClock } from "../../src/base/clock.js";
import { type Log, silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import { inhibitDevice } from "../../src/daemon/modem-manager-inhibition.js";
import { connectModem } from "../../src/daemon/modem-session.js";
import { openPty } from "../../src/emulator/modem/transport/pty.js";
import type { ModemTransport } from "../../src/emulator/modem/transport/transport.js";
import type { ModemLine } from "../../src/modem/exchange.js";
import { compiled } from "../support/compiled.js";
import { ManagedHost, managerPid, mmcliAnswers, usbUid } from "./fake-mmcli.js";

/** ModemManager met politely: it is asked for the modem, for as long as we work with it. */

let far: ModemTransport;
let host: ManagedHost;
let isSilent: boolean;
let told: string[];
const log: Log = {
  ...silentLog,
  info: (_facts, sentence) => void told.push(sentence),
  warn: (_facts, sentence) => void told.push(sentence),
};
const open: ModemLine[] = [];

beforeEach(async () => {
  told = [];
  isSilent = false;
  far = await openPty({
    link: undefined,
    events: {
      onBytes: (bytes) => {
        if (!isSilent && Buffer.from(bytes).includes("\r")) far.write(Buffer.from("\r\nOK\r\n"));
      },
      onHostChange: () => undefined,
    },
  });
  host = new ManagedHost(far.address);
});
afterEach(async () => {
  for (const line of open.splice(0)) await line.channel.close();
  await far.close();
  host.close();
});

/** Deadlines come ten times as soon: a modem that does not answer is given up in a moment. */
const quick: Clock = { ...systemClock, setTimer: (delayMs, fire) => systemClock.setTimer(delayMs / 10, fire) };

async function connect(
  signal: AbortSignal = new AbortController().signal,
  inhibit: "auto" | "never" = "auto",
): Promise<ModemLine> {
  const parts = { clock: quick, random: seededRandom(1), log, wakeMs: 300, host: host.roots };
  const line = await connectModem(host.port, { ...parts, modemManager: { inhibit, env: host.env } }, signal);
  open.push(line);
  return line;
}

describe("a modem that ModemManager manages", () => {
  beforeEach(() => host.manager());

  it("is inhibited while we work with it, and given back when the line is closed", async () => {
    host.mmcli(mmcliAnswers.agrees);
    const line = await connect();
    expect(host.words()).toBe(`--inhibit-device=${usbUid}`);
    expect(host.mmcliLives()).toBe(true);
    expect(host.mmcliEnv()).toContain("LC_ALL=C");
    expect(host.mmcliEnv()).not.toContain("not for mmcli");
    await line.channel.close();
    expect(host.mmcliLives()).toBe(false);
    expect(told).toEqual(["ModemManager leaves the modem alone while esimd works"]);
  });

  it("is known to it by the name that udev gave the device", async () => {
    host.udev("device", ["ID_MM_PHYSDEV_UID=modem0"]);
    host.mmcli(mmcliAnswers.agrees);
    await connect();
    expect(host.words()).toBe("--inhibit-device=modem0");
  });

  it("is given back when it does not answer", async () => {
    host.mmcli(mmcliAnswers.agrees);
    isSilent = true;
    await expect(connect()).rejects.toMatchObject({ code: "modem_silent" });
    expect(host.words()).toBeDefined();
    expect(host.mmcliLives()).toBe(false);
  });

  it("is given back when we are stopped, be it while mmcli waits or while the modem is woken", async () => {
    for (const answer of [mmcliAnswers.isSilent, mmcliAnswers.agrees]) {
      isSilent = true;
      host.mmcli(answer);
      const stop = new AbortController();
      const connecting = connect(stop.signal);
      connecting.catch(() => undefined);
      await vi.waitFor(() => expect(host.mmcliLives()).toBe(true));
      const reason = new Error("stopped");
      stop.abort(reason);
      await expect(connecting).rejects.toBe(reason);
      expect(host.mmcliLives()).toBe(false);
      rmSync(join(host.dir, "pid"));
    }
  });

  it("is inhibited also where esimd may not see the processes of others, as under ProtectProc=", async () => {
    rmSync(join(host.roots.proc, String(managerPid)), { recursive: true });
    rmSync(join(host.roots.proc, "1"), { recursive: true });
    host.mmcli(mmcliAnswers.agrees);
    await connect();
    expect(host.mmcliLives()).toBe(true);
  });

  it("is not missed where neither a ModemManager nor an mmcli shows", async () => {
    rmSync(join(host.roots.proc, String(managerPid)), { recursive: true });
    rmSync(join(host.roots.proc, "1"), { recursive: true });
    await connect();
    expect(told).toEqual([]);
  });

  it("may take a moment to be let go", async () => {
    rmSync(join(host.roots.proc, String(managerPid)), { recursive: true });
    host.manager([host.port]);
    const fd = join(host.roots.proc, String(managerPid), "fd/3");
    host.mmcli(`( sleep 0.25; rm ${fd} ) & ${mmcliAnswers.agrees}`);
    await connect();
    expect(host.mmcliLives()).toBe(true);
  });

  it("is worked with when mmcli is refused and the port can be opened all the same", async () => {
    host.mmcli(mmcliAnswers.isRefused);
    await connect();
    expect(told).toEqual(["ModemManager did not agree to leave the modem alone"]);
  });

  it("is worked with when ModemManager has not seen it", async () => {
    host.mmcli(mmcliAnswers.knowsNoDevice);
    await connect();
    expect(told).toEqual([]);
  });

  it.each([
    ["refused", mmcliAnswers.isRefused, "PolicyKit authorization failed"],
    ["not there", undefined, "there is no mmcli on this host"],
  ])("and that holds the port is named with the udev rule when mmcli is %s", async (_name, answer, why) => {
    rmSync(join(host.roots.proc, String(managerPid)), { recursive: true });
    host.manager([host.port]);
    if (answer !== undefined) host.mmcli(answer);
    const error: unknown = await connect().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "port_managed",
      exitStatus: 75,
      message: expect.stringContaining(`${host.port} is held by ModemManager (pid ${managerPid})`),
      hint: expect.stringContaining("77-esimd-ports.rules"),
    });
    expect(error).toMatchObject({ message: expect.stringContaining(why) });
  });

  it("is lost to us with a word in the log when mmcli dies", async () => {
    host.mmcli(mmcliAnswers.diesSoon);
    await connect();
    await vi.waitFor(() => expect(told).toContainEqual(expect.stringContaining("mmcli ended while esimd works")));
  });
});

describe("ModemManager is not asked", () => {
  const managedBut = (of: "port" | "device", property: string): void => {
    host.manager();
    host.udev(of, [property]);
  };

  it.each<[string, () => void, "auto" | "never"]>([
    ["where it does not run", () => undefined, "auto"],
    ["where the operator does not want it", () => host.manager(), "never"],
    ["for a port that a udev rule keeps from it", () => managedBut("port", "ID_MM_PORT_IGNORE=1"), "auto"],
    ["for a device that a udev rule keeps from it", () => managedBut("device", "ID_MM_DEVICE_IGNORE=1"), "auto"],
  ])("%s", async (_name, arrange, inhibit) => {
    arrange();
    host.mmcli(mmcliAnswers.agrees);
    await connect(undefined, inhibit);
    expect(host.words()).toBeUndefined();
  });

  it("by who says nothing about it", async () => {
    host.manager();
    host.mmcli(mmcliAnswers.agrees);
    const parts = { clock: systemClock, random: seededRandom(1), log, wakeMs: 300, host: host.roots };
    open.push(await connectModem(host.port, parts, new AbortController().signal));
    expect(host.words()).toBeUndefined();
  });
});

describe("an esimd that is killed", () => {
  const hasSetpriv = spawnSync("setpriv", ["--pdeathsig", "TERM", "true"]).status === 0;

  it.skipIf(!hasSetpriv)(
    "does not leave the modem inhibited behind it (skipped without util-linux's setpriv)",
    async () => {
      host.mmcli(mmcliAnswers.agrees);
      const built = (file: string): string => JSON.stringify(compiled(file));
      const program = `
      import { systemClock as clock } from ${built("base/clock.js")};
      import { silentLog as log } from ${built("base/logging.js")};
      import { inhibitDevice } from ${built("daemon/modem-manager-inhibition.js")};
      const { kind } = await inhibitDevice("uid", { clock, log, env: process.env }, new AbortController().signal);
      console.log(kind);
      clock.setTimer(600_000, () => undefined);`;
      const esimd = spawn(process.execPath, ["--input-type=module", "-e", program], {
        env: host.env,
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [word] = await once(esimd.stdout, "data");
      expect(String(word)).toBe("inhibited\n");
      expect(host.mmcliLives()).toBe(true);
      esimd.kill("SIGKILL");
      await vi.waitFor(() => expect(host.mmcliLives()).toBe(false), 5000);
    },
  );
});

describe("an mmcli that hangs", () => {
  it("is given ten seconds, then ended, by force if need be", async () => {
    const clock = new VirtualClock();
    host.mmcli(mmcliAnswers.isStubborn);
    const asked = inhibitDevice(usbUid, { clock, log, env: host.env }, new AbortController().signal);
    await vi.waitFor(() => expect(host.mmcliLives()).toBe(true));
    await clock.advance(9_999);
    expect(host.mmcliLives()).toBe(true);
    await clock.advance(1);
    await clock.advance(2_000);
    expect(await clock.runUntil(asked)).toEqual({ kind: "refused", why: expect.stringContaining("within 10 s") });
    expect(host.mmcliLives()).toBe(false);
  });
});
