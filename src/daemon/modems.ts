import type { StateName } from "../provision/states.js";
import type { Report } from "../report/schema.js";
import type { Config } from "./config/config.js";

/** How one modem stands, for people and programs that look. */
export interface ModemView {
  readonly name: string;
  /** As it is configured: a port, or `auto`. */
  readonly port: string;
  /** Where it is now, when that is known. */
  readonly path: string | undefined;
  readonly activity: Activity;
  readonly report: Report | undefined;
}

/** What a modem's service does now. */
export type Activity =
  | { readonly kind: "running"; readonly state: StateName; readonly sentence: string; readonly sinceMs: number }
  /** `untilMs`: by the device's clock, when something is done again at the latest; null: not before something happens. */
  | { readonly kind: "resting"; readonly sentence: string; readonly sinceMs: number; readonly untilMs: number | null }
  /** By a person: nothing is done until it is resumed. */
  | { readonly kind: "paused"; readonly sinceMs: number };

/** The modems that the daemon serves. A name that is not served is an EsimdError `port_missing`. */
export interface Modems {
  readonly list: () => readonly ModemView[];
  /** Ends a rest and runs now; where a run is on its way, nothing changes. */
  readonly provision: (name: string) => void;
  /** Ends what runs as a stop would, and begins nothing until {@link resume}. Resolves once the port is free. */
  readonly pause: (name: string) => Promise<void>;
  readonly resume: (name: string) => void;
  /** As this one is served: the shared configuration, and what its own file says over it. */
  readonly configOf: (name: string) => Config;
}
