import type { OpenHttpTransport } from "../../api/transport.js";
import type { Clock } from "../../base/clock.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import { version } from "../../base/version.js";
import { type Topics, topicLevel, topicsOf } from "../../report/topics.js";
import type { Config } from "../config/config.js";
import { nodeFileSystem } from "../config/files.js";
import { deviceName } from "./device-name.js";
import { createHook } from "./hook.js";
import type { MqttLink } from "./mqtt/link.js";
import type { Sink } from "./sink.js";
import { readTlsMaterial } from "./tls-material.js";
import { createWebhook } from "./webhook.js";

export interface SinkParts {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly openTransport?: OpenHttpTransport | undefined;
  readonly as: Teller;
}

/** Who tells: a broker throws one of two clients out that have one name, and a device is not gone because a command has ended. */
export type Teller =
  | { readonly kind: "daemon" }
  /** The daemon of one modem (`--modem`), beside those of others. */
  | { readonly kind: "modem"; readonly name: string }
  | { readonly kind: "command" };

export interface CreatedSinks {
  readonly sinks: readonly Sink[];
  /** Where the modems' states go, too. */
  readonly mqtt: { readonly link: MqttLink; readonly topics: Topics; readonly device: string } | undefined;
}

/** The sinks of a configuration. None of them has sent anything yet, but a link to a broker is being made. */
export async function createSinks(parts: SinkParts): Promise<CreatedSinks> {
  const { config, env, clock, log, openTransport } = parts;
  const { webhook, hook } = config;
  const mqtt = await createMqtt(parts);
  return {
    mqtt,
    sinks: [
      ...(webhook.url === undefined
        ? []
        : [
            createWebhook({
              url: webhook.url,
              secret: webhook.secret,
              tls: () => readTlsMaterial("webhook", webhook.tls, env, nodeFileSystem),
              timeoutMs: webhook.timeoutMs,
              version: version(),
              clock,
              openTransport,
            }),
          ]),
      ...(mqtt === undefined ? [] : [mqtt.sink]),
      ...(hook.command === undefined
        ? []
        : [createHook({ command: hook.command, timeoutMs: hook.timeoutMs, clock, log, env })]),
    ],
  };
}

const suffixes = { daemon: "", modem: "-", command: "-once" } as const;

async function createMqtt({ config, env, clock, random, log, as }: SinkParts) {
  const { url, prefix, clientId, username, password, tls, keepAliveMs } = config.mqtt;
  if (url === undefined) return undefined;
  // Loaded where there is a broker only: a daemon without one stays as small as it was.
  const [{ MqttLink }, { dial }, { createMqttSink }] = await Promise.all([
    import("./mqtt/link.js"),
    import("./mqtt/dial.js"),
    import("./mqtt-sink.js"),
  ]);
  const device = deviceName(config.outbox.device);
  const topics = topicsOf(prefix, device);
  const link = new MqttLink({
    dial: async (signal) => dial(url, readTlsMaterial("mqtt", tls, env, nodeFileSystem), clock, signal),
    clientId: `${clientId ?? `esimd-${device}`}${suffixes[as.kind]}${as.kind === "modem" ? topicLevel(as.name) : ""}`,
    username,
    password,
    keepAliveMs,
    availability:
      as.kind === "daemon" ? topics.availability : as.kind === "modem" ? topics.availabilityOf(as.name) : undefined,
    clock,
    random,
    log,
  });
  return { link, topics, device, sink: createMqttSink(link, topics) };
}
