import type { Socket } from "node:net";
import type { CancelTimer, Clock } from "../../../base/clock.js";
import { formatMs, withDeadline } from "../../../base/deadline.js";
import { describeCause, EsimdError } from "../../../base/errors.js";
import {
  type ConnectPacket,
  encodeConnect,
  encodeDisconnect,
  encodePingRequest,
  encodePublish,
  PacketReader,
  type Received,
  type ServerLimits,
} from "./packets.js";
import { isLastingReason, reasonSentence } from "./reasons.js";

/** Why a connection to a broker, or one message on it, came to nothing. */
export class MqttFailure extends Error {
  override readonly name = "MqttFailure";
  /** It stays so until somebody changes the broker or the configuration. */
  readonly isLasting: boolean;

  constructor(message: string, isLasting = false, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.isLasting = isLasting;
  }
}

export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly contentType?: string;
}

const answerMs = 20_000;
/** A ping goes before the broker could miss it. */
const pingShare = 0.9;
const longestPacketId = 65_535;

/**
 * One connection to an MQTT 5 broker, from CONNECT to its end. One message is on its way at a time, so that they arrive in order and no
 * broker's receive maximum is passed.
 */
export class MqttConnection {
  /** Resolves, with why, when it is over. */
  readonly closed: Promise<MqttFailure>;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #reader = new PacketReader();
  readonly #acks = new Map<number, (ack: Extract<Received, { kind: "puback" }>) => void>();
  #limits: ServerLimits = {
    maximumQos: 2,
    retainAvailable: true,
    maximumPacketBytes: undefined,
    keepAliveSeconds: undefined,
  };
  #onConnack: ((packet: Extract<Received, { kind: "connack" }>) => void) | undefined;
  #end: (failure: MqttFailure) => void = () => undefined;
  #failure: MqttFailure | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #packetId = 0;
  #pingMs = 0;
  #cancelPing: CancelTimer = () => undefined;

  /** Resolves when the broker took the CONNECT. @throws MqttFailure, or the signal's reason. */
  static async open(socket: Socket, packet: ConnectPacket, clock: Clock, signal: AbortSignal): Promise<MqttConnection> {
    const connection = new MqttConnection(socket, clock);
    try {
      await connection.#connect(packet, signal);
      return connection;
    } catch (error) {
      connection.#fail(error instanceof MqttFailure ? error : new MqttFailure(describeCause(error), false, error));
      throw signal.aborted ? signal.reason : (connection.#failure ?? error);
    }
  }

  private constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", (error) =>
      this.#fail(new MqttFailure(`the connection broke: ${describeCause(error)}`, false, error)),
    );
    socket.on("close", () => this.#fail(new MqttFailure("the broker closed the connection")));
  }

  /** Resolves when the broker acknowledged it. @throws MqttFailure, or the signal's reason. */
  publish(message: Message, signal: AbortSignal): Promise<void> {
    const sent = this.#queue.then(() => this.#publish(message, signal));
    this.#queue = sent.catch(() => undefined);
    return sent;
  }

  /** Says goodbye, so that the broker forgets the will. */
  async end(): Promise<void> {
    if (this.#failure !== undefined) return;
    this.#socket.end(encodeDisconnect());
    try {
      await withDeadline({ clock: this.#clock, timeoutMs: 1000, what: "the broker's goodbye" }, () => this.closed);
    } catch {
      this.#fail(new MqttFailure("the connection was closed"));
    }
  }

  /** As a process that dies leaves it. */
  destroy(why: string): void {
    this.#fail(new MqttFailure(why));
  }

  async #connect(packet: ConnectPacket, signal: AbortSignal): Promise<void> {
    const answered = new Promise<Extract<Received, { kind: "connack" }>>((resolve) => {
      this.#onConnack = resolve;
    });
    this.#socket.write(encodeConnect(packet));
    const bound = { clock: this.#clock, timeoutMs: answerMs, signal, what: "the broker's CONNACK" };
    const { reason, reasonText, limits } = await withDeadline(bound, () => this.#orEnd(answered));
    if (reason >= 0x80)
      throw new MqttFailure(
        `the broker refuses the connection: ${reasonSentence(reason, reasonText)}`,
        isLastingReason(reason),
      );
    if (limits.maximumQos < 1) throw new MqttFailure("the broker takes no messages of QoS 1", true);
    if (!limits.retainAvailable) throw new MqttFailure("the broker retains no messages", true);
    this.#limits = limits;
    this.#pingMs = Math.round((limits.keepAliveSeconds ?? packet.keepAliveSeconds) * 1000 * pingShare);
    this.#keepAlive();
  }

  async #publish(message: Message, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    this.#packetId = (this.#packetId % longestPacketId) + 1;
    const packetId = this.#packetId;
    const bytes = encodePublish({ ...message, packetId, contentType: message.contentType });
    const { maximumPacketBytes } = this.#limits;
    if (maximumPacketBytes !== undefined && bytes.length > maximumPacketBytes)
      throw new MqttFailure(`a message of ${bytes.length} bytes; the broker takes ${maximumPacketBytes}`, true);
    const acknowledged = new Promise<Extract<Received, { kind: "puback" }>>((resolve) => {
      this.#acks.set(packetId, resolve);
    });
    this.#send(bytes);
    let ack: Extract<Received, { kind: "puback" }>;
    try {
      const bound = { clock: this.#clock, timeoutMs: answerMs, signal, what: "the broker's PUBACK" };
      ack = await withDeadline(bound, () => this.#orEnd(acknowledged));
    } catch (error) {
      if (error instanceof MqttFailure || signal.aborted) throw error;
      // What it answers later could be taken for another's.
      this.#fail(new MqttFailure(`the broker acknowledged nothing within ${formatMs(answerMs)}`));
      throw this.#failure ?? error;
    } finally {
      this.#acks.delete(packetId);
    }
    if (ack.reason >= 0x80)
      throw new MqttFailure(
        `the broker refuses a message on ${message.topic}: ${reasonSentence(ack.reason, ack.reasonText)}`,
        isLastingReason(ack.reason),
      );
  }

  #orEnd<T>(work: Promise<T>): Promise<T> {
    return Promise.race([
      work,
      this.closed.then((failure): never => {
        throw failure;
      }),
    ]);
  }

  #send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
    this.#keepAlive();
  }

  /** After a while without a word of ours a ping; without an answer to that the connection is dead, whatever TCP says. */
  #keepAlive(): void {
    this.#cancelPing();
    if (this.#pingMs === 0 || this.#failure !== undefined) return;
    this.#cancelPing = this.#clock.setTimer(this.#pingMs, () => {
      this.#socket.write(encodePingRequest());
      this.#cancelPing = this.#clock.setTimer(answerMs, () =>
        this.#fail(new MqttFailure(`the broker answered no ping within ${formatMs(answerMs)}`)),
      );
    });
  }

  #take(chunk: Buffer): void {
    try {
      for (const packet of this.#reader.push(chunk)) this.#receive(packet);
    } catch (error) {
      this.#fail(new MqttFailure(`the broker sends what is not MQTT 5: ${describeCause(error)}`, false, error));
    }
  }

  #receive(packet: Received): void {
    switch (packet.kind) {
      case "connack":
        this.#onConnack?.(packet);
        this.#onConnack = undefined;
        return;
      case "puback":
        this.#acks.get(packet.packetId)?.(packet);
        return;
      case "pingresp":
        this.#keepAlive();
        return;
      case "disconnect":
        this.#fail(
          new MqttFailure(
            `the broker ended the connection: ${reasonSentence(packet.reason, packet.reasonText)}`,
            isLastingReason(packet.reason),
          ),
        );
    }
  }

  #fail(failure: MqttFailure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#cancelPing();
    this.#socket.destroy();
    this.#end(failure);
  }
}

/** The error that tells of a failure. */
export function errorOfMqtt(failure: unknown): EsimdError {
  const isLasting = failure instanceof MqttFailure && failure.isLasting;
  const sentence = describeCause(failure);
  return new EsimdError(isLasting ? "report_refused" : "report_undelivered", `mqtt: ${sentence}`, { cause: failure });
}
