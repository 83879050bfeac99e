import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type EsimdError, isEsimdError } from "../../src/base/errors.js";
import { silentLog } from "../../src/base/logging.js";
import { openPty } from "../../src/emulator/modem/transport/pty.js";
import type { ModemTransport, TransportEvents } from "../../src/emulator/modem/transport/transport.js";
import { openPort, portOpener } from "../../src/serial/open.js";
import type { BytePort } from "../../src/serial/port.js";
import { isBusy, isForbidden } from "../../src/serial/tty.js";
import { FakeHost } from "../support/fake-host.js";

const never = new AbortController().signal;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A pty whose far side is the test. */
async function pty(events: Partial<TransportEvents> = {}): Promise<ModemTransport> {
  const far = await openPty({
    link: undefined,
    events: { onBytes: () => undefined, onHostChange: () => undefined, ...events },
  });
  closers.push(() => far.close());
  return far;
}

/** A host with no processes but the ones a test adds; the devices are this machine's. */
function fakeHost(): { readonly host: FakeHost; readonly lockPath: (port: string) => string } {
  const host = new FakeHost();
  closers.push(async () => host.close());
  return { host, lockPath: (port) => join(host.roots.run, "lock", `LCK..${basename(port)}`) };
}

async function open(path: string): Promise<BytePort> {
  const port = await openPort(path, never);
  closers.push(() => port.close());
  return port;
}

const gone = (port: BytePort): Promise<EsimdError> => new Promise((resolve) => port.onGone(resolve));

describe("a tty", () => {
  it("carries bytes both ways", async () => {
    const received: string[] = [];
    let wake: () => void = () => undefined;
    const far = await pty({
      onBytes: (bytes) => {
        received.push(Buffer.from(bytes).toString());
        wake();
      },
    });
    const port = await open(far.address);
    const heard = new Promise<string>((resolve) => port.onData((bytes) => resolve(Buffer.from(bytes).toString())));
    const arrived = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await port.write(Buffer.from("AT\r"));
    await arrived;
    expect(received.join("")).toBe("AT\r");
    far.write(Buffer.from("OK\r\n"));
    expect(await heard).toBe("OK\r\n");
  });

  it("is gone when the modem is unplugged while it is silent", async () => {
    const far = await pty();
    const port = await open(far.address);
    const end = gone(port);
    await far.close();
    expect(await end).toMatchObject({ code: "serial_gone" });
    await expect(port.write(Buffer.from("AT\r"))).rejects.toMatchObject({ code: "serial_gone" });
  });

  it("is gone when the modem is unplugged while it talks", async () => {
    const far = await pty();
    const port = await open(far.address);
    const end = gone(port);
    port.onData(() => undefined);
    far.write(Buffer.from("\r\n+QIND: half a li"));
    await far.close();
    expect(await end).toMatchObject({ code: "serial_gone" });
  });

  it("is held by one esimd at a time, and free again when that one is done", async () => {
    const far = await pty();
    const port = await open(far.address);
    await expect(openPort(far.address, never)).rejects.toMatchObject({
      code: "port_busy",
      exitStatus: 75,
      message: expect.stringContaining(`(pid ${process.pid})`),
    });
    await port.close();
    await open(far.address);
  });

  it("is free again when the modem was unplugged, before anyone closes the port", async () => {
    const { host, lockPath } = fakeHost();
    const far = await pty();
    const port = await portOpener({ host: host.roots })(far.address, never);
    closers.push(() => port.close());
    const path = lockPath(far.address);
    expect(readFileSync(path, "utf8")).toContain(String(process.pid));
    const end = gone(port);
    await far.close();
    await end;
    await vi.waitFor(() => expect(existsSync(path)).toBe(false));
  });

  it("that another's lock file names is not even opened", async () => {
    const { host, lockPath } = fakeHost();
    const far = await pty();
    host.addProcess({ pid: 1, comm: "minicom" });
    writeFileSync(lockPath(far.address), "         1\n");
    await expect(portOpener({ host: host.roots })(far.address, never)).rejects.toMatchObject({
      code: "port_busy",
      message: `${far.address} is held by minicom (pid 1)`,
    });
    // Whoever comes without looking at lock files finds no flock on it.
    await open(far.address);
  });

  it("that ModemManager has open is not used, although root may open it, and the udev rule is named", async () => {
    const { host, lockPath } = fakeHost();
    const far = await pty();
    host.addProcess({ pid: 312, comm: "ModemManager", open: [far.address] });
    const refused = portOpener({ host: host.roots })(far.address, never);
    await expect(refused).rejects.toMatchObject({
      code: "port_busy",
      message: `${far.address} is held by ModemManager (pid 312)`,
      hint: expect.stringContaining("77-esimd-ports.rules"),
    });
    expect(existsSync(lockPath(far.address))).toBe(false);
    await open(far.address);
  });

  it("works where there is no folder for lock files, and the log tells", async () => {
    const { host } = fakeHost();
    rmSync(join(host.roots.run, "lock"), { recursive: true });
    const far = await pty();
    const told: string[] = [];
    const log = { ...silentLog, info: (_facts: object, sentence: string) => void told.push(sentence) };
    const port = await portOpener({ host: host.roots, log })(far.address, never);
    closers.push(() => port.close());
    expect(told).toEqual([expect.stringContaining("flock alone")]);
    await expect(portOpener({ host: host.roots })(far.address, never)).rejects.toMatchObject({ code: "port_busy" });
  });

  it.each([
    "Error Resource temporarily unavailable Cannot lock port",
    "Error: Device or resource busy, cannot open /dev/ttyUSB2",
    "Error: Error: EBUSY",
  ])("is known to be held by the words %s", (words) => {
    expect(isBusy(words)).toBe(true);
  });

  it.each([
    "Error: Permission denied, cannot open /dev/ttyUSB2",
    // By the control group of a unit that does not allow the device.
    "Error: Operation not permitted, cannot open /dev/ttyUSB2",
  ])("is known to be forbidden by the words %s", (words) => {
    expect(isForbidden(words)).toBe(true);
    expect(isBusy(words)).toBe(false);
  });

  it("that is a plain file, or is not there, is refused with its name", async () => {
    const dir = await mkdtemp(join(tmpdir(), "esimd-tty-"));
    closers.push(() => rm(dir, { recursive: true }));
    const file = join(dir, "file");
    await writeFile(file, "");
    for (const path of [file, join(dir, "none")]) {
      const error: unknown = await openPort(path, never).catch((thrown: unknown) => thrown);
      expect(isEsimdError(error, "port_missing") && error.message).toContain(path);
    }
  });
});

describe("a port's name", () => {
  it.each([
    "ttyUSB0",
    "tcp://host",
    "tcp://host:0",
    "tcp://host:99999",
    "unix:relative",
    "http://host:1",
    `unix:/${"x".repeat(200)}`,
  ])("%s is refused", async (name) => {
    await expect(openPort(name, never)).rejects.toMatchObject({ code: "bad_input", exitStatus: 65 });
  });
});
