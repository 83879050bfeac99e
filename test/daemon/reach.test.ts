import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { parseSmdpAddress } from "../../src/base/identifiers.js";
import { reachByNetwork } from "../../src/daemon/reach.js";

let server: Server | undefined;
let connections = 0;
afterEach(() => {
  server?.close();
});

/** A server that says `greeting` to who connects, and counts them. */
async function listening(greeting = ""): Promise<number> {
  connections = 0;
  const opened = createServer((socket) => {
    connections++;
    socket.on("error", () => undefined);
    if (greeting !== "") socket.end(greeting);
  });
  server = opened;
  await new Promise<void>((resolve) => opened.listen(0, "127.0.0.1", resolve));
  return (opened.address() as AddressInfo).port;
}

const never = new AbortController().signal;

describe("reaching a server", () => {
  it("is a connection, without a byte sent", async () => {
    const port = await listening();
    await reachByNetwork({ kind: "api", url: `http://127.0.0.1:${port}` }, never);
    await reachByNetwork({ kind: "smdp", address: parseSmdpAddress(`localhost:${port}`, "test") }, never);
    expect(connections).toBe(2);
  });

  it("tells a name that is not found", async () => {
    await expect(reachByNetwork({ kind: "api", url: "https://api.esimd.invalid" }, never)).rejects.toMatchObject({
      code: "api_unreachable",
      message: expect.stringMatching(/^api\.esimd\.invalid:443 cannot be reached: its name is not found/),
      hint: expect.stringContaining("DNS"),
    });
  });

  it("tells a connection that is refused", async () => {
    const port = await listening();
    server?.close();
    const address = parseSmdpAddress(`localhost:${port}`, "test");
    await expect(reachByNetwork({ kind: "smdp", address }, never)).rejects.toMatchObject({
      code: "smdp_unreachable",
      message: expect.stringContaining("the connection is not made"),
    });
  });

  it("takes no captive portal for the API: what answers must show its certificate", async () => {
    const port = await listening("HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n");
    await expect(reachByNetwork({ kind: "api", url: `https://127.0.0.1:${port}` }, never)).rejects.toMatchObject({
      code: "api_unreachable",
      message: expect.stringContaining("does not show its certificate"),
      hint: expect.stringContaining("captive portal"),
    });
  });

  it("ends with the caller's reason, and leaves no socket", async () => {
    const port = await listening();
    const stop = new AbortController();
    const reaching = reachByNetwork({ kind: "api", url: `https://127.0.0.1:${port}` }, stop.signal);
    const stopped = new Error("stopped");
    stop.abort(stopped);
    await expect(reaching).rejects.toBe(stopped);
  });
});
