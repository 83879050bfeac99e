/**
 * The packets of MQTT 5 (OASIS, 7 March 2019) that a client which only publishes sends and gets, as pure codecs. Nothing is subscribed to,
 * so that nothing but acknowledgements comes.
 */

export interface Will {
  readonly topic: string;
  readonly payload: string;
}

export interface ConnectPacket {
  readonly clientId: string;
  readonly keepAliveSeconds: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly will: Will | undefined;
}

export interface PublishPacket {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly packetId: number;
  readonly contentType: string | undefined;
}

export type Received =
  | {
      readonly kind: "connack";
      readonly reason: number;
      readonly reasonText: string | undefined;
      readonly limits: ServerLimits;
    }
  | {
      readonly kind: "puback";
      readonly packetId: number;
      readonly reason: number;
      readonly reasonText: string | undefined;
    }
  | { readonly kind: "pingresp" }
  | { readonly kind: "disconnect"; readonly reason: number; readonly reasonText: string | undefined };

/** What the broker says that it takes (3.2.2.3); absent: the standard's own default. */
export interface ServerLimits {
  readonly maximumQos: number;
  readonly retainAvailable: boolean;
  readonly maximumPacketBytes: number | undefined;
  readonly keepAliveSeconds: number | undefined;
}

/** Bytes that are no packet of MQTT 5, or one that a publisher cannot get. */
export class MqttProtocolError extends Error {
  override readonly name = "MqttProtocolError";
}

const type = { connect: 1, connack: 2, publish: 3, puback: 4, pingreq: 12, pingresp: 13, disconnect: 14 } as const;
const qos1 = 1;

/** 3.1. The session ends with the connection: what is not acknowledged lies in the outbox, and not in a session. */
export function encodeConnect({ clientId, keepAliveSeconds, username, password, will }: ConnectPacket): Buffer {
  const cleanStart = 0x02;
  const flags =
    cleanStart |
    (will === undefined ? 0 : 0x04 | (qos1 << 3) | 0x20) |
    (password === undefined ? 0 : 0x40) |
    (username === undefined ? 0 : 0x80);
  return packet(type.connect, 0, [
    text("MQTT"),
    Buffer.from([5, flags]),
    uint16(keepAliveSeconds),
    properties([]),
    text(clientId),
    ...(will === undefined ? [] : [properties([]), text(will.topic), binary(will.payload)]),
    ...(username === undefined ? [] : [text(username)]),
    ...(password === undefined ? [] : [binary(password)]),
  ]);
}

/** 3.3, at QoS 1. */
export function encodePublish({ topic, payload, retain, packetId, contentType }: PublishPacket): Buffer {
  const payloadIsText = Buffer.from([0x01, 1]);
  return packet(type.publish, (qos1 << 1) | (retain ? 1 : 0), [
    text(topic),
    uint16(packetId),
    properties([payloadIsText, ...(contentType === undefined ? [] : [Buffer.from([0x03]), text(contentType)])]),
    Buffer.from(payload, "utf8"),
  ]);
}

export function encodePingRequest(): Buffer {
  return packet(type.pingreq, 0, []);
}

/** 3.14, a normal disconnection: the broker forgets the will. */
export function encodeDisconnect(): Buffer {
  return packet(type.disconnect, 0, []);
}

/** An acknowledgement has a few bytes, and words of the broker's. */
const maxPacketBytes = 65_536;

/** Cuts packets out of what comes, however it is cut. @throws MqttProtocolError for what is none; the connection is of no use then. */
export class PacketReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): readonly Received[] {
    this.#rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    const received: Received[] = [];
    for (;;) {
      const length = remainingLength(this.#rest);
      if (length === undefined) return received;
      if (length.value > maxPacketBytes)
        throw new MqttProtocolError(`a packet of ${length.value} bytes, where only acknowledgements are due`);
      const end = 1 + length.bytes + length.value;
      if (this.#rest.length < end) return received;
      const head = this.#rest[0] ?? 0;
      received.push(decode(head, this.#rest.subarray(1 + length.bytes, end)));
      this.#rest = this.#rest.subarray(end);
    }
  }
}

function decode(head: number, body: Buffer): Received {
  const kind = head >> 4;
  if ((head & 0x0f) !== 0) throw new MqttProtocolError(`a packet with the first byte 0x${head.toString(16)}`);
  const fields = new Fields(body);
  switch (kind) {
    case type.connack: {
      // The flag "session present": there is none, since none was kept (3.2.2.1.1).
      if (fields.uint8() !== 0) throw new MqttProtocolError("a CONNACK with a session that nobody asked for");
      const reason = fields.uint8();
      const found = fields.properties();
      fields.end("CONNACK");
      return { kind: "connack", reason, reasonText: found.reasonText, limits: found };
    }
    case type.puback: {
      const packetId = fields.uint16();
      const told = fields.reason();
      fields.end("PUBACK");
      return { kind: "puback", packetId, ...told };
    }
    case type.pingresp:
      fields.end("PINGRESP");
      return { kind: "pingresp" };
    case type.disconnect: {
      const told = fields.reason();
      fields.end("DISCONNECT");
      return { kind: "disconnect", ...told };
    }
    default:
      throw new MqttProtocolError(`a packet of type ${kind}, which no publisher gets`);
  }
}

interface Properties extends ServerLimits {
  readonly reasonText: string | undefined;
}

/** The fields of a packet, read from its front. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  uint8(): number {
    return this.#take(1)[0] ?? 0;
  }

  uint16(): number {
    return this.#take(2).readUInt16BE(0);
  }

  /** A reason and properties, which may both be left out (3.4.2.1, 3.14.2.1). */
  reason(): { readonly reason: number; readonly reasonText: string | undefined } {
    if (this.#left === 0) return { reason: 0, reasonText: undefined };
    const reason = this.uint8();
    return { reason, reasonText: this.#left === 0 ? undefined : this.properties().reasonText };
  }

  /** 2.2.2.2. Those that are nothing to a publisher are passed over. */
  properties(): Properties {
    const length = remainingLength(Buffer.concat([Buffer.of(0), this.#bytes.subarray(this.#at)]));
    if (length === undefined) throw new MqttProtocolError("a packet that ends within its properties");
    this.#take(length.bytes);
    const inner = new Fields(this.#take(length.value));
    let found: Properties = {
      maximumQos: 2,
      retainAvailable: true,
      maximumPacketBytes: undefined,
      keepAliveSeconds: undefined,
      reasonText: undefined,
    };
    while (inner.#left > 0) found = { ...found, ...inner.#property() };
    return found;
  }

  end(name: string): void {
    if (this.#left > 0) throw new MqttProtocolError(`a ${name} with ${this.#left} bytes too many`);
  }

  #property(): Partial<Properties> {
    const id = this.uint8();
    switch (id) {
      case 0x1f:
        return { reasonText: this.#text() };
      case 0x24:
        return { maximumQos: this.uint8() };
      case 0x25:
        return { retainAvailable: this.uint8() !== 0 };
      case 0x27:
        return { maximumPacketBytes: this.#take(4).readUInt32BE(0) };
      case 0x13:
        return { keepAliveSeconds: this.uint16() };
      // Of one byte: wildcards, subscription identifiers, shared subscriptions.
      case 0x28:
      case 0x29:
      case 0x2a:
        this.#take(1);
        return {};
      // Of two: receive maximum, topic alias maximum.
      case 0x21:
      case 0x22:
        this.#take(2);
        return {};
      // Session expiry.
      case 0x11:
        this.#take(4);
        return {};
      // Texts and bytes: assigned client id, response information, server reference, authentication.
      case 0x12:
      case 0x1a:
      case 0x1c:
      case 0x15:
      case 0x16:
        this.#take(this.uint16());
        return {};
      // A pair of texts of the broker's own.
      case 0x26:
        this.#take(this.uint16());
        this.#take(this.uint16());
        return {};
      default:
        throw new MqttProtocolError(`a property 0x${id.toString(16)}, which MQTT 5 does not have here`);
    }
  }

  /** The broker's words, for a sentence: no control characters, bounded. */
  #text(): string {
    return this.#take(this.uint16())
      .toString("utf8")
      .replace(/\p{Cc}+/gu, " ")
      .slice(0, 200);
  }

  #take(count: number): Buffer {
    if (this.#left < count) throw new MqttProtocolError("a packet that ends too early");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  get #left(): number {
    return this.#bytes.length - this.#at;
  }
}

/** The length behind the first byte (1.5.5); undefined while it is not all there. */
function remainingLength(bytes: Buffer): { readonly value: number; readonly bytes: number } | undefined {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[1 + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 128 ** i;
    if ((byte & 0x80) === 0) return { value, bytes: i + 1 };
  }
  throw new MqttProtocolError("a length of more than four bytes");
}

function packet(kind: number, flags: number, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([(kind << 4) | flags]), variableInteger(body.length), body]);
}

function variableInteger(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  do {
    const low = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left > 0 ? low | 0x80 : low);
  } while (left > 0);
  return Buffer.from(bytes);
}

function properties(parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([variableInteger(body.length), body]);
}

function text(value: string): Buffer {
  return binary(value);
}

function binary(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([uint16(bytes.length), bytes]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
