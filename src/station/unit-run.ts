import type { Clock } from "../base/clock.js";
import { EsimdError, toEsimdError } from "../base/errors.js";
import { type Eid, maskIdentifiers } from "../base/identifiers.js";
import type { Log } from "../base/logging.js";
import type { Random } from "../base/random.js";
import type { Config } from "../daemon/config/config.js";
import type { Outside } from "../daemon/outside.js";
import type { Connections, ProvisionerParts, ProvisionResult } from "../daemon/provisioner.js";
import { chargesOf } from "../provision/ledger.js";
import type { FoundUnit, Gate, Observation } from "../provision/run.js";
import type { Report } from "../report/schema.js";
import type { HostRoots } from "../serial/host-roots.js";
import type { BatchBudget } from "./limits/batch-budget.js";
import type { Fact } from "./records/entry.js";
import type { Conflict, Register } from "./records/register.js";

/** One run of one unit: who it is, whether it may be paid for, what came of it. Each of these is on disk before the next. */

export interface UnitRunParts {
  readonly host: HostRoots;
  readonly outside: Outside;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly connections: Connections;
  readonly provision: (parts: ProvisionerParts, signal: AbortSignal) => Promise<ProvisionResult>;
  readonly register: Register;
  readonly budget: BatchBudget;
  /** Durable when it resolves, and known to the register. */
  readonly record: (...facts: readonly Fact[]) => Promise<void>;
  readonly batch: string;
  readonly operator: string | null;
  readonly verifiesRegistration: boolean;
}

export interface UnitJob {
  readonly run: string;
  readonly slot: number;
  readonly port: string;
  /** With what the sheet of work has for it. */
  readonly config: Config;
  /** The sheet of work has this one. */
  readonly expectedImei: string | undefined;
  /** It is only identified. */
  readonly activatedByUser: boolean;
  /** Undefined: it is read from the modem. */
  readonly serial: string | undefined;
  /** Who it was when an earlier run of it was cut off. */
  readonly resumes: Eid | undefined;
  readonly observe: (observation: Observation) => void;
  /** Told once the modem and its eUICC are known. */
  readonly identified: (unit: { readonly serial: string; readonly eid: Eid; readonly imei: string | null }) => void;
}

export type UnitEnd =
  | {
      readonly kind: "ended";
      readonly fact: Extract<Fact, { kind: "ended" }>;
      readonly exitStatus: number;
    }
  /** The station stopped: nothing is said of the unit. */
  | { readonly kind: "interrupted" }
  /** Another unit than the one that was to go on: nothing was done to it. */
  | { readonly kind: "another-unit" };

/** Rejects only when the record cannot be written. */
export async function runUnit(parts: UnitRunParts, job: UnitJob, signal: AbortSignal): Promise<UnitEnd> {
  const { clock, register, batch, operator } = parts;
  const { run, slot } = job;
  const startMs = clock.monotonicMs();
  await parts.record({ kind: "begun", run, batch, slot, serial: job.serial ?? null, operator });
  const seen: Seen = { serial: job.serial, found: undefined, unwritten: undefined, isAnother: false, isEnough: false };
  const again = job.serial !== undefined && register.unit(job.serial)?.hasPassed === true;
  let result: ProvisionResult | undefined;
  let error: EsimdError | undefined;
  try {
    const { host, outside, random, log, connections } = parts;
    const gate = gateOf(parts, job, seen);
    const { config, port, observe } = job;
    const name = `slot-${String(slot).padStart(2, "0")}`;
    result = await parts.provision(
      { config, port, name, host, outside, clock, random, log, connections, observe, gate },
      signal,
    );
    error = seen.isEnough ? undefined : result.outcome.error;
  } catch (thrown) {
    error = toEsimdError(thrown);
  }
  if (seen.unwritten !== undefined) throw seen.unwritten;
  if (seen.isAnother || (error?.code === "cancelled" && signal.aborted)) {
    await parts.record({ kind: "interrupted", run, batch, slot, serial: seen.serial ?? null });
    parts.budget.settle(run);
    return { kind: seen.isAnother ? "another-unit" : "interrupted" };
  }
  const seconds = Math.round(clock.monotonicMs() - startMs) / 1000;
  const fact = endedFact(parts, job, seen, { result, error, seconds, again });
  await parts.record(fact);
  // Only now its ledger's word is counted, and the claim may go.
  parts.budget.settle(run);
  return { kind: "ended", fact, exitStatus: fact.error === null ? 0 : exitStatusOf(error) };
}

/** What the run has shown of its unit. */
interface Seen {
  serial: string | undefined;
  found: FoundUnit | undefined;
  /** The record could not be written: nothing more may happen. */
  unwritten: unknown;
  isAnother: boolean;
  /** It is identified, and nothing more is wanted of it. */
  isEnough: boolean;
}

function gateOf(parts: UnitRunParts, job: UnitJob, seen: Seen): Gate {
  const { register, batch } = parts;
  return {
    admit: async (found) => {
      seen.found = found;
      const { eid } = found;
      const imei = found.imei ?? null;
      if (job.resumes !== undefined && job.resumes !== eid) {
        seen.isAnother = true;
        throw new EsimdError("eid_mismatch", "another unit is in the slot than the one whose run was cut off");
      }
      const serial = job.serial ?? imei ?? undefined;
      if (serial === undefined)
        throw new EsimdError("modem_protocol", "the modem tells no IMEI, which is to be the unit's serial number");
      seen.serial = serial;
      const { expectedImei } = job;
      if (expectedImei !== undefined && imei !== expectedImei) {
        const masked = { is: imei === null ? "none" : maskIdentifiers(imei), listed: maskIdentifiers(expectedImei) };
        throw new EsimdError(
          "unit_not_listed",
          `the sheet of work has ${serial} with the IMEI ${masked.listed}; the modem's is ${masked.is}`,
        );
      }
      const conflict = register.conflict(serial, eid, imei);
      if (conflict !== undefined) throw duplicate(conflict);
      // A ledger that cannot be read ends the run before anything is paid for.
      const { known: chargesBefore, doubtful: doubtfulBefore } = found.charges ?? { known: 0, doubtful: 0 };
      try {
        const { run } = job;
        await parts.record({ kind: "identified", run, batch, serial, eid, imei, chargesBefore, doubtfulBefore });
      } catch (thrown) {
        seen.unwritten = thrown;
        throw thrown;
      }
      job.identified({ serial, eid, imei });
      if (!job.activatedByUser) return;
      seen.isEnough = true;
      throw new EsimdError("cancelled", "the unit's user activates it, so that no profile is loaded here");
    },
    mayReserve: async () => parts.budget.claim(job.run),
  };
}

function duplicate(conflict: Conflict): EsimdError {
  const where = `in batch ${conflict.batch}`;
  switch (conflict.kind) {
    case "serial": {
      const other = maskIdentifiers(conflict.eid);
      return new EsimdError(
        "unit_duplicate",
        `the serial number ${conflict.serial} belongs to the eUICC ${other} ${where}; another one is in the slot`,
      );
    }
    case "eid":
      return new EsimdError("unit_duplicate", `this eUICC was recorded as ${conflict.serial} ${where}`);
    case "imei":
      return new EsimdError(
        "unit_duplicate",
        `the IMEI ${maskIdentifiers(conflict.imei)} belongs to ${conflict.serial} ${where}`,
      );
  }
}

interface Outcome {
  readonly result: ProvisionResult | undefined;
  readonly error: EsimdError | undefined;
  readonly seconds: number;
  readonly again: boolean;
}

function endedFact(
  parts: UnitRunParts,
  job: UnitJob,
  seen: Seen,
  { result, error, seconds, again }: Outcome,
): Extract<Fact, { kind: "ended" }> {
  const report = result?.report;
  const { found } = seen;
  const charges = chargesOf(result?.outcome.facts.store?.money());
  const registered = report?.network?.registered === true;
  const isVerified = parts.verifiesRegistration && error === undefined && !seen.isEnough;
  const missing = isVerified && !registered ? notRegistered(report) : undefined;
  const failure = error ?? missing;
  return {
    kind: "ended",
    run: job.run,
    batch: parts.batch,
    slot: job.slot,
    verdict: failure === undefined ? "PASS" : "FAIL",
    serial: seen.serial ?? null,
    eid: report?.eid ?? found?.eid ?? null,
    imei: report?.modem.imei ?? found?.imei ?? null,
    iccid: report?.iccid ?? null,
    sid: report?.esimProfile?.sid ?? null,
    simSid: report?.sim?.sid ?? null,
    simStatus: report?.sim?.status ?? null,
    vendor: report?.modem.vendor ?? null,
    model: report?.modem.model ?? null,
    firmware: report?.modem.revision ?? null,
    state: seen.isEnough ? null : (report?.state ?? null),
    changed: report?.changed ?? false,
    again: again && failure === undefined,
    charges: charges?.known ?? null,
    doubtful: charges?.doubtful ?? null,
    verified: isVerified ? (registered ? "registered" : "not-registered") : null,
    error: failure === undefined ? null : errorFact(failure),
    seconds,
  };
}

function notRegistered(report: Report | undefined): EsimdError {
  const state = report?.network?.state ?? "unknown";
  return new EsimdError("registration_missing", `the unit is provisioned, and its modem is not registered (${state})`);
}

function errorFact(error: EsimdError): NonNullable<Extract<Fact, { kind: "ended" }>["error"]> {
  const { code, message, hint, entry } = error;
  return { code, message: message.slice(0, 4000), actor: entry.actor, retry: entry.retry, hint: hint.slice(0, 4000) };
}

function exitStatusOf(error: EsimdError | undefined): number {
  return error?.exitStatus ?? 11;
}
