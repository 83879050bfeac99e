import type { ErrorCode } from "../../base/errors.js";
import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";

/** Why an SM-DP+ says Failed: subject and reason code of SGP.22 5.2.6, with our words and what follows for the order. */
interface StatusMeaning {
  readonly code: ErrorCode;
  readonly sentence: string;
}

const meanings: Readonly<Record<string, StatusMeaning>> = {
  "8.8.1/3.8": { code: "smdp_error", sentence: "it does not answer to the address it was called by" },
  "8.8.2/3.1": { code: "smdp_error", sentence: "it supports no security configuration of this eUICC" },
  "8.8.3/3.1": { code: "smdp_error", sentence: "it does not support the eUICC's specification version" },
  "8.8.4/3.7": { code: "smdp_error", sentence: "it has no certificate under a root that this eUICC knows" },
  "8.1.2/6.1": { code: "smdp_error", sentence: "it does not trust the certificate of the eUICC's maker" },
  "8.1.2/6.3": { code: "smdp_error", sentence: "the certificate of the eUICC's maker has expired" },
  "8.1.3/6.1": { code: "smdp_error", sentence: "it does not trust the eUICC's certificate" },
  "8.1.3/6.3": { code: "smdp_error", sentence: "the eUICC's certificate has expired" },
  "8.1/6.1": { code: "smdp_error", sentence: "it finds the eUICC's signature invalid" },
  "8.1/4.8": { code: "euicc_full", sentence: "it finds that the eUICC has too little memory for the profile" },
  "8.11.1/3.9": { code: "smdp_error", sentence: "it does not know the eUICC's root" },
  "8.2/1.2": { code: "smdp_error", sentence: "the profile is not released yet" },
  "8.2/3.7": { code: "smdp_error", sentence: "it has no package for the profile" },
  "8.2.5/4.3": { code: "smdp_refused", sentence: "no profile of the ordered kind fits this eUICC" },
  "8.2.6/3.8": { code: "smdp_refused", sentence: "it knows no order for this matching id" },
  "8.1.1/3.8": { code: "smdp_refused", sentence: "the order belongs to another EID" },
  "8.2.7/2.2": { code: "smdp_refused", sentence: "it wants a confirmation code and got none" },
  "8.2.7/3.8": { code: "smdp_refused", sentence: "the confirmation code is wrong" },
  "8.2.7/6.4": { code: "smdp_refused", sentence: "the confirmation code was wrong too often" },
  "8.8.5/4.10": { code: "smdp_refused", sentence: "the order has expired" },
  "8.8.5/6.4": { code: "smdp_refused", sentence: "the order was tried too often" },
  "8.9.5/3.9": { code: "no_profile_waiting", sentence: "it has no event for this eUICC" },
  "8.10.1/3.9": { code: "smdp_error", sentence: "it does not know the session any more" },
};

export interface StatusCode {
  readonly subjectCode: string;
  readonly reasonCode: string;
  readonly message: string | undefined;
}

/** The cause of an error that is the server's own word: its function ended, and with it the session there. */
export class RefusedByServer extends Error {
  override readonly name = "RefusedByServer";
}

/**
 * The error for a Failed answer. `byEid`: the order was asked for without a matching id, so "no such order" means that nothing waits
 * for this EID (yet). A code that is not in the table counts as passing: only what is known to be final is treated as final.
 */
export function smdpFailure(
  smdpAddress: string,
  status: StatusCode,
  byEid: boolean,
  role: "SM-DP+" | "SM-DS" = "SM-DP+",
): EsimdError {
  const key = `${status.subjectCode}/${status.reasonCode}`;
  const known = meanings[key];
  const options = { cause: new RefusedByServer(key) };
  const said = status.message === undefined ? "" : `, saying ${quote(status.message)}`;
  if (key === "8.2.6/3.8" && byEid) {
    return new EsimdError(
      "no_profile_waiting",
      `the ${role} ${smdpAddress} has no order for this EID (${key}${said})`,
      options,
    );
  }
  if (known === undefined) {
    return new EsimdError(
      "smdp_error",
      `the ${role} ${smdpAddress} answers with failure ${quote(key)}${said}`,
      options,
    );
  }
  return new EsimdError(known.code, `the ${role} ${smdpAddress} refuses: ${known.sentence} (${key}${said})`, options);
}
