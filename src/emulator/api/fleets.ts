import type { Clock } from "../../base/clock.js";
import type { Random } from "../../base/random.js";
import { makeSid } from "./identifiers.js";
import { accept, type Parameters, type Read, readChoice, readInteger, refuse } from "./parameters.js";
import { invalidParameter, missingParameter } from "./replies.js";

/** Fleets, as far as activating a Sim needs them. */

export interface StoredFleet {
  readonly sid: string;
  readonly uniqueName: string | undefined;
  readonly networkAccessProfileSid: string;
  readonly dataEnabled: boolean;
  readonly dataLimitMb: number;
  readonly ipCommandsUrl: string | undefined;
  readonly ipCommandsMethod: "GET" | "POST";
  readonly smsCommandsUrl: string | undefined;
  readonly smsCommandsMethod: "GET" | "POST";
  readonly createdAtMs: number;
}

export const createFleetParameters: readonly string[] = [
  "NetworkAccessProfile",
  "UniqueName",
  "DataEnabled",
  "DataLimit",
  "IpCommandsUrl",
  "IpCommandsMethod",
  "SmsCommandsUrl",
  "SmsCommandsMethod",
];

export interface FleetStore {
  /** Newest first. */
  all(): readonly StoredFleet[];
  find(sidOrName: string): StoredFleet | undefined;
  create(parameters: Parameters): Read<StoredFleet>;
}

export function createFleetStore(clock: Clock, random: Random, names: readonly string[]): FleetStore {
  const fleets: StoredFleet[] = [];
  const find = (sidOrName: string): StoredFleet | undefined =>
    fleets.find(({ sid, uniqueName }) => sid === sidOrName || uniqueName === sidOrName);

  const create = (parameters: Parameters): Read<StoredFleet> => {
    if (!parameters.has("NetworkAccessProfile")) return refuse(missingParameter("NetworkAccessProfile"));
    const uniqueName = parameters.get("UniqueName");
    if (uniqueName !== undefined && find(uniqueName) !== undefined) {
      return refuse(invalidParameter("UniqueName is in use"));
    }
    const dataEnabled = readChoice(parameters, "DataEnabled", ["true", "false"]);
    if (!dataEnabled.ok) return dataEnabled;
    const dataLimit = readInteger(parameters, "DataLimit", 1, 2_000_000);
    if (!dataLimit.ok) return dataLimit;
    const ipMethod = readChoice(parameters, "IpCommandsMethod", ["GET", "POST"]);
    if (!ipMethod.ok) return ipMethod;
    const smsMethod = readChoice(parameters, "SmsCommandsMethod", ["GET", "POST"]);
    if (!smsMethod.ok) return smsMethod;
    const fleet: StoredFleet = {
      sid: makeSid("HF", random),
      uniqueName,
      networkAccessProfileSid: makeSid("HA", random),
      dataEnabled: dataEnabled.value !== "false",
      dataLimitMb: dataLimit.value ?? 1000,
      ipCommandsUrl: parameters.get("IpCommandsUrl"),
      ipCommandsMethod: ipMethod.value ?? "POST",
      smsCommandsUrl: parameters.get("SmsCommandsUrl"),
      smsCommandsMethod: smsMethod.value ?? "POST",
      createdAtMs: clock.nowMs(),
    };
    fleets.unshift(fleet);
    return accept(fleet);
  };

  for (const name of names) {
    create(
      new Map([
        ["NetworkAccessProfile", "default"],
        ["UniqueName", name],
      ]),
    );
  }
  return { all: () => fleets, find, create };
}
