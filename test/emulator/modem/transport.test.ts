import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openPty } from "../../../src/emulator/modem/transport/pty.js";
import { openSocketServer, parseListenAddress } from "../../../src/emulator/modem/transport/socket.js";
import type { ModemTransport } from "../../../src/emulator/modem/transport/transport.js";
import { openRawTty } from "./raw-tty.js";

let folder = "";
let transport: ModemTransport | undefined;
let heard = "";
let onHeard: () => void = () => undefined;
const events = {
  onBytes: (bytes: Uint8Array): void => {
    heard += Buffer.from(bytes).toString("latin1");
    onHeard();
  },
  onHostChange: (): void => {
    heard += "|";
  },
};

function untilHeard(text: string): Promise<void> {
  return new Promise((resolve) => {
    onHeard = () => {
      if (heard.includes(text)) resolve();
    };
    onHeard();
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "esimd-transport-"));
  heard = "";
});
afterEach(async () => {
  await transport?.close();
  transport = undefined;
  await rm(folder, { recursive: true });
});

function openTty(path: string): Promise<SerialPort> {
  return new Promise((resolve, reject) => {
    const port = new SerialPort({ path, baudRate: 115_200 }, (error) => (error ? reject(error) : resolve(port)));
  });
}

function read(stream: SerialPort | Socket, wanted: string): Promise<string> {
  return new Promise((resolve) => {
    let got = "";
    stream.on("data", (data: Buffer) => {
      got += data.toString("latin1");
      if (got.length >= wanted.length) resolve(got);
    });
  });
}

const closed = (stream: Socket): Promise<unknown> =>
  new Promise((resolve) => {
    stream.once("close", resolve);
  });

describe("the pseudo-terminal", () => {
  it("carries every byte both ways, raw", async () => {
    transport = await openPty({ events });
    expect(transport.address).toMatch(/^\/dev\/pts\/\d+$/);
    const port = await openTty(transport.address);
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const reading = read(port, all.toString("latin1"));
    transport.write(all);
    expect(await reading).toBe(all.toString("latin1"));
    port.write(all);
    await untilHeard(all.toString("latin1"));
    expect(heard).toBe(all.toString("latin1"));
    await new Promise<void>((resolve) => port.close(() => resolve()));
  });

  it("survives a host that closes and opens it again", async () => {
    transport = await openPty({ events });
    for (const round of ["one", "two"]) {
      const port = await openTty(transport.address);
      port.write(round);
      await untilHeard(round);
      await new Promise<void>((resolve) => port.close(() => resolve()));
    }
    expect(heard).toBe("onetwo");
  });

  it("hangs up on the host when unplugged, and comes back under its link", async () => {
    const link = join(folder, "modem");
    transport = await openPty({ events, link });
    expect(transport.address).toBe(link);
    const port = openRawTty(link);
    port.resume();
    const gone = closed(port);
    await transport.unplug();
    await gone;
    expect(existsSync(link)).toBe(false);
    transport.write(Buffer.from("lost"));
    await transport.replug();
    const again = await openTty(link);
    again.write("back");
    await untilHeard("back");
    await new Promise<void>((resolve) => again.close(() => resolve()));
    await transport.close();
    await expect(readlink(link)).rejects.toThrow("ENOENT");
  });

  it("closed while it is being put back: nothing of it is left, and nothing comes after", async () => {
    const link = join(folder, "modem");
    const pty = await openPty({ events, link });
    await pty.unplug();
    const replugged = pty.replug();
    await pty.close();
    await replugged;
    expect(await readdir(folder)).toEqual([]);
    await pty.replug();
    expect(await readdir(folder)).toEqual([]);
  });

  it("replaces a link that is there, and nothing else", async () => {
    const link = join(folder, "modem");
    await symlink("/nowhere", link);
    transport = await openPty({ events, link });
    expect(await readlink(link)).toMatch(/^\/dev\/pts\//);
    await transport.close();
    const file = join(folder, "file");
    await writeFile(file, "precious");
    await expect(openPty({ events, link: file })).rejects.toMatchObject({ code: "bad_input" });
    expect(existsSync(file)).toBe(true);
    await expect(openPty({ events, link: join(folder, "no/such/folder") })).rejects.toMatchObject({
      code: "bad_input",
    });
  });

  it("leaves a link alone that another took over", async () => {
    const link = join(folder, "modem");
    transport = await openPty({ events, link });
    await rm(link);
    await symlink("/elsewhere", link);
    await transport.close();
    expect(await readlink(link)).toBe("/elsewhere");
  });
});

describe("the socket", () => {
  const open = (address: string): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const tcp = /^tcp:\/\/([\d.]+):(\d+)$/.exec(address);
      const socket =
        tcp === null ? connect(address.slice("unix:".length)) : connect(Number(tcp[2]), tcp[1] ?? "127.0.0.1");
      socket.once("connect", () => resolve(socket));
      socket.once("error", reject);
    });

  /** Leaves a socket file behind that nobody listens on. */
  async function killedServer(path: string): Promise<void> {
    const script = 'require("node:net").createServer().listen(process.argv[1], () => console.log("up"))';
    const child = spawn(process.execPath, ["-e", script, path], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  it.each(["tcp", "unix"])("serves one host at a time over %s and turns the next away", async (kind) => {
    const listen = kind === "tcp" ? ":0" : `unix:${join(folder, "modem.sock")}`;
    transport = await openSocketServer(parseListenAddress(listen), events);
    const first = await open(transport.address);
    first.write("hello");
    await untilHeard("hello");
    const second = await open(transport.address);
    await closed(second);
    const reading = read(first, "answer");
    transport.write(Buffer.from("answer"));
    expect(await reading).toBe("answer");
    first.destroy();
  });

  it("tells a new host from the last one", async () => {
    transport = await openSocketServer(parseListenAddress(":0"), events);
    const first = await open(transport.address);
    first.write("half");
    await untilHeard("half");
    first.destroy();
    await closed(first);
    // The place is free once the server has seen the end, too.
    let second = await open(transport.address);
    for (second.write("whole"); !heard.includes("whole"); ) {
      await Promise.race([closed(second), untilHeard("whole")]);
      if (!heard.includes("whole")) {
        second = await open(transport.address);
        second.write("whole");
      }
    }
    expect(heard).toBe("|half|whole");
    second.destroy();
  });

  it("is gone while unplugged and back at the same address", async () => {
    transport = await openSocketServer(parseListenAddress(":0"), events);
    const { address } = transport;
    const host = await open(address);
    const gone = closed(host);
    await transport.unplug();
    await gone;
    await expect(open(address)).rejects.toThrow("ECONNREFUSED");
    await transport.replug();
    expect(transport.address).toBe(address);
    (await open(address)).destroy();
  });

  it("refuses an address that is taken, and takes over the socket file of a killed one", async () => {
    const listen = parseListenAddress(`unix:${join(folder, "modem.sock")}`);
    transport = await openSocketServer(listen, events);
    await expect(openSocketServer(listen, events)).rejects.toMatchObject({ code: "bad_input" });
    await transport.close();
    await killedServer(join(folder, "modem.sock"));
    transport = await openSocketServer(listen, events);
    (await open(transport.address)).destroy();
    await writeFile(join(folder, "file"), "");
    const file = parseListenAddress(`unix:${join(folder, "file")}`);
    await expect(openSocketServer(file, events)).rejects.toMatchObject({ code: "bad_input" });
  });

  it.each([
    ["127.0.0.1:7000", { kind: "tcp", host: "127.0.0.1", port: 7000 }],
    [":0", { kind: "tcp", host: "127.0.0.1", port: 0 }],
    ["[::1]:7000", { kind: "tcp", host: "::1", port: 7000 }],
    ["unix:/run/modem", { kind: "unix", path: "/run/modem" }],
  ])("reads %s", (text, expected) => {
    expect(parseListenAddress(text)).toEqual(expected);
  });

  it.each(["7000", "host:", "host:70000", "unix:relative", `unix:/${"x".repeat(120)}`, "tcp://host:1", ""])(
    "refuses %s",
    (text) => {
      expect(() => parseListenAddress(text)).toThrow(/--listen/);
    },
  );
});
