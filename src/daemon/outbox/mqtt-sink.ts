import type { Topics } from "../../report/topics.js";
import { errorOfMqtt, MqttFailure } from "./mqtt/connection.js";
import type { MqttLink } from "./mqtt/link.js";
import type { Sink } from "./sink.js";

/** While there is no broker, the link looks for one; a report waits for it, and tries nothing by itself. */
const longestWaitMs = 86_400_000;

/** Each event as a message of QoS 1; the broker's PUBACK says that it has it. */
export function createMqttSink(link: MqttLink, topics: Topics): Sink {
  return {
    name: "mqtt",
    timeoutMs: longestWaitMs,
    link,
    idle: async () => undefined,
    close: () => link.close(),
    deliver: async (event, signal) => {
      const connection = await link.ready(signal);
      try {
        await connection.publish(
          {
            topic: event.kind === "report" ? topics.report(event.modem) : topics.unit(event.station),
            payload: JSON.stringify(event),
            retain: false,
            contentType: "application/json",
          },
          signal,
        );
        return { kind: "delivered" };
      } catch (error) {
        signal.throwIfAborted();
        return {
          kind: "failed",
          error: errorOfMqtt(error),
          lasting: error instanceof MqttFailure && error.isLasting,
        };
      }
    },
  };
}
