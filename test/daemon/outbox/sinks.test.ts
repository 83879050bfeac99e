import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.js";
import { silentLog } from "../../../src/base/logging.js";
import { createHook } from "../../../src/daemon/outbox/hook.js";
import { createWebhook } from "../../../src/daemon/outbox/webhook.js";
import { eventFor, eventSchema } from "../../../src/report/event.js";
import { signedHeaders } from "../../../src/report/signature.js";
import { eidOf, failed } from "../../station/records/entries.js";
import { aReport } from "./a-report.js";

const common = {
  schema: "esimd.event/1",
  id: "11111111-1111-4111-8111-111111111111",
  device: "gw-17",
  stream: "22222222-2222-4222-8222-222222222222",
  sequence: 7,
  at: "2026-01-01T00:00:00.000Z",
} as const;
const event = eventFor(
  { ...common, kind: "report", modem: "modem0", report: aReport(Date.UTC(2026, 0, 1)) },
  { count: 2, from: 5, to: 6 },
);
const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), "esimd-sinks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly path: string;
}

/** A receiver that answers with these statuses in turn, the last one for good. */
async function receiver(...answers: { readonly status: number; readonly headers?: Record<string, string> }[]) {
  const got: Received[] = [];
  const server: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString("utf8");
    });
    request.on("end", () => {
      got.push({ headers: request.headers, body, path: request.url ?? "" });
      const answer = answers[Math.min(got.length, answers.length) - 1] ?? { status: 204 };
      response.writeHead(answer.status, answer.headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the receiver has no port");
  return { got, url: `http://127.0.0.1:${address.port}/reports?fleet=1` };
}

function webhookTo(url: string, secret: string | undefined = "a secret word") {
  const webhook = createWebhook({
    url,
    secret,
    tls: () => ({}),
    timeoutMs: 10_000,
    version: "1.2.3",
    clock: systemClock,
  });
  closers.push(() => void webhook.close());
  return webhook;
}

describe("the webhook", () => {
  it("posts the event, signed over what is sent, and takes any 2xx for delivered", async () => {
    const { got, url } = await receiver({ status: 202 });
    expect(await webhookTo(url).deliver(event, never)).toEqual({ kind: "delivered" });
    const [request] = got;
    if (request === undefined) throw new Error("nothing came");
    expect(request.path).toBe("/reports?fleet=1");
    expect(eventSchema.parse(JSON.parse(request.body))).toEqual(event);
    const sentAtMs = Number(request.headers["webhook-timestamp"]) * 1000;
    expect(Math.abs(sentAtMs - Date.now())).toBeLessThan(60_000);
    expect(request.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "esimd/1.2.3",
      ...signedHeaders(event.id, sentAtMs, request.body, "a secret word"),
    });
  });

  it.each([500, 503, 408, 425, 429])("keeps an event that is answered with HTTP %i for later", async (status) => {
    const { url } = await receiver({ status });
    expect(await webhookTo(url).deliver(event, never)).toMatchObject({
      kind: "failed",
      lasting: false,
      error: { code: "report_undelivered" },
    });
  });

  it.each([400, 401, 403, 404, 410, 413, 422])(
    "keeps it, and says so, when HTTP %i refuses it for good",
    async (status) => {
      const { url } = await receiver({ status });
      const delivery = await webhookTo(url).deliver(event, never);
      expect(delivery).toMatchObject({ kind: "failed", lasting: true, error: { code: "report_refused" } });
      expect(delivery.kind === "failed" && delivery.error.message).toContain(`HTTP ${status}`);
    },
  );

  it("waits as long as the receiver asks for", async () => {
    const { url } = await receiver({ status: 429, headers: { "retry-after": "120" } });
    expect(await webhookTo(url).deliver(event, never)).toMatchObject({ error: { retryAfterMs: 120_000 } });
  });

  it("follows no redirect", async () => {
    const other = await receiver({ status: 200 });
    const { url } = await receiver({ status: 307, headers: { location: other.url } });
    const delivery = await webhookTo(url).deliver(event, never);
    expect(delivery).toMatchObject({ kind: "failed", lasting: true });
    expect(other.got).toEqual([]);
  });

  it("keeps it when nobody listens", async () => {
    expect(await webhookTo("http://127.0.0.1:1/").deliver(event, never)).toMatchObject({
      kind: "failed",
      lasting: false,
      error: { code: "report_undelivered" },
    });
  });
});

function hookOf(script: string, timeoutMs = 20_000) {
  const command = join(folder, `hook-${Math.abs(hash(script))}.sh`);
  writeFileSync(command, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return createHook({
    command,
    timeoutMs,
    clock: systemClock,
    log: silentLog,
    env: { PATH: process.env["PATH"], ESIMD_API_SECRET: "not for a hook" },
  });
}

function hash(text: string): number {
  return [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7);
}

describe("the command hook", () => {
  it("gets the event on stdin and the most wanted of it in its environment, and nothing of esimd's own", async () => {
    const out = join(folder, "out");
    const hook = hookOf(`cat >'${out}.json'; env >'${out}.env'`);
    expect(await hook.deliver(event, never)).toEqual({ kind: "delivered" });
    expect(eventSchema.parse(JSON.parse(readFileSync(`${out}.json`, "utf8")))).toEqual(event);
    const env = readFileSync(`${out}.env`, "utf8").split("\n");
    expect(env).toEqual(
      expect.arrayContaining([
        "ESIMD_EVENT=report",
        `ESIMD_EVENT_ID=${event.id}`,
        "ESIMD_DEVICE=gw-17",
        "ESIMD_MODEM=modem0",
        "ESIMD_SEQUENCE=7",
        "ESIMD_DROPPED=2",
        "ESIMD_STATE=provisioned",
        `ESIMD_ICCID=${event.report.iccid}`,
      ]),
    );
    expect(env.filter((line) => line.includes("not for a hook"))).toEqual([]);
  });

  it("gets of a factory unit what a script on the line wants, in the same way", async () => {
    const out = join(folder, "unit");
    const hook = hookOf(`cat >'${out}.json'; env >'${out}.env'`);
    const unit = eventFor({ ...common, kind: "unit", station: "line-1", entry: failed(7, "no_stock") }, null);
    expect(await hook.deliver(unit, never)).toEqual({ kind: "delivered" });
    expect(eventSchema.parse(JSON.parse(readFileSync(`${out}.json`, "utf8")))).toEqual(unit);
    const env = readFileSync(`${out}.env`, "utf8").split("\n");
    expect(env).toEqual(
      expect.arrayContaining([
        "ESIMD_EVENT=unit",
        "ESIMD_ENTRY=ended",
        "ESIMD_STATION=line-1",
        "ESIMD_SERIAL=SN7",
        "ESIMD_BATCH=B1",
        "ESIMD_VERDICT=FAIL",
        "ESIMD_ERROR=no_stock",
        `ESIMD_EID=${eidOf(7)}`,
      ]),
    );
    expect(env.filter((line) => line.startsWith("ESIMD_MODEM"))).toEqual([]);
  });

  it("has it only with exit status 0", async () => {
    expect(await hookOf("exit 3").deliver(event, never)).toMatchObject({
      kind: "failed",
      lasting: false,
      error: { message: expect.stringContaining("exit status 3") },
    });
  });

  it("is killed with all that it started when it takes too long", async () => {
    const pidFile = join(folder, "child");
    const hook = hookOf(`sleep 600 & echo $! >'${pidFile}'; wait`, 1500);
    expect(await hook.deliver(event, never)).toMatchObject({
      kind: "failed",
      error: { message: expect.stringContaining("was killed") },
    });
    const pid = Number(readFileSync(pidFile, "utf8"));
    // A zombie that nobody has waited for yet is dead, too.
    expect(stateOf(pid)).toMatch(/^[ZX]?$/);
  });

  it("may leave its stdin unread", async () => {
    expect(await hookOf("exec <&-; exit 0").deliver(event, never)).toEqual({ kind: "delivered" });
  });

  it("that is not there is said to be refused, which a person sees", async () => {
    const hook = createHook({
      command: join(folder, "none"),
      timeoutMs: 1000,
      clock: systemClock,
      log: silentLog,
      env: {},
    });
    expect(await hook.deliver(event, never)).toMatchObject({ kind: "failed", lasting: true });
  });
});

function stateOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.slice(0, 1) ?? "";
  } catch {
    return "";
  }
}
