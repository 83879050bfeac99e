import type { Clock } from "../../base/clock.js";
import type { Iccid } from "../../base/identifiers.js";
import type { Random } from "../../base/random.js";
import type { FleetStore, StoredFleet } from "./fleets.js";
import { makeSid } from "./identifiers.js";
import { accept, type Parameters, type Read, readCallback, readChoice, refuse } from "./parameters.js";
import { invalidParameter, refusal } from "./replies.js";

/** Sims and the life cycle of an update: at once, or `scheduled` and then in force. */

export type StoredSimStatus = "new" | "ready" | "active" | "inactive" | "scheduled";
type Target = "ready" | "active" | "inactive";

export interface StoredSim {
  readonly sid: string;
  readonly iccid: Iccid;
  readonly status: StoredSimStatus;
  readonly fleetSid: string | undefined;
  readonly uniqueName: string | undefined;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export const updateSimParameters: readonly string[] = [
  "UniqueName",
  "Status",
  "Fleet",
  "CallbackUrl",
  "CallbackMethod",
  "AccountSid",
];

/** What an update asks for, once its parameters are legal in themselves. */
export interface SimChange {
  readonly target: Target | undefined;
  /** Null takes the Sim out of its Fleet. */
  readonly fleet: StoredFleet | null | undefined;
  readonly uniqueName: string | undefined;
}

export interface SimStore {
  /** Newest first. */
  all(): readonly StoredSim[];
  find(sidOrName: string): StoredSim | undefined;
  add(iccid: Iccid): StoredSim;
  /** `scheduledMs` 0 does a change of status at once. */
  update(sim: StoredSim, parameters: Parameters, scheduledMs: number): Read<{ sim: StoredSim; isScheduled: boolean }>;
  /** Stops the timers of updates under way. */
  close(): void;
}

export interface SimStoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly accountSid: string;
  readonly fleets: FleetStore;
}

export function createSimStore({ clock, random, accountSid, fleets }: SimStoreOptions): SimStore {
  const sims = new Map<string, StoredSim>();
  const timers = new Set<() => void>();

  const save = (sim: StoredSim): StoredSim => {
    const saved = { ...sim, updatedAtMs: clock.nowMs() };
    sims.set(saved.sid, saved);
    return saved;
  };
  const all = (): readonly StoredSim[] => [...sims.values()].reverse();

  const readChange = (sim: StoredSim, parameters: Parameters): Read<SimChange> => {
    const target = readChoice(parameters, "Status", ["ready", "active", "inactive"]);
    if (!target.ok) return target;
    // A finished update is not called back: which parameters the vendor sends then is documented nowhere.
    const callback = readCallback(parameters);
    if (!callback.ok) return callback;
    const account = parameters.get("AccountSid");
    if (account !== undefined && (account !== accountSid || sim.status !== "new")) {
      return refuse(invalidParameter("AccountSid must be the own account, on a new Sim"));
    }
    const uniqueName = parameters.get("UniqueName");
    const namesake =
      uniqueName === undefined || uniqueName === "" ? undefined : all().find((one) => one.uniqueName === uniqueName);
    if (namesake !== undefined && namesake.sid !== sim.sid) {
      return refuse(refusal(400, 83011, "Super SIM with the same Unique Name exists already"));
    }
    const fleetName = parameters.get("Fleet");
    if (fleetName === undefined || fleetName === "") {
      return accept({ target: target.value, fleet: fleetName === undefined ? undefined : null, uniqueName });
    }
    const fleet = fleets.find(fleetName);
    if (fleet === undefined) return refuse(refusal(400, 83006, "Target Fleet not found"));
    return accept({ target: target.value, fleet, uniqueName });
  };

  return {
    all,
    find: (sidOrName) => sims.get(sidOrName) ?? all().find(({ uniqueName }) => uniqueName === sidOrName),
    add: (iccid) => {
      const atMs = clock.nowMs();
      return save({
        sid: makeSid("HS", random),
        iccid,
        status: "new",
        fleetSid: undefined,
        uniqueName: undefined,
        createdAtMs: atMs,
        updatedAtMs: atMs,
      });
    },
    update: (sim, parameters, scheduledMs) => {
      const change = readChange(sim, parameters);
      if (!change.ok) return change;
      const decided = decideSimUpdate(sim, change.value);
      if (!decided.ok) return decided;
      const { target } = change.value;
      if (target === undefined || scheduledMs === 0) return accept({ sim: save(decided.value), isScheduled: false });
      const scheduled = save({ ...decided.value, status: "scheduled" });
      const cancel = clock.setTimer(scheduledMs, () => {
        timers.delete(cancel);
        const now = sims.get(sim.sid);
        if (now !== undefined) save({ ...now, status: target });
      });
      timers.add(cancel);
      return accept({ sim: scheduled, isScheduled: true });
    },
    close: () => {
      for (const cancel of timers) cancel();
      timers.clear();
    },
  };
}

/** From which status a Sim may go to a target; `ready -> active` by hand is taken as legal, as the console offers it. */
const allowedFrom: Readonly<Record<Target, readonly StoredSimStatus[]>> = {
  ready: ["new"],
  active: ["new", "ready", "inactive"],
  inactive: ["ready", "active"],
};

/** The Sim as it will be, or the vendor's refusal (83007 to 83010). Pure. */
export function decideSimUpdate(sim: StoredSim, { target, fleet, uniqueName }: SimChange): Read<StoredSim> {
  if (sim.status === "scheduled" && fleet !== undefined) {
    return refuse(refusal(400, 83009, "Unable to update Fleet while the Super SIM is in status scheduled"));
  }
  if (target !== undefined && !allowedFrom[target].includes(sim.status)) {
    return refuse(refusal(400, 83010, `Unable to update Super SIM from ${sim.status} to the desired status ${target}`));
  }
  const fleetSid = fleet === undefined ? sim.fleetSid : fleet?.sid;
  const status = target ?? sim.status;
  const needsFleet = status === "ready" || status === "active";
  if (needsFleet && fleetSid === undefined) {
    return refuse(
      target === undefined
        ? refusal(400, 83008, "Unable to remove the Super SIM from its Fleet: ready and active ones need one")
        : refusal(400, 83007, "Unable to activate Super SIM: it does not belong to a Fleet"),
    );
  }
  return accept({
    ...sim,
    status,
    fleetSid,
    uniqueName: uniqueName === undefined ? sim.uniqueName : uniqueName || undefined,
  });
}
