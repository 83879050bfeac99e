import type { ErrorCode } from "../../base/error-registry.js";
import type { EsimdError } from "../../base/errors.js";
import type { Eid, SmdpAddress } from "../../base/identifiers.js";
import type { Lpa } from "../../lpa/lpa.js";
import type { Dialect } from "../../modem/dialects/dialect.js";
import type { ModemLine } from "../../modem/exchange.js";
import type { FoundPort } from "../../serial/ports/found-port.js";
import type { Surroundings } from "./surroundings.js";

/** In the order in which a run meets them, so that the first fault is the one that blocks. */
export const checkNames = [
  "configuration",
  "dialect-files",
  "clock",
  "credentials",
  "port",
  "holder",
  "modem-manager",
  "modem",
  "dialect",
  "sim",
  "euicc",
  "lpa",
  "state-folder",
  "records",
  "ci-roots",
  "api",
  "smdp",
  "ci-keys",
  "last-run",
] as const;
export type CheckName = (typeof checkNames)[number];

/** `warning`: a run may get past it, or nobody can know now. */
export type Severity = "error" | "warning";

export interface Trouble {
  readonly severity: Severity;
  readonly error: EsimdError;
}

export type Outcome =
  /** `why`: what is worth knowing although it is no fault. */
  | { readonly kind: "well"; readonly why: string | undefined }
  | { readonly kind: "found"; readonly troubles: readonly Trouble[] }
  /** `notable`: the reason is worth a word to a person even where nothing else is. */
  | { readonly kind: "skipped"; readonly why: string; readonly notable: boolean };

/** What checks learn for those behind them. */
export interface Facts {
  /** The port's name, as it is to be opened. */
  port?: string;
  /** The ports of this host. */
  ports?: readonly FoundPort[];
  line?: ModemLine;
  dialect?: Dialect | undefined;
  eid?: Eid;
  /** Who would download. */
  lpa?: Lpa["kind"];
  defaultSmdp?: SmdpAddress | undefined;
  /** The roots of ci_roots, as PEM. */
  roots?: readonly string[];
  /** The CI keys that the eUICC lists. */
  ciKeyIds?: readonly string[] | undefined;
  /** An SM-DP+ showed a certificate that chains to one of the roots. */
  smdpTrusted?: boolean;
  apiDateMs?: number | undefined;
  modemClockMs?: number | undefined;
}

export interface Examination {
  readonly surroundings: Surroundings;
  readonly facts: Facts;
}

export interface Check {
  readonly name: CheckName;
  /** What it asks, as one question. */
  readonly asks: string;
  /** What it goes by, and what it cannot know; for the docs. */
  readonly knows: string;
  /** The codes of its findings. */
  readonly codes: readonly ErrorCode[];
  /** Skipped unless these are well. */
  readonly needs: readonly CheckName[];
  /** Waited for, whatever they find. */
  readonly after: readonly CheckName[];
  /** What can be said before anything is waited for, so that no short deadline hides it; undefined goes on with the rest. */
  readonly atOnce?: (surroundings: Surroundings) => Outcome | undefined;
  readonly timeoutMs: number | ((surroundings: Surroundings) => number);
  /** What it throws is its finding. */
  readonly run: (examination: Examination, signal: AbortSignal) => Promise<Outcome>;
}

export function well(why?: string): Outcome {
  return { kind: "well", why };
}

export function skipped(why: string, options: { readonly notable?: true } = {}): Outcome {
  return { kind: "skipped", why, notable: options.notable === true };
}

export function found(error: EsimdError, severity: Severity = "error"): Outcome {
  return { kind: "found", troubles: [{ severity, error }] };
}

/** Well when there are none. */
export function allFound(troubles: readonly Trouble[], why?: string): Outcome {
  return troubles.length === 0 ? well(why) : { kind: "found", troubles };
}
