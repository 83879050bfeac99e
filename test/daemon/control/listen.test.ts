import { chmod, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ask, makeBench, onBench } from "./bench.js";

/** The socket's name: whose it is, and who may open it. */

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

it.each([0o000, 0o022, 0o077])("owner and group may open it, whatever umask %o would leave to others", (umask) =>
  onBench({}, async (bench) => {
    const before = process.umask(umask);
    try {
      await bench.open();
      expect(process.umask()).toBe(umask);
    } finally {
      process.umask(before);
    }
    expect(await modeOf(bench.path)).toBe("660");
  }),
);

it("is taken over from a daemon that was killed", () =>
  onBench({}, async (bench) => {
    await leaveSocket(bench.path);
    await writeFile(`${bench.path}.lock`, "1 another-boot/12345\n");
    await bench.open();
    expect((await ask(bench.path, "GET", "/healthz")).json()).toEqual({ alive: true });
    expect(await modeOf(bench.path)).toBe("660");
  }));

it("is left to a daemon that lives, and the sentence says who that is", () =>
  onBench({}, async (bench) => {
    await bench.open();
    await onBench({ env: { ESIMD_SOCKET: bench.path } }, async (second) => {
      await expect(second.open()).rejects.toMatchObject({
        code: "daemon_running",
        message: expect.stringContaining(`process ${process.pid}`),
      });
    });
    // The first one's goes on.
    expect((await ask(bench.path, "GET", "/healthz")).status).toBe(200);
  }));

it("is left to another program that listens there", () =>
  onBench({}, async (bench) => {
    const other = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => other.listen(bench.path, resolve));
    try {
      await expect(bench.open()).rejects.toMatchObject({
        code: "daemon_running",
        message: expect.stringContaining("a program that does not say who it is"),
      });
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  }));

it("is no file of somebody's that stands in its place", () =>
  onBench({}, async (bench) => {
    await writeFile(bench.path, "mine");
    await expect(bench.open()).rejects.toMatchObject({ code: "socket_unusable" });
    expect(await readFile(bench.path, "utf8")).toBe("mine");
  }));

it("leaves nothing behind, so that the next daemon has the name at once", () =>
  onBench({}, async (bench) => {
    const first = await bench.open();
    await first.close();
    await expect(stat(bench.path)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(stat(`${bench.path}.lock`)).rejects.toMatchObject({ code: "ENOENT" });
    await bench.open();
    expect((await ask(bench.path, "GET", "/healthz")).status).toBe(200);
  }));

it("that was asked for and cannot be made ends the start, with the place in the sentence", async () => {
  const path = "/proc/no/such/folder/esimd.sock";
  await onBench({ env: { ESIMD_SOCKET: path } }, async (bench) => {
    await expect(bench.open()).rejects.toMatchObject({
      code: "socket_unusable",
      message: expect.stringContaining(path),
    });
  });
});

it("is not there with none, and the daemon lives on", () =>
  onBench({ env: { ESIMD_SOCKET: "none" } }, async (bench) => {
    await (await bench.open()).close();
    await expect(stat(bench.path)).rejects.toMatchObject({ code: "ENOENT" });
  }));

it("is in systemd's runtime folder where nobody named another place", async () => {
  const probe = await makeBench({ env: { ESIMD_SOCKET: "", RUNTIME_DIRECTORY: "/run/esimd/modem0" } });
  expect(probe.daemon.config().daemon.socket).toEqual({ kind: "named", path: "/run/esimd/modem0/esimd.sock" });
  await probe.close();
  const plain = await makeBench({ env: { ESIMD_SOCKET: "" } });
  expect(plain.daemon.config().daemon.socket).toEqual({ kind: "default", path: "/run/esimd/esimd.sock" });
  await plain.close();
});

/** Such as a daemon leaves that had no time to take it away. */
async function leaveSocket(path: string): Promise<void> {
  const folder = join(path, "..", "dead");
  await mkdir(folder);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(folder, "s"), resolve));
  await rename(join(folder, "s"), path);
  await chmod(path, 0o777);
  await new Promise((resolve) => server.close(resolve));
}
