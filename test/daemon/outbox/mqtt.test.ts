import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.js";
import { silentLog } from "../../../src/base/logging.js";
import { seededRandom } from "../../../src/base/random.js";
import { nodeFileSystem } from "../../../src/daemon/config/files.js";
import { loadConfig } from "../../../src/daemon/config/load.js";
import { createSinks, type Teller } from "../../../src/daemon/outbox/create-sinks.js";
import { dial } from "../../../src/daemon/outbox/mqtt/dial.js";
import { MqttLink } from "../../../src/daemon/outbox/mqtt/link.js";
import { createMqttSink } from "../../../src/daemon/outbox/mqtt-sink.js";
import { readTlsMaterial } from "../../../src/daemon/outbox/tls-material.js";
import { eventFor, eventSchema, type ReportEvent } from "../../../src/report/event.js";
import { topicsOf } from "../../../src/report/topics.js";
import { ended, label, voided } from "../../station/records/entries.js";
import { until } from "../../stories/conditions.js";
import { aReport } from "./a-report.js";
import { Broker, type BrokerOptions, hasMosquitto } from "./mosquitto.js";

/** Against a real mosquitto. */

const topics = topicsOf("esimd", "gw-17");
const never = new AbortController().signal;
const waitMs = 60_000;

function anEvent(sequence: number): ReportEvent {
  return eventFor(
    {
      schema: "esimd.event/1",
      id: `11111111-1111-4111-8111-${String(sequence).padStart(12, "0")}`,
      kind: "report",
      device: "gw-17",
      modem: "modem0",
      stream: "22222222-2222-4222-8222-222222222222",
      sequence,
      at: "2026-01-01T00:00:00.000Z",
      report: aReport(Date.UTC(2026, 0, 1)),
    },
    null,
  );
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function brokerOf(options: BrokerOptions = {}): Promise<Broker> {
  const broker = await Broker.start(options);
  closers.push(() => broker.close());
  return broker;
}

interface LinkOptions {
  readonly login?: { readonly username: string; readonly password: string };
  readonly ca?: string;
  readonly client?: true;
  /** In place of a process that dies: the link is left as it is, and its socket goes. */
  readonly keep?: true;
}

function linkTo(broker: Broker, { login, ca, client, keep }: LinkOptions = {}): MqttLink {
  const tls = {
    caFile: ca,
    certFile: client === undefined ? undefined : broker.file("client.pem"),
    keyFile: client === undefined ? undefined : broker.file("client.key"),
  };
  const link = new MqttLink({
    dial: async (signal) => dial(broker.url, readTlsMaterial("mqtt", tls, {}, nodeFileSystem), systemClock, signal),
    clientId: "esimd-gw-17",
    username: login?.username,
    password: login?.password,
    keepAliveMs: 5000,
    availability: topics.availability,
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
  });
  if (keep === undefined) closers.push(() => link.close());
  return link;
}

describe.skipIf(!hasMosquitto)(
  "MQTT 5 at a real mosquitto (skipped where mosquitto and mosquitto-clients are not installed)",
  () => {
    it("has room for a process for each modem and for a command beside the daemon: none throws another out", async () => {
      const broker = await brokerOf();
      const heard = await broker.listen("esimd/+/#");
      const { config } = loadConfig({
        env: {},
        defaultFile: "/none",
        defaults: { "mqtt.url": broker.url, "outbox.device": "gw-17" },
      });
      const parts = { config, env: {}, clock: systemClock, random: seededRandom(1), log: silentLog };
      const tellers: readonly Teller[] = [
        { kind: "daemon" },
        { kind: "modem", name: "north" },
        { kind: "modem", name: "south" },
        { kind: "command" },
      ];
      const links: MqttLink[] = [];
      for (const [index, as] of tellers.entries()) {
        const { mqtt, sinks } = await createSinks({ ...parts, as });
        if (mqtt === undefined || sinks[0] === undefined) throw new Error("no broker is configured");
        links.push(mqtt.link);
        if (as.kind !== "command") closers.push(() => mqtt.link.close());
        expect(await sinks[0].deliver(anEvent(index + 1), never)).toEqual({ kind: "delivered" });
      }
      expect(links.map(({ isUp, failures }) => ({ isUp, failures }))).toEqual(
        links.map(() => ({ isUp: true, failures: 0 })),
      );
      // The command is done, and the device is there all the same.
      await links.at(-1)?.close();
      await links[0]?.close();
      await until(() => heard.some(({ payload }) => payload === "offline"), "the daemon's goodbye", waitMs);
      expect(
        heard.filter(({ topic }) => topic.endsWith("availability")).map(({ topic, payload }) => [topic, payload]),
      ).toEqual([
        ["esimd/gw-17/availability", "online"],
        ["esimd/gw-17/modems/north/availability", "online"],
        ["esimd/gw-17/modems/south/availability", "online"],
        ["esimd/gw-17/availability", "offline"],
      ]);
    });

    it("delivers what a factory station recorded of its units on a topic of that station", async () => {
      const broker = await brokerOf();
      const heard = await broker.listen("esimd/+/stations/+/unit");
      const link = linkTo(broker);
      const sink = createMqttSink(link, topics);
      const { schema, id, device, stream, at } = anEvent(1);
      const common = { schema, id, device, stream, at, kind: "unit", station: "line 1/north" } as const;
      const events = [ended(1), label(1), voided(1)].map((entry, index) =>
        eventFor({ ...common, sequence: index + 1, entry }, null),
      );
      for (const event of events) expect(await sink.deliver(event, never)).toEqual({ kind: "delivered" });
      await until(() => heard.length === 3, "the units", waitMs);
      expect(new Set(heard.map(({ topic }) => topic))).toEqual(new Set(["esimd/gw-17/stations/line_1_north/unit"]));
      expect(heard.map(({ payload }) => eventSchema.parse(JSON.parse(payload)))).toEqual(events);
    });

    it("delivers reports in order, retains the state, says that it is there, and says goodbye", async () => {
      const broker = await brokerOf();
      const heard = await broker.listen("esimd/#");
      const link = linkTo(broker, { keep: true });
      const sink = createMqttSink(link, topics);
      let state = "connecting";
      link.retain(topics.state("modem0"), () => state);
      state = "provisioned";
      for (const sequence of [1, 2, 3])
        expect(await sink.deliver(anEvent(sequence), never)).toEqual({ kind: "delivered" });
      await until(
        () => heard.filter(({ topic }) => topic === topics.report("modem0")).length === 3,
        "the reports",
        waitMs,
      );
      const reports = heard.filter(({ topic }) => topic === topics.report("modem0"));
      expect(reports.map(({ payload }) => JSON.parse(payload).sequence)).toEqual([1, 2, 3]);
      expect(JSON.parse(reports[0]?.payload ?? "")).toEqual(anEvent(1));

      // Who comes later gets what is retained, and the reports not again.
      const late = await broker.listen("esimd/#");
      await until(() => late.length >= 2, "what is retained", waitMs);
      expect(late.map(({ topic, payload, retained }) => [topic, payload, retained]).sort()).toEqual([
        [topics.availability, "online", true],
        [topics.state("modem0"), "provisioned", true],
      ]);

      // A modem that is served no more has no state.
      link.retain(topics.state("modem0"), () => undefined);
      await until(
        () => late.some(({ topic, payload }) => topic === topics.state("modem0") && payload === ""),
        "the end",
        waitMs,
      );
      await sink.close();
      await until(() => heard.at(-1)?.payload === "offline", "the goodbye", waitMs);
      const last = await broker.listen("esimd/#");
      await until(() => last.length >= 1, "what is retained in the end", waitMs);
      expect(last).toEqual([{ topic: topics.availability, payload: "offline", retained: true }]);
    });

    it("goes on where it was when the broker is killed and comes back without its memory", async () => {
      const broker = await brokerOf();
      const link = linkTo(broker);
      const sink = createMqttSink(link, topics);
      link.retain(topics.state("modem0"), () => "resting");
      expect(await sink.deliver(anEvent(1), never)).toEqual({ kind: "delivered" });
      await broker.kill();
      await until(() => !link.isUp, "the loss", waitMs);
      const waiting = sink.deliver(anEvent(2), never);
      await broker.up();
      const heard = await broker.listen("esimd/#");
      expect(await waiting).toEqual({ kind: "delivered" });
      await until(() => heard.length >= 3, "all of it", waitMs);
      const has = (topic: string, payload: string): boolean =>
        heard.some((one) => one.topic === topic && one.payload === payload);
      expect(has(topics.availability, "online")).toBe(true);
      expect(has(topics.state("modem0"), "resting")).toBe(true);
      expect(
        heard
          .filter(({ topic }) => topic === topics.report("modem0"))
          .map(({ payload }) => JSON.parse(payload).sequence),
      ).toEqual([2]);
      expect(link.failures).toBeGreaterThan(0);
    });

    it("lives by its pings where nothing else passes, and the broker says offline when it dies without a word", async () => {
      const broker = await brokerOf();
      const heard = await broker.listen(topics.availability);
      const link = linkTo(broker);
      const connection = await link.ready(never);
      // Past one and a half keep alives, at which the broker would end it.
      const sinceMs = systemClock.monotonicMs();
      await until(() => systemClock.monotonicMs() - sinceMs > 8500, "the time", waitMs);
      expect(heard.map(({ payload }) => payload)).toEqual(["online"]);
      connection.destroy("as a process that dies");
      await until(() => heard.some(({ payload }) => payload === "offline"), "the will", waitMs);
      await until(() => heard.at(-1)?.payload === "online", "the next connection", waitMs);
    });

    it("gives name and password; with a wrong one it is refused, and says why", async () => {
      const login = { username: "gw", password: "a long password" };
      const broker = await brokerOf({ login });
      expect(await createMqttSink(linkTo(broker, { login }), topics).deliver(anEvent(1), never)).toEqual({
        kind: "delivered",
      });
      const wrong = linkTo(broker, { login: { username: "gw", password: "a wrong password" } });
      await until(() => wrong.failures > 0, "the refusal", waitMs);
      expect(wrong.isUp).toBe(false);
    });

    it("trusts a broker by the roots it was given, and by no others", async () => {
      const broker = await brokerOf({ tls: "server" });
      const trusting = createMqttSink(linkTo(broker, { ca: broker.file("ca.pem") }), topics);
      expect(await trusting.deliver(anEvent(1), never)).toEqual({ kind: "delivered" });
      const web = linkTo(broker);
      await until(() => web.failures > 0, "the refusal", waitMs);
      expect(web.isUp).toBe(false);
    });

    it("shows a client certificate where the broker wants one, and is refused without", async () => {
      const broker = await brokerOf({ tls: "client-certificates" });
      const ca = broker.file("ca.pem");
      expect(await createMqttSink(linkTo(broker, { ca, client: true }), topics).deliver(anEvent(1), never)).toEqual({
        kind: "delivered",
      });
      const bare = linkTo(broker, { ca });
      await until(() => bare.failures > 0, "the refusal", waitMs);
      expect(bare.isUp).toBe(false);
    });

    it("that takes smaller messages only refuses the report, and is not asked for ever", async () => {
      const broker = await brokerOf({ more: ["max_packet_size 600"] });
      const delivery = await createMqttSink(linkTo(broker), topics).deliver(anEvent(1), never);
      expect(delivery).toMatchObject({ kind: "failed", lasting: true, error: { code: "report_refused" } });
    });
  },
);
