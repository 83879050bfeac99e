import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, it } from "vitest";
import { reportEventSchema } from "../../src/report/event.js";
import { modemStateSchema, topicsOf } from "../../src/report/topics.js";
import { Broker, hasMosquitto } from "../daemon/outbox/mosquitto.js";
import { configured, until } from "./conditions.js";
import { builtProgram, type Field, startField } from "./field.js";

/** The real daemon and a real broker. */

const topics = topicsOf("fleet/esimd", "gw-17");
const waitMs = 60_000;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(field: Field, words: readonly string[]) {
  const child = spawn(process.execPath, [builtProgram, "run", "--port", field.world.port, "--lpa", "modem", ...words], {
    env: { PATH: process.env["PATH"], ...field.env, ESIMD_MQTT_PASSWORD: "a-long-password" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  closers.push(async () => {
    child.kill("SIGKILL");
  });
  return child;
}

it.skipIf(!hasMosquitto)(
  "a broker sees a device come, work, report, die without a word, and go in good order (skipped where mosquitto is not installed)",
  async () => {
    const login = { username: "gw-17", password: "a-long-password" };
    const broker = await Broker.start({ tls: "server", login });
    closers.push(() => broker.close());
    const field = await startField({ lpa: "modem" });
    closers.push(() => field.close());
    const words = await configured(field, {
      outbox: { device: "gw-17" },
      mqtt: { url: broker.url, prefix: "fleet/esimd", username: "gw-17", ca_file: broker.file("ca.pem") },
    });
    const heard = await broker.listen("fleet/esimd/#");
    const availability = (): readonly string[] =>
      heard.filter(({ topic }) => topic === topics.availability).map(({ payload }) => payload);

    const first = await start(field, words);
    await until(() => heard.some(({ topic }) => topic.endsWith("/report")), "the report", waitMs);
    const report = heard.find(({ topic }) => topic.endsWith("/report"));
    const event = reportEventSchema.parse(JSON.parse(report?.payload ?? ""));
    expect(event).toMatchObject({ device: "gw-17", sequence: 1, dropped: null, report: { state: "provisioned" } });
    expect(report?.topic).toBe(topics.report(event.modem));
    const states = (): readonly string[] =>
      heard
        .filter(({ topic, payload }) => topic === topics.state(event.modem) && payload !== "")
        .map(({ payload }) => modemStateSchema.parse(JSON.parse(payload)))
        .map(({ activity, state }) => `${activity} ${state}`);
    await until(() => states().at(-1) === "resting provisioned", "the rest", waitMs);
    expect(states().some((state) => state.startsWith("running "))).toBe(true);

    const exited = once(first, "exit");
    first.kill("SIGKILL");
    await exited;
    await until(() => availability().at(-1) === "offline", "the last will", waitMs);
    expect(availability()).toEqual(["online", "offline"]);

    const second = await start(field, words);
    await until(() => heard.filter(({ topic }) => topic.endsWith("/report")).length === 2, "the second report", waitMs);
    const ended = once(second, "exit");
    second.kill("SIGTERM");
    expect((await ended)[0]).toBe(0);
    await until(() => availability().length === 4, "the goodbye", waitMs);
    expect(availability()).toEqual(["online", "offline", "online", "offline"]);
  },
  240_000,
);
