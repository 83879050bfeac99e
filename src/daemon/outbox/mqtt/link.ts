import type { Socket } from "node:net";
import { type BackoffPolicy, backoffMs } from "../../../base/backoff.js";
import { type Clock, sleep } from "../../../base/clock.js";
import type { Log } from "../../../base/logging.js";
import type { Random } from "../../../base/random.js";
import { errorOfMqtt, MqttConnection, MqttFailure } from "./connection.js";

/**
 * The broker for as long as the daemon lives: connects, says that the device is there, keeps the retained topics as they should be, and
 * connects again by back-off.
 */

export interface MqttLinkParts {
  /** @throws MqttFailure, EsimdError for files that cannot be read, or the signal's reason. */
  readonly dial: (signal: AbortSignal) => Promise<Socket>;
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly keepAliveMs: number;
  /** The topic that says whether the device is there; undefined for who comes for a moment, and says nothing of that. */
  readonly availability: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What is on a retained topic; undefined: nothing any more. Asked when it is sent, so that it is never old. */
export type Retained = () => string | undefined;

const passing: BackoffPolicy = { firstMs: 2_000, maxMs: 300_000 };
const lasting: BackoffPolicy = { firstMs: 60_000, maxMs: 3_600_000 };
/** One that held for so long was well. Two clients with one id push each other off, and must not do so without a pause. */
const heldMs = 60_000;

export class MqttLink {
  readonly #parts: MqttLinkParts;
  readonly #ended = new AbortController();
  readonly #retained = new Map<string, Retained>();
  readonly #stale = new Set<string>();
  readonly #waiters = new Set<(connection: MqttConnection) => void>();
  readonly #life: Promise<void>;
  #connection: MqttConnection | undefined;
  #failures = 0;
  #attempt = 0;
  #isFlushing = false;

  constructor(parts: MqttLinkParts) {
    this.#parts = parts;
    this.#life = this.#live(this.#ended.signal);
  }

  get isUp(): boolean {
    return this.#connection !== undefined;
  }

  /** Tries that failed. */
  get failures(): number {
    return this.#failures;
  }

  /** The connection, as soon as there is one. Rejects only with the signal's reason. */
  ready(signal: AbortSignal): Promise<MqttConnection> {
    if (this.#connection !== undefined) return Promise.resolve(this.#connection);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.delete(waiter);
        reject(signal.reason);
      };
      const waiter = (connection: MqttConnection): void => {
        signal.removeEventListener("abort", onAbort);
        resolve(connection);
      };
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      this.#waiters.add(waiter);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Says that a retained topic changed. */
  retain(topic: string, payload: Retained): void {
    this.#retained.set(topic, payload);
    this.#stale.add(topic);
    void this.#flush();
  }

  /** Says that the device goes, and closes. */
  async close(): Promise<void> {
    const connection = this.#connection;
    this.#ended.abort(new MqttFailure("esimd ends"));
    if (connection !== undefined) {
      const { clock } = this.#parts;
      const late = new AbortController();
      const cancel = clock.setTimer(2000, () => late.abort(new MqttFailure("the broker is slow")));
      try {
        await this.#say("offline", connection, late.signal);
        await connection.end();
      } catch {
        // Then the broker says it by the will.
        connection.destroy("esimd ends");
      } finally {
        cancel();
      }
    }
    await this.#life;
  }

  async #live(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#parts;
    while (!signal.aborted) {
      let failure: unknown;
      let heldForMs = 0;
      try {
        const connection = await this.#connect(signal);
        const sinceMs = clock.monotonicMs();
        if (this.#attempt > 0) log.info({ tries: this.#attempt }, "the broker is there again");
        this.#arrive(connection);
        failure = await connection.closed;
        heldForMs = clock.monotonicMs() - sinceMs;
      } catch (error) {
        failure = error;
      } finally {
        this.#connection = undefined;
      }
      if (signal.aborted) return;
      if (heldForMs >= heldMs) this.#attempt = 0;
      this.#failures++;
      this.#attempt++;
      const error = errorOfMqtt(failure);
      const isLasting = error.code === "report_refused";
      const pauseMs = Math.round(backoffMs(isLasting ? lasting : passing, this.#attempt, random));
      const facts = { error, tries: this.#attempt, pauseMs };
      if (isLasting) log.error({ ...facts, next: error.hint }, "the broker refuses this device");
      else if (this.#attempt === 1) log.warn(facts, "there is no broker; reports for it wait");
      else log.debug(facts, "there is still no broker");
      await sleep(clock, pauseMs, signal).catch(() => undefined);
    }
  }

  async #connect(signal: AbortSignal): Promise<MqttConnection> {
    const { dial, clock, clientId, username, password, keepAliveMs, availability } = this.#parts;
    const socket = await dial(signal);
    const connection = await MqttConnection.open(
      socket,
      {
        clientId,
        username,
        password,
        keepAliveSeconds: Math.min(65_535, Math.round(keepAliveMs / 1000)),
        will: availability === undefined ? undefined : { topic: availability, payload: "offline" },
      },
      clock,
      signal,
    );
    try {
      await this.#say("online", connection, signal);
      return connection;
    } catch (error) {
      connection.destroy("the broker took no first word");
      throw error;
    }
  }

  async #say(payload: "online" | "offline", connection: MqttConnection, signal: AbortSignal): Promise<void> {
    const { availability: topic } = this.#parts;
    if (topic !== undefined) await connection.publish({ topic, payload, retain: true }, signal);
  }

  #arrive(connection: MqttConnection): void {
    this.#connection = connection;
    // A broker that was started anew may have forgotten everything.
    for (const topic of this.#retained.keys()) this.#stale.add(topic);
    void this.#flush();
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter(connection);
  }

  /** Sends what is stale, one after the other, each as it is by then. */
  async #flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      for (;;) {
        // Whoever tells of a change may not have finished making it.
        await Promise.resolve();
        const connection = this.#connection;
        const [topic] = this.#stale;
        if (connection === undefined || topic === undefined) return;
        this.#stale.delete(topic);
        const payload = this.#retained.get(topic)?.();
        // An empty message takes what is retained away (3.3.1.3).
        await connection.publish(
          { topic, payload: payload ?? "", retain: true, contentType: "application/json" },
          this.#ended.signal,
        );
        if (payload === undefined && !this.#stale.has(topic)) this.#retained.delete(topic);
      }
    } catch (error) {
      // It is sent with the next connection, which makes everything stale.
      if (!this.#ended.signal.aborted)
        this.#parts.log.debug({ error: errorOfMqtt(error) }, "a state could not be sent to the broker");
    } finally {
      this.#isFlushing = false;
    }
  }
}
