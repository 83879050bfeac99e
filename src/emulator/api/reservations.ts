import { setMaxListeners } from "node:events";
import { type Clock, sleep } from "../../base/clock.js";
import { EsimdError, toEsimdError } from "../../base/errors.js";
import { type Eid, type Iccid, quote } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import { makeSid } from "./identifiers.js";
import type { CallbackTarget } from "./parameters.js";
import type { ReservationPlan } from "./plan.js";
import type { SimStore } from "./sims.js";
import type { ProfileSupplier, SuppliedProfile } from "./supplier.js";

/** ESimProfiles: their walk through the statuses in time, and the ledger of what was charged. */

export type StoredStatus = "new" | "reserving" | "available" | "downloaded" | "installed" | "failed";

export interface StoredProfile {
  readonly sid: string;
  readonly status: StoredStatus;
  readonly wantsMatchingId: boolean;
  readonly eid: Eid | undefined;
  readonly supplied: SuppliedProfile | undefined;
  readonly simSid: string | undefined;
  readonly error: ReservationError | undefined;
  readonly callback: CallbackTarget | undefined;
  readonly plan: ReservationPlan;
  /** On the monotonic clock; before it, lists do not show the profile. */
  readonly listedFromMs: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface ReservationError {
  readonly code: string;
  readonly message: string;
}

/** One charge to the account: a profile became available. */
export interface Charge {
  readonly sid: string;
  /** Null for a reservation with an activation code. */
  readonly eid: string | null;
  readonly iccid: string;
  readonly simSid: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export interface ReservationRequest {
  readonly eid: Eid | undefined;
  readonly wantsMatchingId: boolean;
  readonly callback: CallbackTarget | undefined;
}

/** What the SM-DP+ reports of a download (SGP.22, 5.3.5), as far as a status follows from it. */
export interface ProgressReport {
  readonly iccid: Iccid;
  readonly eid: Eid | undefined;
  readonly point: "package-delivered" | "installation";
  readonly outcome: "success" | "failure";
  readonly error: ReservationError;
}

export interface ReservationStore {
  /** Newest first, those not yet visible in lists included. */
  all(): readonly StoredProfile[];
  listed(): readonly StoredProfile[];
  find(sid: string): StoredProfile | undefined;
  create(request: ReservationRequest, plan: ReservationPlan): StoredProfile;
  /** False when no reservation has the ICCID, or the report changes nothing. */
  report(report: ProgressReport): boolean;
  ledger(): readonly Charge[];
  /** Stops every walk and waits for it. */
  close(): Promise<void>;
}

export interface ReservationStoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly sims: SimStore;
  readonly supplier: ProfileSupplier;
  /** Told of every change of status. */
  readonly onStatus: (profile: StoredProfile) => void;
}

export function createReservationStore(options: ReservationStoreOptions): ReservationStore {
  const { clock, random, log, sims, supplier, onStatus } = options;
  const profiles = new Map<string, StoredProfile>();
  const charges: Charge[] = [];
  const stopping = new AbortController();
  // Every reservation on its way listens, and Node takes more than ten listeners for a leak.
  setMaxListeners(0, stopping.signal);
  const walks = new Set<Promise<void>>();

  const change = (sid: string, changes: Partial<StoredProfile>): StoredProfile | undefined => {
    const before = profiles.get(sid);
    if (before === undefined) return undefined;
    const after = { ...before, ...changes, updatedAtMs: clock.nowMs() };
    profiles.set(sid, after);
    if (after.status !== before.status) onStatus(after);
    return after;
  };

  /** The order is confirmed: a Sim comes into being, and the account is charged before the profile shows as available. */
  const becomeAvailable = (profile: StoredProfile, supplied: SuppliedProfile): void => {
    const sim = sims.add(supplied.iccid);
    charges.push({
      sid: profile.sid,
      eid: profile.eid ?? null,
      iccid: supplied.iccid,
      simSid: sim.sid,
      at: new Date(clock.nowMs()).toISOString(),
    });
    change(profile.sid, { status: "available", supplied, simSid: sim.sid });
  };

  const walk = async (profile: StoredProfile, signal: AbortSignal): Promise<void> => {
    const { sid, plan, eid, wantsMatchingId } = profile;
    await sleep(clock, plan.toReservingMs, signal);
    change(sid, { status: "reserving" });
    await sleep(clock, plan.toAvailableMs, signal);
    if (plan.reservationError !== undefined) {
      change(sid, { status: "failed", error: plan.reservationError });
      return;
    }
    let supplied: SuppliedProfile;
    try {
      supplied = await supplier.order({ eid: wantsMatchingId ? undefined : eid, wantsMatchingId }, signal);
      if (sims.all().some((sim) => sim.iccid === supplied.iccid)) {
        throw new EsimdError("smdp_protocol", `the SM-DP+ gave out the ICCID ${quote(supplied.iccid)} a second time`);
      }
    } catch (cause) {
      signal.throwIfAborted();
      const error = toEsimdError(cause);
      log.warn({ sid, error }, "the SM-DP+ gave no profile: the reservation fails, nothing is charged");
      change(sid, { status: "failed", error: { code: "83000", message: error.message } });
      return;
    }
    becomeAvailable(profile, supplied);
    if (plan.laterError === undefined) return;
    await sleep(clock, plan.laterError.afterMs, signal);
    if (profiles.get(sid)?.status === "installed") return;
    change(sid, { status: "failed", error: plan.laterError.error });
  };

  const start = (profile: StoredProfile): void => {
    const running = walk(profile, stopping.signal)
      .catch((cause: unknown) => {
        if (!stopping.signal.aborted)
          log.error({ sid: profile.sid, error: cause }, "the walk of a reservation broke off");
      })
      .finally(() => walks.delete(running));
    walks.add(running);
  };

  const all = (): readonly StoredProfile[] => [...profiles.values()].reverse();

  return {
    all,
    listed: () => all().filter(({ listedFromMs }) => listedFromMs <= clock.monotonicMs()),
    find: (sid) => profiles.get(sid),
    create: (request, plan) => {
      const atMs = clock.nowMs();
      const profile: StoredProfile = {
        ...request,
        sid: makeSid("HP", random),
        status: "new",
        supplied: undefined,
        simSid: undefined,
        error: undefined,
        plan,
        listedFromMs: clock.monotonicMs() + plan.listedAfterMs,
        createdAtMs: atMs,
        updatedAtMs: atMs,
      };
      profiles.set(profile.sid, profile);
      start(profile);
      return profile;
    },
    report: (report) => {
      const profile = all().find(({ supplied }) => supplied?.iccid === report.iccid);
      const next = profile === undefined ? undefined : statusAfter(profile, report);
      if (profile === undefined || next === undefined) return false;
      const claimed = next === "failed" ? {} : { eid: report.eid ?? profile.eid };
      change(profile.sid, { status: next, ...claimed, ...(next === "failed" ? { error: report.error } : {}) });
      return true;
    },
    ledger: () => [...charges],
    close: async () => {
      stopping.abort();
      await Promise.all(walks);
    },
  };
}

/** Undefined where the status stays: an update is muted, comes late, or comes for a reservation that is over. Pure. */
export function statusAfter(
  { status, plan }: Pick<StoredProfile, "status" | "plan">,
  { point, outcome }: Pick<ProgressReport, "point" | "outcome">,
): "downloaded" | "installed" | "failed" | undefined {
  if (status !== "available" && status !== "downloaded") return undefined;
  if (outcome === "failure") return "failed";
  const next = point === "installation" ? "installed" : "downloaded";
  return next === status || plan.mutedStatuses.includes(next) ? undefined : next;
}
