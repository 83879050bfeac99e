import { mkdir } from "node:fs/promises";
import { basename } from "node:path";
import type { Clock } from "../../src/base/clock.js";
import { enabledUnits, failedUnits, type GuestStatus, statusOf, type UnitView, unitOf } from "./guest.js";
import { checkDisk, makeDisk } from "./image.js";
import { type Machine, startMachine } from "./machine.js";
import { modemPort } from "./recipe.js";
import { check, type StoryReport } from "./report.js";
import type { System } from "./system.js";
import { until } from "./until.js";
import type { World } from "./world.js";

/** The pieces of a device's life that both forms of the story tell: its disk, its boots, its power cuts, and what it must have reached. */

export interface Stage {
  readonly clock: Clock;
  readonly report: StoryReport;
  /** The disk and what is looked at of it are put here. */
  readonly dir: string;
  readonly system: System;
  readonly world: World;
  /** Every wait of the story is so many times as long: for a machine that does other work beside. */
  readonly patience: number;
}

/** The machine that runs, for who tells of a failure. */
export interface Running {
  machine: Machine | undefined;
}

const bootTimeoutMs = 180_000;
/** From a boot to the end of the journey, of which the emulators themselves wait 8 s. */
const journeyTimeoutMs = 240_000;
/** Short against one exchange of AT in the machine: the cut falls where the condition says. */
const watchMs = 2;
const lookMs = 2000;

export class Device {
  readonly #stage: Stage;
  readonly #running: Running;
  #disk: string | undefined;

  constructor(stage: Stage, running: Running) {
    this.#stage = stage;
    this.#running = running;
  }

  async made(packagePath: string): Promise<void> {
    const { report, dir, system, world } = this.#stage;
    await report.step("disk with the package installed, as a maker ships it", async (saw) => {
      await mkdir(dir, { recursive: true });
      this.#disk = await makeDisk(dir, system, packagePath, world);
      saw(`${basename(packagePath)}; machine-id uninitialized, no state`);
    });
  }

  /** Power comes: the machine's and its modem's. */
  async boot(name: string, secondDisk?: string): Promise<Machine> {
    const { report, clock, system, world } = this.#stage;
    return await report.step(name, async (saw) => {
      await world.modem.replug();
      const machine = await startMachine(
        { clock, system, disk: this.#diskPath, secondDisk, world, bootTimeoutMs: this.#patient(bootTimeoutMs) },
        (line) => report.note(line),
      );
      this.#running.machine = machine;
      saw(`a shell after ${(machine.bootMs / 1000).toFixed(1)} s`);
      return machine;
    });
  }

  /** Pulls the plug of machine and modem as soon as `when` is so, and has the disk looked at. */
  async cutPower(name: string, machine: Machine, when: Moment): Promise<void> {
    const { report, dir, world } = this.#stage;
    await report.step(name, async (saw) => {
      saw(await this.watch(machine, when));
      await machine.cutPower();
      await world.modem.unplug();
      await machine.close();
      this.#running.machine = undefined;
      const disk = await checkDisk(dir, this.#diskPath);
      saw(`file system: ${disk.mended}; e2fsck -fn finds nothing behind it`);
      saw(`on the disk: journal at "${disk.journalState}", ledger ${disk.ledgerKinds.join(", ")}`);
      saw(`charges ${this.charges}`);
      when.onDisk?.(disk.journalState);
    });
  }

  /** Looks from the host until it is so. */
  async watch(machine: Machine, { what, isNow }: Moment): Promise<string> {
    const timeoutMs = this.#patient(journeyTimeoutMs);
    const { clock } = this.#stage;
    return await until({ clock, timeoutMs, what, pollMs: watchMs, signal: machine.ended }, isNow);
  }

  /** The journey's end as the world, and as the device itself, tells it. */
  async provisioned(name: string, machine: Machine): Promise<GuestStatus> {
    const { report, world } = this.#stage;
    return await report.step(name, async (saw) => {
      const status = await this.look(machine, "esimd status to say provisioned", async () => {
        const seen = await statusOf(machine);
        return seen?.reports[0]?.state === "provisioned" ? seen : undefined;
      });
      const { profiles } = world.modem.euicc;
      check(
        profiles.length === 1 && profiles[0]?.state === "enabled",
        `${profiles.length} profiles, one enabled wanted`,
      );
      check(status.reports[0]?.iccid === profiles[0].iccid, "the report names another profile than the eUICC has");
      const sims = world.api.resources().filter(({ kind }) => kind === "sim");
      check(sims.length === 1 && sims[0]?.status === "ready", `Sims: ${sims.map((sim) => sim.status).join(", ")}`);
      await world.smdp.settled();
      const orders = world.smdp.orders().map(({ state }) => state);
      check(orders.length === 1 && orders[0] === "Installed", `orders at the SM-DP+: ${orders.join(", ")}`);
      check(this.charges === 1, `${this.charges} charges, 1 wanted`);
      const enabled = await enabledUnits(machine);
      check(enabled.join() === "esimd.service", `enabled: ${enabled.join(", ")}; esimd.service alone wanted`);
      const unit = await unitOf(machine);
      check(unit.activeState === "active", `esimd.service is ${unit.activeState} (${unit.result})`);
      await this.nothingFailed(machine);
      saw("one profile, enabled; its Sim ready; the SM-DP+ has the install result; charges 1; no failed unit");
      saw(
        `esimd.service, the only one enabled, is active, restarts ${unit.restarts}${unit.statusText === "" ? "" : `, "${unit.statusText}"`}`,
      );
      return status;
    });
  }

  /** Looks with the machine's own eyes until there is something to see. */
  async look<Seen>(machine: Machine, what: string, eyes: () => Promise<Seen | undefined>): Promise<Seen> {
    const { clock } = this.#stage;
    const timeoutMs = this.#patient(journeyTimeoutMs);
    return await until({ clock, timeoutMs, what, pollMs: lookMs, signal: machine.ended }, eyes);
  }

  async isPluggedIn(machine: Machine): Promise<boolean> {
    return (await machine.shell.try(`test -e ${modemPort}`)).status === 0;
  }

  async nothingFailed(machine: Machine): Promise<void> {
    const failed = await failedUnits(machine);
    check(failed.length === 0, `failed units: ${failed.join(", ")}`);
  }

  /** The service as it runs, once it does. */
  async service(machine: Machine, what: string, isSo: (unit: UnitView) => boolean): Promise<UnitView> {
    return await this.look(machine, what, async () => {
      const unit = await unitOf(machine);
      return isSo(unit) ? unit : undefined;
    });
  }

  get charges(): number {
    return this.#stage.world.api.ledger().length;
  }

  get #diskPath(): string {
    if (this.#disk === undefined) throw new Error("the device has no disk yet");
    return this.#disk;
  }

  #patient(ms: number): number {
    return ms * this.#stage.patience;
  }
}

/** A point of the journey, seen from the host. */
export interface Moment {
  readonly what: string;
  /** What was seen, once it is so. */
  readonly isNow: () => string | undefined;
  /** What must, or must not, be written in the journal when power is lost here. */
  readonly onDisk?: (journalState: string | undefined) => void;
}

/**
 * A further session was let through to the package, and so many AT commands came since: some of the profile is on the eUICC, and it is not
 * whole. To be asked for before the boot in which it shall come.
 */
export function inTheNextDownload({ smdp, modem }: World, commands: number): Moment {
  let atClaim: number | undefined;
  const attemptsBefore = smdp.orders()[0]?.attempts ?? 0;
  return {
    what: `AT command ${commands} of a download`,
    isNow: () => {
      const order = smdp.orders()[0];
      const { commandLines } = modem.counts;
      if (order === undefined || order.state !== "Downloaded" || order.attempts <= attemptsBefore) return undefined;
      atClaim ??= commandLines;
      if (commandLines < atClaim + commands) return undefined;
      check(modem.euicc.profiles.length === 0, "the profile was whole before the cut");
      const session = `session ${order.attempts} for the order`;
      return `${session}, ${commandLines - atClaim} AT commands into it; the eUICC lists no profile`;
    },
    onDisk: (state) => check(state !== "provisioned", "the journal is ahead of what happened"),
  };
}

/** The eUICC enabled the profile, and its answer is still on its way. */
export function atEnabling({ modem }: World): Moment {
  return {
    what: "the profile to be enabled on the eUICC",
    isNow: () =>
      modem.euicc.profiles.some(({ state }) => state === "enabled") ? "the profile is enabled on the eUICC" : undefined,
    onDisk: (state) => check(state !== "provisioned", "the journal said so before the cut"),
  };
}
