/** A function that the SM-DP+ refuses: subject and reason code of SGP.22, 5.2.6. Travels as `Failed` in an HTTP 200. */
export interface Refusal {
  readonly subjectCode: string;
  readonly reasonCode: string;
  readonly message: string;
}

export class FunctionFailure extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

function refusal(subjectCode: string, reasonCode: string, message: string): Refusal {
  return { subjectCode, reasonCode, message };
}

/** The refusals that the emulated SM-DP+ knows. */
export const refusals = {
  mandatoryMissing: refusal("8.10", "2.2", "A mandatory element is missing or malformed"),
  wrongAddress: refusal("8.8.1", "3.8", "The SM-DP+ is not called by this address"),
  noSecurityConfiguration: refusal("8.8.2", "3.1", "None of the eUICC's CI keys is supported"),
  versionNotSupported: refusal("8.8.3", "3.1", "The eUICC's specification version is not supported"),
  unknownTransaction: refusal("8.10.1", "3.9", "The RSP session is unknown"),
  eumCertificate: refusal("8.1.2", "6.1", "The EUM certificate is invalid"),
  euiccCertificate: refusal("8.1.3", "6.1", "The eUICC certificate is invalid"),
  euiccSignature: refusal("8.1", "6.1", "The eUICC signature or the server challenge is invalid"),
  euiccRefused: refusal("8.1", "4.2", "The eUICC answered with an error"),
  noMemory: refusal("8.1", "4.8", "The eUICC has insufficient memory for this profile"),
  otherEid: refusal("8.1.1", "3.8", "The order is bound to another EID"),
  unknownMatchingId: refusal("8.2.6", "3.8", "There is no order for this matching id or EID"),
  notReleased: refusal("8.2", "1.2", "The profile has not been released yet"),
  tooManyAttempts: refusal("8.8.5", "6.4", "The maximum number of retries for the profile download order is exceeded"),
  noPackage: refusal("8.2", "3.7", "There is no profile package for this session"),
  codeMissing: refusal("8.2.7", "2.2", "The confirmation code is missing"),
  codeWrong: refusal("8.2.7", "3.8", "The confirmation code is refused"),
  codeTries: refusal("8.2.7", "6.4", "The maximum number of retries for the confirmation code is exceeded"),
  unknownIccid: refusal("8.2.1", "3.9", "The profile with this ICCID is unknown"),
  iccidTaken: refusal("8.2.1", "3.3", "The profile with this ICCID is not available any more"),
  matchingIdTaken: refusal("8.2.6", "3.3", "The matching id is in use already"),
  unknownEvent: refusal("8.9.5", "3.9", "There is no event for this EID"),
  wrongState: refusal("8.2.1", "3.8", "The order is in no state for this function"),
} as const satisfies Readonly<Record<string, Refusal>>;
