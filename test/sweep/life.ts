import type { HttpAnswer, HttpFailure, OpenHttpTransport } from "../../src/api/transport.js";
import type { CancelTimer, Clock } from "../../src/base/clock.js";
import { withDeadline } from "../../src/base/deadline.js";
import { EsimdError, toEsimdError } from "../../src/base/errors.js";
import type { OpenEs9Exchange } from "../../src/lpa/es9plus/client.js";
import { ConnectFailure } from "../../src/lpa/es9plus/tls.js";
import type { Reach } from "../../src/provision/reach.js";
import type { StateName } from "../../src/provision/states.js";
import type { FileSystem, OpenFile } from "../../src/provision/store/file-system.js";
import type { BytePort, OpenPort } from "../../src/serial/port.js";
import type { DiskFailure } from "./files.js";
import { failure } from "./files.js";
import type { NetworkFault, SimNetwork } from "./network.js";
import { effectOfAt, effectOfDisk, effectOfHttp, type Point, type Room } from "./points.js";

/**
 * One life of the process: from its start until it ends by itself, is killed, or the power goes. All that a run is made of goes through
 * here, so that nothing of a dead process has an effect: what it waits for never comes, and its timers are gone.
 */

export type Death = "killed" | "power";

/** What happens at a point in place of what should. */
export type Happening =
  | { readonly kind: "death"; readonly when: "before" | "after"; readonly death: Death }
  | { readonly kind: "network"; readonly fault: NetworkFault }
  | { readonly kind: "disk"; readonly failure: DiskFailure }
  /** The modem does something else with this line; the emulator's own behaviours. */
  | { readonly kind: "modem"; readonly name: string };

export interface LifeParts {
  readonly clock: Clock;
  readonly files: FileSystem;
  readonly network: SimNetwork;
  readonly openModem: OpenPort;
  /** Told of each point before it takes effect; what it returns happens there. */
  readonly at: (point: Point) => Happening | undefined;
  /** Prepares the modem for the line that comes next. */
  readonly misbehave: (name: string) => void;
  /** Why no server can be reached at the moment: by the device's clock, which TLS judges by, or without a network. */
  readonly refusal: () => string | undefined;
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

export class Life {
  readonly clock: Clock;
  readonly #parts: LifeParts;
  readonly #timers = new Set<CancelTimer>();
  readonly #seen = new Map<string, number>();
  readonly #ends: ((death: Death) => void)[] = [];
  #points = 0;
  #state: StateName = "connecting";
  #death: Death | undefined;
  #opened: BytePort | undefined;

  constructor(parts: LifeParts) {
    this.#parts = parts;
    const { clock } = parts;
    this.clock = {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      setTimer: (delayMs, fire) => {
        if (this.#death !== undefined) return () => undefined;
        const cancel = clock.setTimer(delayMs, () => {
          this.#timers.delete(cancel);
          if (this.#death === undefined) fire();
        });
        this.#timers.add(cancel);
        return () => {
          this.#timers.delete(cancel);
          cancel();
        };
      },
    };
  }

  get death(): Death | undefined {
    return this.#death;
  }

  enter(state: StateName): void {
    this.#state = state;
  }

  /** Resolves when the process dies; a process that ends by itself never does. */
  died(): Promise<Death> {
    return new Promise((resolve) => this.#ends.push(resolve));
  }

  die(death: Death): void {
    if (this.#death !== undefined) return;
    this.#death = death;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    // The kernel closes what a dead process had open.
    void this.#opened?.close();
    for (const end of this.#ends) end(death);
  }

  /** A step that leaves the process. `perform` has the effect; a fault that is none of death's is given to it. */
  async step<T>(room: Room, effect: string, perform: (happening: Happening | undefined) => Promise<T>): Promise<T> {
    if (this.#death !== undefined) return never();
    const happening = this.#arrive(room, effect);
    if (happening?.kind !== "death") return this.#whileAlive(perform(happening));
    if (happening.when === "before") {
      this.die(happening.death);
      return never();
    }
    try {
      await perform(undefined);
    } finally {
      this.die(happening.death);
    }
    return never();
  }

  /** A step whose effect goes on by itself; the caller says when its answer comes. */
  arrive(room: Room, effect: string): Happening | undefined {
    return this.#arrive(room, effect);
  }

  #arrive(room: Room, effect: string): Happening | undefined {
    const state = this.#state;
    const key = `${state}|${room}|${effect}`;
    const nth = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, nth);
    this.#points++;
    return this.#parts.at({ number: this.#points, room, state, effect, nth });
  }

  #whileAlive<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      work.then(
        (value) => {
          if (this.#death === undefined) resolve(value);
        },
        (error: unknown) => {
          if (this.#death === undefined) reject(error);
        },
      );
    });
  }

  // --- what a run is given ---

  readonly files = (): FileSystem => {
    const { files } = this.#parts;
    const step = <T>(operation: string, path: string, perform: () => Promise<T>): Promise<T> =>
      this.step("disk", effectOfDisk(operation, path), (happening) => {
        if (happening?.kind === "disk") throw failure(happening.failure, path);
        return perform();
      });
    const wrapped = (file: OpenFile, path: string): OpenFile => ({
      write: (text) =>
        this.step("disk", effectOfDisk("write", path), async (happening) => {
          if (happening?.kind !== "disk") return file.write(text);
          // A disk that is full takes what still fits.
          if (happening.failure === "ENOSPC") await file.write(text.slice(0, Math.floor(text.length / 2)));
          throw failure(happening.failure, path);
        }),
      sync: () => step("sync", path, () => file.sync()),
      close: () => file.close(),
    });
    return {
      readFile: (path, maxBytes) => step("read", path, () => files.readFile(path, maxBytes)),
      open: async (path, flags, mode) =>
        wrapped(await step(`open(${flags})`, path, () => files.open(path, flags, mode)), path),
      mkdir: (path, mode) => step("mkdir", path, () => files.mkdir(path, mode)),
      isFolder: (path) => files.isFolder(path),
      rename: (from, to) => step("rename to", to, () => files.rename(from, to)),
      remove: (path) => step("remove", path, () => files.remove(path)),
      syncFolder: (path) => step("sync folder", path, () => files.syncFolder(path)),
    };
  };

  readonly openTransport: OpenHttpTransport = ({ requestTimeoutMs }) => ({
    exchange: async (request, signal): Promise<HttpAnswer | HttpFailure> => {
      const what = `${request.method} ${request.url.origin}${request.url.pathname}`;
      const progress = { sent: false, status: undefined as number | undefined };
      try {
        return await withDeadline({ clock: this.clock, timeoutMs: requestTimeoutMs, signal, what }, () =>
          this.step("api", effectOfHttp(request.method, request.url), async (happening) => {
            const refusal = this.#parts.refusal();
            if (refusal !== undefined) throw new EsimdError("api_unreachable", `${what}: no connection: ${refusal}`);
            return this.#parts.network.api(request, networkFault(happening), progress);
          }),
        );
      } catch (cause) {
        const error =
          cause instanceof EsimdError
            ? cause
            : new EsimdError("api_unreachable", `${what}: ${toEsimdError(cause).message}`, { cause });
        return { kind: "failure", error, ...progress };
      }
    },
    close: async () => undefined,
  });

  /** A connection that nothing is sent over. */
  readonly reach: Reach = (target) => {
    const host = target.kind === "api" ? new URL(target.url).host : target.address;
    const code = target.kind === "api" ? "api_unreachable" : "smdp_unreachable";
    return this.step(target.kind, "connect", async (happening) => {
      const refusal = target.kind === "api" ? this.#parts.refusal() : undefined;
      if (refusal !== undefined) throw new EsimdError(code, `${host}: no connection: ${refusal}`);
      const fault = networkFault(happening);
      if (fault?.do === "silence") return never();
      if (fault !== undefined) throw new EsimdError(code, `${host}: no connection: ECONNREFUSED`);
    });
  };

  readonly openExchange: OpenEs9Exchange = async () => ({
    post: (url, json) =>
      this.step("smdp", new URL(url).pathname.split("/").at(-1) ?? "", async (happening) => {
        const refusal = this.#parts.refusal();
        if (refusal !== undefined) throw new ConnectFailure("the certificate is refused by its dates", refusal);
        return this.#parts.network.es9Plus(
          url,
          json,
          networkFault(happening),
          (message) => new ConnectFailure(message, "ECONNREFUSED"),
        );
      }),
    close: async () => undefined,
  });

  readonly openPort: OpenPort = async (address, signal) => {
    const inner = await this.step("serial", "open", async () => {
      const opened = await this.#parts.openModem(address, signal);
      this.#opened = opened;
      return opened;
    });
    return new SimPort(this, inner, this.#parts.misbehave);
  };
}

function networkFault(happening: Happening | undefined): NetworkFault | undefined {
  return happening?.kind === "network" ? happening.fault : undefined;
}

/** The host's end of the line. A process that dies after a command dies when the first of its answer arrives. */
class SimPort implements BytePort {
  readonly name = "sim";
  readonly #life: Life;
  readonly #inner: BytePort;
  readonly #misbehave: (name: string) => void;
  #dies: Death | undefined;

  constructor(life: Life, inner: BytePort, misbehave: (name: string) => void) {
    this.#life = life;
    this.#inner = inner;
    this.#misbehave = misbehave;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#life.death !== undefined) return never();
    const happening = this.#life.arrive("serial", effectOfAt(Buffer.from(bytes).toString("latin1").trim()));
    if (happening?.kind === "death") {
      if (happening.when === "before") {
        this.#life.die(happening.death);
        return never();
      }
      this.#dies = happening.death;
    }
    if (happening?.kind === "modem") this.#misbehave(happening.name);
    return this.#inner.write(bytes);
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#inner.onData((bytes) => {
      if (this.#life.death !== undefined) return;
      // The echo comes before the command has any effect.
      if (this.#dies !== undefined && !/^\s*AT/i.test(Buffer.from(bytes).toString("latin1"))) {
        this.#life.die(this.#dies);
        return;
      }
      listener(bytes);
    });
  }

  onGone(listener: (error: EsimdError) => void): void {
    this.#inner.onGone((error) => {
      if (this.#life.death === undefined) listener(error);
    });
  }

  close(): Promise<void> {
    if (this.#life.death !== undefined) return never();
    return this.#inner.close();
  }
}
