import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { listeningSockets } from "../support/listening-sockets.js";
import { builtProgram } from "./field.js";
import { inField } from "./in-field.js";

/** Nobody can come to esimd by the network: it opens connections and takes none but the daemon's on its control socket, from its first state to its last. */

/** Looks at the process at each of its lines, until it ends or has said `last`. */
async function watch(
  child: ChildProcess,
  last: RegExp,
): Promise<{ readonly looks: number; readonly found: Set<string> }> {
  const found = new Set<string>();
  let looks = 0;
  let isOver = false;
  let said = "";
  const look = (chunk: Buffer): void => {
    said += chunk.toString();
    if (isOver || child.pid === undefined) return;
    looks++;
    for (const socket of listeningSockets(child.pid)) found.add(socket);
    isOver = last.test(said);
    if (isOver) child.kill("SIGTERM");
  };
  child.stdout?.on("data", look);
  child.stderr?.on("data", look);
  await once(child, "close");
  if (!last.test(said)) throw new Error(`the run did not come to ${last}: ${said.slice(-2_000)}`);
  return { looks, found };
}

it.each([
  ["provision", ["--json"], /"schema":"esimd\.report\/1"/],
  ["run", ["--json", "--log-level", "debug"], /"schema":"esimd\.report\/1"/],
] as const)("esimd %s", (command, flags, last) =>
  inField({ dialect: "etsi-apdu" }, async (field) => {
    const words = [builtProgram, command, "--port", field.world.port, "--lpa", "host", ...flags];
    const child = spawn(process.execPath, words, {
      env: { PATH: process.env["PATH"], ...field.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { looks, found } = await watch(child, last);
    expect(looks).toBeGreaterThan(5);
    expect([...found]).toEqual(command === "run" ? [`unix ${field.env["ESIMD_SOCKET"]}`] : []);
    expect(field.charges()).toBe(1);
  }),
);

it("would be seen if it did", async () => {
  await inField({ dialect: "etsi-apdu" }, async (field) => {
    const servers = [createServer(), createServer()];
    servers[0]?.listen(0, "127.0.0.1");
    servers[1]?.listen(join(field.dir, "control.sock"));
    for (const server of servers) if (!server.listening) await once(server, "listening");
    const found = listeningSockets(process.pid);
    for (const server of servers) server.close();
    expect(found).toContainEqual(expect.stringMatching(/^tcp 0100007F:/));
    expect(found).toContainEqual(`unix ${join(field.dir, "control.sock")}`);
  });
});
