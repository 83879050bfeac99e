import type { Clock } from "../../base/clock.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import {
  type Imei,
  type MatchingId,
  parseMatchingId,
  parseSmdpAddress,
  type SmdpAddress,
} from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import type { Es10Channel } from "../apdu/es10-channel.js";
import { decodeFrom } from "../asn1/tlv.js";
import type { Es9PlusClient } from "../es9plus/client.js";
import { decodeAuthenticateResponse } from "../es10/authenticate-server.js";
import { decodeConfiguredAddresses, encodeGetConfiguredAddresses } from "../es10/configured-addresses.js";
import { becauseOf } from "../es10/result-sentences.js";
import { authenticateServer, initiateAuthentication } from "./authentication.js";
import { ask, base64, type Es9Call, type EventEntry, eventsAnswer } from "./es9.js";

/**
 * Discovery (SGP.22 3.6.2): the eUICC shows the root SM-DS who it is, and hears at which SM-DP+ something waits for it. ES11 has the
 * paths and the form of ES9+ (5.8, 6.5); the SM-DS's address stands in the place of the SM-DP+'s.
 */

export interface DiscoveryParts {
  readonly isdR: Es10Channel;
  readonly es9Plus: Es9PlusClient;
  readonly imei: Imei | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A profile that waits: the matching id of its order, and where. */
export interface DiscoveredEvent {
  readonly smdpAddress: SmdpAddress;
  readonly matchingId: MatchingId;
}

/** The root SM-DS that is stored on the eUICC; undefined when there is none. */
export async function rootSmdsOf(isdR: Es10Channel, signal: AbortSignal): Promise<SmdpAddress | undefined> {
  const answer = await isdR.command(encodeGetConfiguredAddresses(), signal);
  const { rootSmdsAddress } = decodeFrom("modem_protocol", "the eUICC's addresses", () =>
    decodeConfiguredAddresses(answer),
  );
  return rootSmdsAddress === undefined ? undefined : parseSmdpAddress(rootSmdsAddress, "the eUICC's root SM-DS");
}

/**
 * The events for this eUICC, in the SM-DS's order; at least one.
 * @throws EsimdError `no_profile_waiting`; of the card; of the transport and of Failed answers, naming the SM-DS.
 */
export async function discoverEvents(
  smds: SmdpAddress,
  parts: DiscoveryParts,
  signal: AbortSignal,
): Promise<readonly DiscoveredEvent[]> {
  const { isdR, es9Plus, imei, clock, random, log } = parts;
  const call: Es9Call = { es9Plus, smdp: smds, byEid: true, role: "SM-DS" };
  const authentication = { isdR, call, matchingId: undefined, imei, clock, random };
  const started = await initiateAuthentication(authentication, signal);
  const response = await authenticateServer(authentication, started, () => undefined, signal);
  const authenticated = decodeFrom("modem_protocol", "the eUICC's answer to the SM-DS", () =>
    decodeAuthenticateResponse(response),
  );
  const body = { transactionId: started.transactionId, authenticateServerResponse: base64(response) };
  const { eventEntries } = await ask(call, "authenticateClient", body, eventsAnswer, signal).catch((error: unknown) => {
    // The eUICC's own refusal says more than the server's answer to it.
    if (authenticated.kind !== "error") throw error;
    const why = becauseOf(authenticated.reason);
    throw new EsimdError("download_failed", `the eUICC refuses the SM-DS's authentication, because ${why}`);
  });
  const events = eventEntries.map((entry) => readEvent(entry, smds, log)).filter((event) => event !== undefined);
  if (events.length > 0) return events;
  if (eventEntries.length > 0)
    throw new EsimdError("smdp_protocol", `the SM-DS ${smds} gives no event that can be read`);
  throw new EsimdError("no_profile_waiting", `the SM-DS ${smds} has no event for this EID`);
}

/** One event that cannot be read does not hide the others. */
function readEvent(entry: EventEntry, smds: SmdpAddress, log: Log): DiscoveredEvent | undefined {
  try {
    return {
      smdpAddress: parseSmdpAddress(entry.rspServerAddress, "an event's server"),
      matchingId: parseMatchingId(entry.eventId, "an event's id"),
    };
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    log.warn({ error, smds }, "an event of the SM-DS cannot be read; it is passed over");
    return undefined;
  }
}
