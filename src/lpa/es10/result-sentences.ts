/** What the eUICC means by a result, as the end of "…, because " (SGP.22 5.7). The names are those of result-codes.ts. */
const sentences: Readonly<Record<string, string>> = {
  // AuthenticateServer and PrepareDownload
  invalidCertificate: "it does not accept the SM-DP+'s certificate",
  invalidSignature: "a signature of the SM-DP+ does not hold",
  unsupportedCurve: "it does not support the elliptic curve of the SM-DP+",
  noSessionContext: "it knows no session, as after a restart",
  invalidOid: "the SM-DP+'s certificates are not of one and the same SM-DP+",
  euiccChallengeMismatch: "the SM-DP+ answers to another challenge than the eUICC's",
  ciPKUnknown: "it does not have the root that the SM-DP+ chose",
  invalidTransactionId: "the SM-DP+ speaks of another session",
  undefinedError: "of a reason that it does not tell",
  // LoadBoundProfilePackage
  incorrectInputValues: "the package has values that it cannot take",
  unsupportedCrtValues: "the package wants keys of a kind that it does not support",
  unsupportedRemoteOperationType: "the package is for another operation than an installation",
  unsupportedProfileClass: "it does not take profiles of this class",
  scp03tStructureError: "the protected part of the package is malformed",
  scp03tSecurityError: "a message authentication code of the package is wrong",
  installFailedDueToIccidAlreadyExistsOnEuicc: "a profile with this ICCID is on it already",
  installFailedDueToInsufficientMemoryForProfile: "it has too little memory for the profile",
  installFailedDueToInterruption: "the installation was interrupted",
  installFailedDueToPEProcessingError: "it cannot process an element of the profile",
  installFailedDueToDataMismatch: "the profile's data do not match its metadata",
  testProfileInstallFailedDueToInvalidNaaKey: "the test profile has a key that is not a test key",
  pprNotAllowed: "its rules forbid the profile's policy rules",
  installFailedDueToUnknownError: "of a reason that it does not tell",
  // EnableProfile, DisableProfile, DeleteProfile, SetNickname, eUICCMemoryReset, CancelSession and kin
  iccidOrAidNotFound: "it has no such profile",
  iccidNotFound: "it has no such profile",
  profileNotInDisabledState: "the profile is not disabled",
  profileNotInEnabledState: "the profile is not enabled",
  disallowedByPolicy: "a policy rule of a profile forbids it",
  wrongProfileReenabling: "another profile must be enabled again first",
  catBusy: "the modem is busy with its card application toolkit",
  nothingToDelete: "there is nothing to delete",
};

/** The sentence of a result's name; an unknown one is shown as it is. */
export function becauseOf(name: string): string {
  const sentence = sentences[name];
  return sentence === undefined ? `of ${name}` : `${sentence} (${name})`;
}
