/** The result codes of SGP.22, 5.7, under the names that its ASN.1 gives them. */

/** A table from the number on the wire to its name. */
export type ResultTable = Readonly<Record<number, string>>;

/** The name, or `unknown(N)` for a number that the table lacks: newer cards have more. */
export function resultName(table: ResultTable, code: number): string {
  return table[code] ?? `unknown(${code})`;
}

/** The number of a name that stands in the table. */
export function resultCode(table: ResultTable, name: string): number {
  const entry = Object.entries(table).find(([, value]) => value === name);
  return entry === undefined ? 127 : Number(entry[0]);
}

export const authenticateErrors: ResultTable = {
  1: "invalidCertificate",
  2: "invalidSignature",
  3: "unsupportedCurve",
  4: "noSessionContext",
  5: "invalidOid",
  6: "euiccChallengeMismatch",
  7: "ciPKUnknown",
  127: "undefinedError",
};

export const downloadErrors: ResultTable = {
  1: "invalidCertificate",
  2: "invalidSignature",
  3: "unsupportedCurve",
  4: "noSessionContext",
  5: "invalidTransactionId",
  127: "undefinedError",
};

export const bppCommands: ResultTable = {
  0: "initialiseSecureChannel",
  1: "configureISDP",
  2: "storeMetadata",
  3: "storeMetadata2",
  4: "replaceSessionKeys",
  5: "loadProfileElements",
};

export const installErrors: ResultTable = {
  1: "incorrectInputValues",
  2: "invalidSignature",
  3: "invalidTransactionId",
  4: "unsupportedCrtValues",
  5: "unsupportedRemoteOperationType",
  6: "unsupportedProfileClass",
  7: "scp03tStructureError",
  8: "scp03tSecurityError",
  9: "installFailedDueToIccidAlreadyExistsOnEuicc",
  10: "installFailedDueToInsufficientMemoryForProfile",
  11: "installFailedDueToInterruption",
  12: "installFailedDueToPEProcessingError",
  13: "installFailedDueToDataMismatch",
  14: "testProfileInstallFailedDueToInvalidNaaKey",
  15: "pprNotAllowed",
  127: "installFailedDueToUnknownError",
};

export const enableResults: ResultTable = {
  0: "ok",
  1: "iccidOrAidNotFound",
  2: "profileNotInDisabledState",
  3: "disallowedByPolicy",
  4: "wrongProfileReenabling",
  5: "catBusy",
  127: "undefinedError",
};

export const disableResults: ResultTable = {
  0: "ok",
  1: "iccidOrAidNotFound",
  2: "profileNotInEnabledState",
  3: "disallowedByPolicy",
  5: "catBusy",
  127: "undefinedError",
};

export const deleteResults: ResultTable = {
  0: "ok",
  1: "iccidOrAidNotFound",
  2: "profileNotInDisabledState",
  3: "disallowedByPolicy",
  127: "undefinedError",
};

export const nicknameResults: ResultTable = { 0: "ok", 1: "iccidNotFound", 127: "undefinedError" };

export const memoryResetResults: ResultTable = { 0: "ok", 1: "nothingToDelete", 5: "catBusy", 127: "undefinedError" };

export const defaultAddressResults: ResultTable = { 0: "ok", 127: "undefinedError" };

export const removeNotificationResults: ResultTable = { 0: "ok", 1: "nothingToDelete", 127: "undefinedError" };

export const cancelSessionErrors: ResultTable = { 5: "invalidTransactionId", 127: "undefinedError" };

/** Why a session is given up. `postponed` and `timeout` keep the order alive at the SM-DP+; the others end it (SGP.22, 5.6.5). */
export const cancelReasonNames = [
  "endUserRejection",
  "postponed",
  "timeout",
  "pprNotAllowed",
  "metadataMismatch",
  "loadBppExecutionError",
  "undefinedReason",
] as const;
export type CancelReason = (typeof cancelReasonNames)[number];

const undefinedReasonCode = 127;

export function cancelReasonCode(reason: CancelReason): number {
  return reason === "undefinedReason" ? undefinedReasonCode : cancelReasonNames.indexOf(reason);
}

/** The reason of a number; what is unknown counts as `undefinedReason`. */
export function cancelReasonOf(code: number): CancelReason {
  return cancelReasonNames.find((reason) => cancelReasonCode(reason) === code) ?? "undefinedReason";
}
