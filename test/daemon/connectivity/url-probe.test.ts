import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.js";
import { parseEid, parseIccid } from "../../../src/base/identifiers.js";
import { urlProbe } from "../../../src/daemon/connectivity/url-probe.js";
import type { Service } from "../../../src/provision/trial.js";

const subject = {
  port: "/dev/ttyUSB2",
  eid: parseEid("89049032123451234512345678901235", "the test"),
  iccid: parseIccid("8988307000000000019", "the test"),
};
let server: Server;
let from: (string | undefined)[] = [];

beforeEach(async () => {
  from = [];
  server = createServer((request, response) => {
    from.push(request.socket.remoteAddress);
    if (request.url === "/silent") return;
    if (request.url === "/portal") response.writeHead(302, { location: "/ok" }).end();
    else response.writeHead(request.url === "/ok" ? 204 : 503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function look(path: string, localAddress = "127.0.0.1", timeoutMs = 10_000): Promise<Service> {
  const url = new URL(path, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return urlProbe({ clock: systemClock, url, localAddress, timeoutMs }).look(subject, new AbortController().signal);
}

describe("connectivity.url", () => {
  it("is asked from the given address of the host", async () => {
    expect(await look("/ok", "127.0.0.3")).toEqual({ up: true });
    expect(from).toEqual(["127.0.0.3"]);
  });

  it.each([
    ["/busy", "status 503"],
    ["/portal", "status 302"],
  ])("is no service when %s answers %s", async (path, said) => {
    expect(await look(path)).toMatchObject({ up: false, why: expect.stringContaining(said) });
    expect(from).toHaveLength(1);
  });

  it("is no service when nothing comes in time", async () => {
    expect(await look("/silent", "127.0.0.1", 300)).toMatchObject({
      up: false,
      why: expect.stringContaining("did not finish within 300 ms"),
    });
  });

  it("is no service from an address that the host does not have", async () => {
    expect(await look("/ok", "192.0.2.17")).toMatchObject({ up: false, why: expect.stringContaining("EADDRNOTAVAIL") });
    expect(from).toEqual([]);
  });

  it("says nothing of a query, which may be a token", async () => {
    const service = await look("/busy?token=secret-of-the-operator");
    expect(JSON.stringify(service)).not.toContain("secret-of-the-operator");
  });
});
