/** The reason codes of MQTT 5 (2.4) as a sentence says them. Pure. */

const names: Readonly<Record<number, string>> = {
  0: "normal disconnection",
  128: "unspecified error",
  129: "malformed packet",
  130: "protocol error",
  131: "implementation specific error",
  132: "unsupported protocol version: the broker does not speak MQTT 5",
  133: "client identifier not valid",
  134: "bad user name or password",
  135: "not authorized",
  136: "server unavailable",
  137: "server busy",
  138: "banned",
  139: "server shutting down",
  140: "bad authentication method",
  141: "keep alive timeout",
  142: "session taken over: another client has the same client id",
  143: "topic filter invalid",
  144: "topic name invalid",
  147: "receive maximum exceeded",
  149: "packet too large",
  150: "message rate too high",
  151: "quota exceeded",
  152: "administrative action",
  153: "payload format invalid",
  154: "retain not supported",
  155: "QoS not supported",
  156: "use another server",
  157: "server moved",
  159: "connection rate exceeded",
};

/** What stays so until somebody changes the broker or the configuration. */
const lasting: ReadonlySet<number> = new Set([132, 133, 134, 135, 138, 140, 144, 149, 153, 154, 155, 156, 157]);

export function reasonSentence(reason: number, text: string | undefined): string {
  const name = names[reason] ?? "an unknown reason";
  return `${name} (0x${reason.toString(16)})${text === undefined || text === "" ? "" : `: ${text}`}`;
}

export function isLastingReason(reason: number): boolean {
  return lasting.has(reason);
}
