import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { type ReportEvent, reportEventSchema } from "../../src/report/event.js";
import { signedHeaders } from "../../src/report/signature.js";
import { configured, until } from "./conditions.js";
import { builtProgram, type Field, lastLine, startField } from "./field.js";

/**
 * The real program and a real receiver: esimd is killed with a report on its way, again and again, the receiver is down or keeps its
 * answers to itself, and in the end it has every report that a run told of, in order.
 */

const secret = "whsec_c3RvcnkgcmVwb3J0cyBzZWNyZXQ=";

interface Posted {
  readonly event: ReportEvent;
  readonly response: ServerResponse;
}

class Fleet {
  readonly posted: Posted[] = [];
  /** What it does with the next ones. */
  mood: "down" | "silent" | "well" = "down";
  readonly #server: Server;

  constructor() {
    this.#server = createServer((asked, response) => {
      let body = "";
      asked.on("data", (chunk: Buffer) => {
        body += chunk.toString("utf8");
      });
      asked.on("end", () => {
        if (this.mood === "down") {
          response.writeHead(503).end();
          return;
        }
        const event = reportEventSchema.parse(JSON.parse(body));
        const sentAtMs = Number(asked.headers["webhook-timestamp"]) * 1000;
        expect(asked.headers).toMatchObject({ ...signedHeaders(event.id, sentAtMs, body, secret) });
        this.posted.push({ event, response });
        if (this.mood === "well") response.writeHead(204).end();
      });
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return `http://127.0.0.1:${address.port}/esimd`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

let field: Field | undefined;
const fleet = new Fleet();
afterEach(async () => {
  fleet.close();
  await field?.close();
});

/** Kills it as soon as `when` holds. @returns the last whole line of its stdout. */
async function killWhen(child: ChildProcess, when: (stdout: string) => boolean, what: string): Promise<string> {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString("utf8");
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
  });
  const exited = once(child, "exit");
  try {
    await until(() => when(stdout) || child.exitCode !== null, what, 60_000);
    if (!when(stdout)) throw new Error(`esimd ended before: ${what}. ${stderr}`);
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
  return lastLine(stdout.slice(0, stdout.lastIndexOf("\n") + 1));
}

/** As Prometheus asks, by the control socket. */
async function metrics(socketPath: string): Promise<string> {
  const asked = request({ socketPath, path: "/metrics" });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  expect(response.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return text;
}

const hasReport = (stdout: string): boolean => /\{"schema":"esimd\.report\/1".*\}\n/.test(stdout);

it("every report that a run told of arrives, whenever the process is killed", async () => {
  const story = await startField({ lpa: "modem" });
  field = story;
  const url = await fleet.listen();
  const textfile = join(story.dir, "esimd.prom");
  const words = await configured(story, { outbox: { device: "gw-17" }, webhook: { url }, metrics: { textfile } });
  const env = { ESIMD_WEBHOOK_SECRET: secret };
  const told: string[] = [];

  // Runs of their own, with nobody there, each killed as soon as its report is out.
  for (let run = 0; run < 3; run++) {
    const line = await killWhen(story.spawnProvision(words, env), hasReport, "the report");
    told.push(JSON.parse(line).finishedAt);
  }
  expect(fleet.posted).toEqual([]);

  // The daemon, killed with the first event at the receiver and no answer to it, and again with the second one.
  fleet.mood = "silent";
  const daemon = (): ChildProcess =>
    spawn(process.execPath, [builtProgram, "run", "--port", story.world.port, "--lpa", "modem", "--json", ...words], {
      env: { PATH: process.env["PATH"], ...story.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
  for (const sequence of [1, 2]) {
    await killWhen(
      daemon(),
      () => {
        const last = fleet.posted.at(-1);
        if (last === undefined) return false;
        // What is before it is answered, so that this one's turn comes.
        if (last.event.sequence < sequence && !last.response.writableEnded) last.response.writeHead(204).end();
        return last.event.sequence === sequence;
      },
      `the event ${sequence} at the receiver`,
    );
  }

  // And a last one, that is stopped as a service is once it has told of a run.
  fleet.mood = "well";
  const last = daemon();
  let stdout = "";
  last.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString("utf8");
  });
  const exited = once(last, "exit");
  await until(() => hasReport(stdout), "the daemon's own report", 60_000);
  told.push(JSON.parse(lastLine(stdout)).finishedAt);
  const hasAll = (): boolean => told.every((at) => fleet.posted.some(({ event }) => event.report.finishedAt === at));
  await until(hasAll, "every report", 60_000);
  // The receiver has an event before esimd knows that, and the file says so a few seconds later.
  await until(
    () => existsSync(textfile) && readFileSync(textfile, "utf8").includes("\nesimd_outbox_events 0\n"),
    "the file",
    60_000,
  );
  const figures = await metrics(story.env["ESIMD_SOCKET"] ?? "");
  expect(figures).toContain('esimd_sink_pending{sink="webhook"} 0\n');
  expect(figures).toMatch(/^esimd_modem_state\{modem="[^"]+",state="provisioned"\} 1$/m);
  expect(figures).toMatch(/^esimd_charges\{modem="[^"]+"\} 1$/m);
  last.kill("SIGTERM");
  expect((await exited)[0]).toBe(0);

  const ids = [...new Set(fleet.posted.map(({ event }) => event.id))];
  const arrived = ids.map((id) => fleet.posted.find(({ event }) => event.id === id)?.event);
  expect(arrived.map((event) => event?.sequence)).toEqual(ids.map((_id, index) => index + 1));
  expect(arrived.every((event) => event?.dropped === null && event.device === "gw-17")).toBe(true);
  // The first one came again, as the same event.
  expect(fleet.posted.filter(({ event }) => event.sequence === 1).length).toBeGreaterThan(1);
  expect(story.charges()).toBe(1);
}, 240_000);
