import type { CreateOutcome, ProviderApi } from "../../api/resources.js";
import { EsimdError, toEsimdError } from "../../base/errors.js";

/**
 * The one POST that costs money. What stops a run does not stop it: its answer is worth waiting for, and the API's timeout is its end. An
 * answer that cannot be about a new code leaves a doubt, and so does whatever is thrown. `known`: every reservation that the batch has;
 * a new one is added at the moment of its answer, so that no other item can take it.
 */
export async function postOnce(api: ProviderApi, known: Set<string>): Promise<CreateOutcome> {
  try {
    const outcome = await api.createESimProfile({ generateMatchingId: true }, new AbortController().signal);
    if (outcome.kind !== "created") return outcome;
    const { sid, eid } = outcome.profile;
    if (eid === undefined && !known.has(sid)) {
      known.add(sid);
      return outcome;
    }
    const what = eid === undefined ? "that was there before" : "that is for an EID";
    const error = new EsimdError("api_protocol", `the POST was answered with the reservation ${sid} ${what}`);
    return { kind: "unclear", error };
  } catch (error) {
    return { kind: "unclear", error: toEsimdError(error) };
  }
}
