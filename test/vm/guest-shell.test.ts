import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.js";
import { type GuestShell, openGuestShell } from "./guest-shell.js";

/** The machine's shell without the machine: a real sh on a socket, behind a line that echoes as a terminal does. */

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** `deafFor`: so many bytes come before somebody reads the line. */
async function startShell(deafFor = 0): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-shell-"));
  open.push(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, "shell");
  const server: Server = createServer((socket) => {
    const sh = spawn("/bin/sh", { stdio: ["pipe", "pipe", "ignore"] });
    open.push(() => {
      sh.kill("SIGKILL");
      socket.destroy();
    });
    let lost = 0;
    socket.on("data", (bytes: Buffer) => {
      socket.write(bytes.toString("utf8").replaceAll("\n", "\r\n"));
      if (lost >= deafFor) sh.stdin.write(bytes);
      lost += bytes.length;
    });
    sh.stdout.on("data", (bytes: Buffer) => socket.write(bytes.toString("utf8").replaceAll("\n", "\r\n")));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  open.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return path;
}

async function openShell(socketPath: string, signal = new AbortController().signal): Promise<GuestShell> {
  const shell = await openGuestShell({ clock: systemClock, socketPath, bootTimeoutMs: 20_000, signal });
  open.push(() => shell.close());
  return shell;
}

describe("the machine's shell", () => {
  it("tells what a command printed on both streams, and how it ended", async () => {
    const shell = await openShell(await startShell());
    expect(await shell.try("echo one; echo two >&2; false")).toEqual({
      status: 1,
      output: expect.stringMatching(/one\ntwo$/),
    });
    expect(await shell.run("printf 'no line end'")).toMatch(/no line end$/);
    await expect(shell.run("echo why; exit_with() { return 7; }; exit_with")).rejects.toThrow(/ended with 7:\n.*why/);
  });

  it("answers to a command that comes behind it are not the command's", async () => {
    const shell = await openShell(await startShell());
    expect(await shell.run("echo first")).toMatch(/first$/);
    expect(await shell.run("echo second")).not.toContain("first\n");
  });

  it("is waited for until somebody reads the line", async () => {
    const shell = await openShell(await startShell(100));
    expect(await shell.run("echo here")).toMatch(/here$/);
  });

  it("gives a command up that does not end", async () => {
    const shell = await openShell(await startShell());
    await expect(shell.run("exec sleep 60", 300)).rejects.toThrow("gave no answer within 0.3 s to: exec sleep 60");
  });

  it("ends with the machine", async () => {
    const machine = new AbortController();
    const shell = await openShell(await startShell(), machine.signal);
    const answer = shell.run("sleep 60");
    machine.abort(new Error("the machine is off"));
    await expect(answer).rejects.toThrow("the machine is off");
  });
});
