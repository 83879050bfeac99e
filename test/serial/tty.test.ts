import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type EsimdError, isEsimdError } from "../../src/base/errors.js";
import { openPty } from "../../src/emulator/modem/transport/pty.js";
import type { ModemTransport, TransportEvents } from "../../src/emulator/modem/transport/transport.js";
import { openPort } from "../../src/serial/open.js";
import type { BytePort } from "../../src/serial/port.js";

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

  it("is held by one esimd at a time", async () => {
    const far = await pty();
    await open(far.address);
    await expect(openPort(far.address, never)).rejects.toMatchObject({ code: "port_busy", exitStatus: 75 });
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
