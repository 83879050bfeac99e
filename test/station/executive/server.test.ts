import { mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock, VirtualClock } from "../../../src/base/clock.js";
import { silentLog } from "../../../src/base/logging.js";
import { type ExecutiveServer, openExecutive } from "../../../src/station/executive/server.js";
import { until } from "../../stories/conditions.js";
import { RehearsedStation } from "../rehearsed.js";

let dir = "";
let path = "";
let station: RehearsedStation;
const open: (() => unknown)[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "esimd-executive-"));
  path = join(dir, "executive.sock");
  station = new RehearsedStation({ clock: new VirtualClock(), slots: 3 });
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  await rm(dir, { recursive: true, force: true });
});

async function opened(listen = `unix:${path}`): Promise<ExecutiveServer> {
  const server = await openExecutive(listen, { name: "line-1", control: station, log: silentLog, clock: systemClock });
  open.push(() => server.close());
  return server;
}

class Client {
  readonly socket: Socket;
  readonly lines: string[] = [];
  isGone = false;

  constructor() {
    this.socket = connect(path);
    let rest = "";
    this.socket.setEncoding("utf8").on("data", (text) => {
      const pieces = `${rest}${String(text)}`.split("\n");
      rest = pieces.pop() ?? "";
      this.lines.push(...pieces);
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.isGone = true;
    });
    open.push(() => this.socket.destroy());
  }

  async has(count: number): Promise<readonly string[]> {
    await until(() => this.lines.length >= count || this.isGone, `${count} lines`);
    return this.lines;
  }

  async gone(): Promise<void> {
    await until(() => this.isGone, "the connection is over");
  }
}

describe("the test executive's socket", () => {
  it("greets, answers in order, and tells events to whoever asked for them", async () => {
    await opened();
    const [listener, other] = [new Client(), new Client()];
    expect(await listener.has(1)).toEqual(["ESIMD-STATION 1 line-1"]);
    await other.has(1);
    // In pieces, as a network may deliver them.
    listener.socket.write("HEL");
    listener.socket.write("LO plc\nLISTEN\nSTATUS 1\n");
    await listener.has(4);
    station.putIn(1);
    station.takeOut(1);
    expect(await listener.has(6)).toEqual([
      "ESIMD-STATION 1 line-1",
      "OK",
      "OK",
      "OK 1 empty -",
      "EVENT PUTIN 1",
      "EVENT TAKENOUT 1",
    ]);
    other.socket.write("COUNTS\n");
    expect((await other.has(2))[1]).toBe("OK 0 0 0 0");
  });

  it("tells each event once, however often it was asked to, and none once the client is gone", async () => {
    await opened();
    const client = new Client();
    client.socket.write("LISTEN\nLISTEN\n");
    await client.has(3);
    station.putIn(1);
    client.socket.write("STATUS 1\n");
    expect((await client.has(5)).slice(3)).toEqual(["EVENT PUTIN 1", "OK 1 needs-serial -"]);
    client.socket.destroy();
    const next = new Client();
    await next.has(1);
    station.takeOut(1);
    next.socket.write("STATUS 1\n");
    expect((await next.has(2))[1]).toBe("OK 1 empty -");
  });

  it("may be opened by the station's group, and by nobody else", async () => {
    await opened();
    expect((await stat(path)).mode & 0o777).toBe(0o660);
  });

  it("serves eight clients, and lets the ninth go", async () => {
    await opened();
    const clients = Array.from({ length: 8 }, () => new Client());
    for (const client of clients) await client.has(1);
    const ninth = new Client();
    await ninth.gone();
    expect(ninth.lines).toEqual([]);
    clients[0]?.socket.destroy();
    await until(() => clients[0]?.isGone === true, "the first one is gone");
    const answered = async (): Promise<boolean> => (await new Client().has(1)).length > 0;
    while (!(await answered()));
  });
});

describe("a line that is too long", () => {
  it.each([
    ["without an end", "X".repeat(600)],
    ["with an end", `${"X".repeat(600)}\n`],
    ["whose beginning would be a command", `DRAIN${" ".repeat(600)}\n`],
    ["of few characters and many bytes", `SERIAL 1 ${"€".repeat(300)}\n`],
    ["with a command behind it", `${"X".repeat(600)}\nDRAIN\n`],
  ])("%s ends the connection, and nothing of it is obeyed", async (_what, text) => {
    await opened();
    const client = new Client();
    await client.has(1);
    client.socket.write(text);
    await client.gone();
    expect(client.lines).toEqual(["ESIMD-STATION 1 line-1", "ERR executive_protocol a line has more than 512 bytes"]);
    expect([station.view().phase, station.asked]).toEqual(["working", []]);
  });

  it("is one of more than 512 bytes", async () => {
    await opened();
    const client = new Client();
    client.socket.write(`HELLO ${"x".repeat(506)}\n`);
    expect((await client.has(2))[1]).toBe("OK");
  });
});

/** Says so much to a client who does not read that nothing more goes into the socket. */
async function deaf(pairs: number): Promise<Client> {
  const client = new Client();
  client.socket.write("LISTEN\n");
  await client.has(2);
  client.socket.pause();
  for (let pair = 0; pair < pairs; pair++) {
    station.putIn(1);
    station.takeOut(1);
  }
  return client;
}

describe("a client who does not read", () => {
  it("is let go, and the others go on", async () => {
    await opened();
    const client = await deaf(40_000);
    const other = new Client();
    other.socket.write("STATUS 1\n");
    expect((await other.has(2))[1]).toBe("OK 1 empty -");
    client.socket.resume();
    await client.gone();
    expect(client.lines.length).toBeLessThan(80_000);
  });

  it("does not hold the station up at its end", async () => {
    const server = await opened();
    // More than the kernel takes, and less than what lets him go at once.
    const client = await deaf(8_000);
    expect(client.isGone).toBe(false);
    await server.close();
  });
});

describe("an address", () => {
  it.each(["/dev/ttyUSB2", "tcp://192.0.2.7:7000", "tcp://0.0.0.0:7000", "tcp://[::]:7000"])(
    "%s is refused: the line has no lock",
    async (listen) => {
      await expect(opened(listen)).rejects.toMatchObject({
        code: "config_invalid",
        message: `executive.listen is "${listen}"; it takes unix:/PATH or tcp://127.0.0.1:PORT, since the line has no lock`,
      });
    },
  );

  it("that a killed station left is taken over", async () => {
    // As SIGKILL leaves it: the socket's file is there, and nobody listens. A server in order takes its file with it, but not by another name.
    const left = await strangerAt(join(dir, "before.sock"));
    await rename(join(dir, "before.sock"), path);
    await new Promise<void>((resolve) => left.close(() => resolve()));
    expect((await stat(path)).isSocket()).toBe(true);
    await opened();
    expect(await new Client().has(1)).toEqual(["ESIMD-STATION 1 line-1"]);
  });

  it("that somebody answers on is his", async () => {
    const stranger = await strangerAt();
    open.push(() => stranger.close());
    await expect(opened()).rejects.toMatchObject({ code: "socket_unusable" });
    expect((await stat(path)).isSocket()).toBe(true);
  });

  it("that is a file is left alone", async () => {
    await writeFile(path, "mine");
    await expect(opened()).rejects.toMatchObject({ code: "socket_unusable" });
    expect((await stat(path)).isFile()).toBe(true);
  });
});

function strangerAt(at = path): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => server.listen(at, () => resolve(server)));
}
