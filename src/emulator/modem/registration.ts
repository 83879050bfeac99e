/** The radio: registration follows the enabled profile, some time later. */

import type { CancelTimer, Clock } from "../../base/clock.js";
import { type PortSettings, type RegistrationCommand, registrationCommands } from "./settings.js";

/** TS 27.007 10.1.22: not searching, home, searching, denied, roaming. */
export type RegistrationStatus = 0 | 1 | 2 | 3 | 5;

/** `none`: an area without a network for this profile. */
export type Coverage = "home" | "roaming" | "none";

export interface RegistrationOptions {
  readonly clock: Clock;
  readonly settings: PortSettings;
  readonly coverage: () => Coverage;
  /** False: the networks that are here reject the profile in use. */
  readonly isServed: () => boolean;
  /** From a usable profile to the network. */
  readonly registrationMs: () => number;
  /** True while a profile is enabled and its SIM application answers. */
  readonly hasUsableProfile: () => boolean;
  readonly emit: (urc: string) => void;
  /** Each time it has a network, and each time it has lost it. */
  readonly onNetwork?: (isRegistered: boolean) => void;
}

const cell = '"1A2B","0A1B2C3D",7';

export class Registration {
  readonly #options: RegistrationOptions;
  #status: RegistrationStatus = 0;
  #radioOn = true;
  #cancel: CancelTimer | undefined;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  get status(): RegistrationStatus {
    return this.#status;
  }

  get isRegistered(): boolean {
    return this.#status === 1 || this.#status === 5;
  }

  get radioOn(): boolean {
    return this.#radioOn;
  }

  /** CFUN: without radio there is no registration; with it the search begins. */
  setRadio(on: boolean): void {
    this.#radioOn = on;
    this.search();
  }

  /** Starts anew, as after a change of the profile, and reports each change that the host asked for. */
  search(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const { clock, coverage, hasUsableProfile, registrationMs } = this.#options;
    if (!this.#radioOn || !hasUsableProfile()) {
      this.#become(0);
      return;
    }
    this.#become(2);
    if (coverage() === "none") return;
    this.#cancel = clock.setTimer(registrationMs(), () => this.#become(this.#found()));
  }

  /** Registered already when the modem is first looked at, as one that has been running for a while. */
  settle(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const { coverage, hasUsableProfile } = this.#options;
    if (!this.#radioOn || !hasUsableProfile()) this.#status = 0;
    else this.#status = coverage() === "none" ? 2 : this.#found();
  }

  /** What the search ends with where there are networks. */
  #found(): RegistrationStatus {
    const { coverage, isServed } = this.#options;
    if (!isServed()) return 3;
    return coverage() === "home" ? 1 : 5;
  }

  /** Power is gone. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#status = 0;
    this.#radioOn = true;
  }

  /** `<n>,<stat>…` as the read form answers. */
  describe(command: RegistrationCommand): string {
    const reports = this.#options.settings.registrationReports[command];
    const withCell = reports === 2 && this.isRegistered ? `,${cell}` : "";
    return `${command}: ${reports},${this.#status}${withCell}`;
  }

  #become(status: RegistrationStatus): void {
    if (this.#status === status) return;
    const was = this.isRegistered;
    this.#status = status;
    if (was !== this.isRegistered) this.#options.onNetwork?.(this.isRegistered);
    for (const command of registrationCommands) {
      const reports = this.#options.settings.registrationReports[command];
      if (reports === 0) continue;
      this.#options.emit(`${command}: ${status}${reports === 2 && this.isRegistered ? `,${cell}` : ""}`);
    }
  }
}
