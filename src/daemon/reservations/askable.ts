import type { ProviderApi } from "../../api/resources.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";

/** The API to ask about a reservation, or why there is none to ask: a person can decide some things all the same. */
export function askableApi(open: () => ProviderApi | undefined): ProviderApi | EsimdError {
  try {
    return (
      open() ??
      new EsimdError("credentials_missing", "provider none has no API to ask", {
        hint: "Give --provider twilio or kore, and the credentials of the account that paid.",
      })
    );
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    return error;
  }
}
