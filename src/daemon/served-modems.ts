import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import type { Daemon } from "./companions.js";
import type { Config } from "./config/config.js";
import type { DaemonConfig } from "./config/daemon-config.js";
import { findModems, type NewModem } from "./found-modems.js";
import type { Modems } from "./modems.js";
import { type ServedAs, ServedModem, type ServedModemParts } from "./served-modem.js";
import { RunTurns } from "./turns.js";

export type ServedModemsParts = Omit<Daemon, "config" | "env" | "modems" | "routes" | "reload" | "drain"> &
  Pick<ServedModemParts, "devices" | "provision">;

/** All modems of the daemon: those of the configuration, and with `all` those that are found. */
export class ServedModems implements Modems {
  readonly #parts: ServedModemsParts;
  readonly #turns: RunTurns;
  readonly #served = new Map<string, { readonly modem: ServedModem; as: ServedAs }>();
  #config: DaemonConfig;
  #finder: { readonly controller: AbortController; readonly done: Promise<void> } | undefined;
  #isOver = false;
  /** Told once every modem that is served has a configuration that cannot work. */
  #onNoneWorks: (error: EsimdError) => void = () => undefined;

  constructor(config: DaemonConfig, parts: ServedModemsParts) {
    this.#parts = parts;
    this.#config = config;
    this.#turns = new RunTurns(config.shared.config.daemon.concurrency);
  }

  /** @param onNoneWorks told the first reason, when no modem can be served as it is configured. */
  start(onNoneWorks: (error: EsimdError) => void): void {
    this.#onNoneWorks = onNoneWorks;
    for (const as of this.#config.modems) this.#serve(as);
    if (this.#config.findsAll) this.#find();
  }

  list(): ReturnType<Modems["list"]> {
    return [...this.#served.values()].map(({ modem }) => modem.view);
  }

  provision(name: string): void {
    this.#named(name).askForRun();
  }

  configOf(name: string): Config {
    return this.#named(name).config;
  }

  pause(name: string): Promise<void> {
    return this.#named(name).pause();
  }

  resume(name: string): void {
    this.#named(name).resume();
  }

  /** Serves what is new, drops what is gone, and hands the others their configuration. Resolves once what is dropped has ended. */
  async reload(config: DaemonConfig): Promise<void> {
    if (this.#isOver) return;
    this.#config = config;
    this.#turns.limit = config.shared.config.daemon.concurrency;
    if (!config.findsAll) await this.#endFinding();
    const wanted = new Map(config.modems.map((as) => [as.name, as]));
    const dropped = [...this.#served.values()].filter(({ as }) =>
      as.found === undefined ? !wanted.has(as.name) : !config.findsAll || wanted.has(as.name),
    );
    for (const { as } of dropped) this.#served.delete(as.name);
    for (const entry of this.#served.values()) {
      const { name } = entry.as;
      entry.as = wanted.get(name) ?? { ...entry.as, config: config.shared.config };
      entry.modem.reconfigure(entry.as);
      wanted.delete(name);
    }
    await Promise.all(dropped.map(({ modem }) => modem.drop()));
    if (this.#isOver) return;
    for (const as of wanted.values()) this.#serve(as);
    if (config.findsAll) this.#find();
  }

  /** Resolves once every run that is on its way has ended; none begins. */
  async drain(): Promise<void> {
    this.#isOver = true;
    await this.#endFinding();
    await Promise.all([...this.#served.values()].map(({ modem }) => modem.drain()));
  }

  /** Ends what runs, tidily. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#endFinding();
    await Promise.all([...this.#served.values()].map(({ modem }) => modem.stop("esimd stops")));
  }

  #named(name: string): ServedModem {
    const entry = this.#served.get(name);
    if (entry !== undefined) return entry.modem;
    const names = [...this.#served.keys()].sort();
    const there = names.length === 0 ? "no modem is served now" : `served are ${names.join(", ")}`;
    throw new EsimdError("port_missing", `no modem ${quote(name)} is served; ${there}`, {
      hint: "Name one of those that are served, or put it into the configuration and reload.",
    });
  }

  #serve(as: ServedAs): void {
    const modem = new ServedModem(as, {
      ...this.#parts,
      turns: this.#turns,
      onUnworkable: () => this.#noteUnworkable(),
    });
    this.#served.set(as.name, { modem, as });
    modem.start();
  }

  #noteUnworkable(): void {
    const reasons = [...this.#served.values()].map(({ modem }) => modem.unworkable);
    const [first] = reasons;
    if (first !== undefined && reasons.every((reason) => reason !== undefined)) this.#onNoneWorks(first);
  }

  #find(): void {
    if (this.#finder !== undefined) return;
    const { host, clock, log, devices } = this.#parts;
    const controller = new AbortController();
    const served = () =>
      [...this.#served.values()].map(({ modem, as }) => ({ name: as.name, port: as.port, anchor: modem.anchor }));
    const onFound = ({ name, port, anchor }: NewModem): void => {
      if (controller.signal.aborted) return;
      this.#serve({ name, port, config: this.#config.shared.config, found: anchor });
    };
    const done = findModems({ host, clock, log, devices, served, onFound }, controller.signal).catch(
      (error: unknown) => {
        // A defect: those that were found are served on.
        log.error({ error }, "modems that come are not found any more until the next reload");
        if (this.#finder?.controller === controller) this.#finder = undefined;
      },
    );
    this.#finder = { controller, done };
  }

  async #endFinding(): Promise<void> {
    const finder = this.#finder;
    this.#finder = undefined;
    finder?.controller.abort();
    await finder?.done;
  }
}
