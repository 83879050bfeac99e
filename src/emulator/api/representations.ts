import type { StoredFleet } from "./fleets.js";
import type { StoredProfile } from "./reservations.js";
import type { StoredSim } from "./sims.js";

/** The resources as JSON, field by field as both vendors' documents have them. */
export interface Representations {
  profile(profile: StoredProfile): Readonly<Record<string, unknown>>;
  sim(sim: StoredSim): Readonly<Record<string, unknown>>;
  fleet(fleet: StoredFleet): Readonly<Record<string, unknown>>;
}

export function createRepresentations(baseUrl: string, accountSid: string): Representations {
  return {
    profile: (profile) => {
      const { supplied } = profile;
      return {
        sid: profile.sid,
        account_sid: accountSid,
        iccid: supplied?.iccid ?? null,
        sim_sid: profile.simSid ?? null,
        status: profile.status,
        eid: profile.eid ?? null,
        smdp_plus_address: supplied?.smdpAddress ?? null,
        matching_id: supplied?.matchingId ?? null,
        activation_code:
          supplied?.matchingId === undefined ? null : `1$${supplied.smdpAddress.toUpperCase()}$${supplied.matchingId}`,
        error_code: profile.error?.code ?? null,
        error_message: profile.error?.message ?? null,
        date_created: dateTime(profile.createdAtMs),
        date_updated: dateTime(profile.updatedAtMs),
        url: `${baseUrl}/v1/ESimProfiles/${profile.sid}`,
      };
    },
    sim: (sim) => {
      const url = `${baseUrl}/v1/Sims/${sim.sid}`;
      return {
        sid: sim.sid,
        unique_name: sim.uniqueName ?? null,
        account_sid: accountSid,
        iccid: sim.iccid,
        status: sim.status,
        fleet_sid: sim.fleetSid ?? null,
        date_created: dateTime(sim.createdAtMs),
        date_updated: dateTime(sim.updatedAtMs),
        url,
        links: { billing_periods: `${url}/BillingPeriods`, sim_ip_addresses: `${url}/IpAddresses` },
      };
    },
    fleet: (fleet) => ({
      sid: fleet.sid,
      account_sid: accountSid,
      unique_name: fleet.uniqueName ?? null,
      data_enabled: fleet.dataEnabled,
      data_limit: fleet.dataLimitMb,
      data_metering: "payg",
      date_created: dateTime(fleet.createdAtMs),
      date_updated: dateTime(fleet.createdAtMs),
      url: `${baseUrl}/v1/Fleets/${fleet.sid}`,
      network_access_profile_sid: fleet.networkAccessProfileSid,
      ip_commands_url: fleet.ipCommandsUrl ?? null,
      ip_commands_method: fleet.ipCommandsMethod,
      sms_commands_enabled: fleet.smsCommandsUrl !== undefined,
      sms_commands_url: fleet.smsCommandsUrl ?? null,
      sms_commands_method: fleet.smsCommandsMethod,
    }),
  };
}

/** Whole seconds, as the vendor's examples have them. */
function dateTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
